// One credential read from its entry and rendered, without a file around it.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "rules/credential_reading.h"
#include "rules/placeholders.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {

// Of the credential "c"; secrets "token" (sample::kMarker), "absent", "odd" and "long".
class RenderedKind {
public:
    static constexpr std::string_view kOdd = "o d/d+\"\\&:ü";
    static constexpr std::string_view kLong = "mArKeR-0123456789-0123456789-0123456789-0123456789";

    RenderedKind(KindReader read, const std::string& entry) {
        Reporter reporter("f.yaml");
        const auto document = read_document(entry, reporter);
        const SecretNames names{"token", "absent", "odd", "long"};
        const std::string name = "c";
        std::vector<secrets::SecretSource> derived;
        CredentialReading reading{name, *document, names, reporter, derived};
        kind = read(reading);
        for (const auto& diagnostic : reporter.take()) faults.push_back(diagnostic.message);
    }

    Result<std::unique_ptr<const CredentialAction>> render(const Placeholders* placeholders = nullptr) const {
        return kind->render({"c", identity, secrets, placeholders});
    }

    std::shared_ptr<const CredentialKind> kind;  // null where there are faults
    std::vector<std::string> faults;
    secrets::Identity identity{"s", {}, {}};
    secrets::SecretSnapshot secrets = load();

private:
    static secrets::SecretSnapshot load() {
        std::vector<secrets::SecretSource> sources;
        for (const auto& [name, value] : {std::pair<std::string, std::string_view>{"token", sample::kMarker},
                                          {"absent", ""},
                                          {"odd", kOdd},
                                          {"long", kLong}}) {
            secrets::SecretSource& source = sources.emplace_back();
            source.name = name;
            source.location = "SALLYPORT_RULES_TEST_KIND_" + name;
            if (!value.empty()) setenv(source.location.c_str(), std::string(value).c_str(), 1);
        }
        return secrets::SecretSnapshot::load(sources, {"s", {}, {}});
    }
};

}  // namespace sallyport::rules
