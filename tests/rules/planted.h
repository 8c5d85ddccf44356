// Random texts with secrets planted in them, each in a random spelling, and what is to be left of such a text.
#pragma once

#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/rules/scrub.h"
#include "tests/rules/spelling.h"

namespace sallyport::rules {

// Nothing that could be taken for the rest of an escape, which would then be overwritten along with it.
inline constexpr std::string_view kFiller = "GHIJKLMNOPQRSTUVWXYZghijklmnopqrstuvwxyz {}[]<>=:,.\n\t%&\\\"'/-_*~";

struct Secrets {
    std::vector<std::string> values;
    // What was made of one of them and sent, of which the value is no part: base64 of "user:secret", without padding.
    std::vector<std::string> rendered;
    std::shared_ptr<const NeedleSet> needles;
};

inline Secrets random_secrets(Random& random) {
    static const std::string kPrintable = [] {
        std::string all;
        for (char c = ' '; c < 0x7f; ++c) all += c;
        return all;
    }();
    const char* prefixes[] = {"", "ghp_", "sk-ant-api03-", "AKIA", "%", "\\u00", "&#", "==", "pass word "};
    Secrets secrets;
    for (std::size_t i = 0; i <= pick(random, 4); ++i) {
        const auto alphabet = pick(random, 3) == 0 ? std::string_view(kPrintable) : kTokenCharacters;
        secrets.values.push_back(prefixes[pick(random, std::size(prefixes))] +
                                 random_string(random, alphabet, 10 + pick(random, 40)));
    }
    const std::string user = random_string(random, "abcdefghijklmnopqrstuvwxyz", 1 + pick(random, 9));
    const std::string pair = base64(user + ":" + secrets.values[pick(random, secrets.values.size())]);
    secrets.rendered.push_back(pair.substr(0, pair.find_last_not_of('=') + 1));
    secrets.needles = needles_of(secrets.values, {"Bearer " + secrets.values[0], "Basic " + pair});
    return secrets;
}

// One that was planted, in `text` and in `expected`.
struct Plant {
    std::size_t begin = 0;
    std::size_t end = 0;
};

struct Planted {
    std::string text;
    std::string expected;  // of equal length
    std::vector<Plant> plants;

    void add(std::string_view more) {
        text += more;
        expected += more;
    }
    void add(const Planted& more) {
        for (const Plant& plant : more.plants) plants.push_back({text.size() + plant.begin, text.size() + plant.end});
        text += more.text;
        expected += more.expected;
    }
};

// One secret in one spelling, or what was rendered of one.
inline Planted plant_one(Random& random, const Secrets& secrets) {
    const auto& from = pick(random, 6) == 0 ? secrets.rendered : secrets.values;
    const Spelt spelt = spell(random, from[pick(random, from.size())], static_cast<Spelling>(pick(random, kSpellings)));
    Planted planted{spelt.text, spelt.text, {{spelt.begin, spelt.end}}};
    const std::size_t size = spelt.end - spelt.begin;
    planted.expected.replace(spelt.begin, size, size, secrets.needles->fill());
    return planted;
}

inline Planted plant(Random& random, const Secrets& secrets, std::string_view filler = kFiller,
                     std::size_t filler_bytes_max = 100) {
    Planted planted;
    planted.add(random_string(random, filler, pick(random, filler_bytes_max)) + "|");
    for (std::size_t i = 0; i <= pick(random, 3); ++i) {
        planted.add(plant_one(random, secrets));
        planted.add("|" + random_string(random, filler, pick(random, filler_bytes_max)) + "|");
    }
    return planted;
}

}  // namespace sallyport::rules
