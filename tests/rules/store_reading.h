// A SecretReading over a text, for the tests of stores' readers: of a file "/etc/gate/f.yaml" that defines the secrets "token"
// and "password".
#pragma once

#include <set>
#include <string>

#include "rules/document.h"
#include "rules/secret_reading.h"

namespace sallyport::rules::sample {

class StoreReading {
public:
    StoreReading(std::string key, const std::string& value)
        : key_(std::move(key)), document_(read_document(key_ + ": " + value + "\n", reporter_)) {}

    // Every message that there is, a line for each.
    std::string messages() {
        std::string all;
        for (const Diagnostic& diagnostic : reporter_.take()) all += to_string(diagnostic) + "\n";
        return all;
    }

private:
    const std::string key_;
    const std::set<std::string, std::less<>> names_{"password", "token"};
    Reporter reporter_{"/etc/gate/f.yaml"};
    const std::optional<Node> document_;

public:
    SecretReading reading{key_, document_.value().entries.front().value, names_, reporter_};
};

}  // namespace sallyport::rules::sample
