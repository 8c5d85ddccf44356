#include "rules/credential_overlap.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

// Of two rules at a.example: "1" for requests of the first alone, "2" of the second alone, "b" of both.
std::string compared(const std::string& first, const std::string& second) {
    const auto file = parse_policy_file(sample::file_with({first, second}), "f.yaml").file;
    if (file == nullptr) return "does not load";
    const auto& rules = file->policies.at("p")->rules;
    Budget budget(100'000);
    const Overlap overlap = compare(rules[0], rules[1], "a.example", budget);
    if (!overlap.is_certain) return "uncertain";
    return std::string(overlap.first_alone ? "1" : "") + (overlap.second_alone ? "2" : "") +
           (overlap.shared ? "b" : "");
}

TEST(CredentialOverlap, ComparesWhatTwoRulesMatch) {
    const std::string all = "{ host: a.example }";
    EXPECT_EQ(compared(all, all), "b");
    EXPECT_EQ(compared(all, "{ host: a.example, methods: [GET] }"), "1b");
    EXPECT_EQ(compared("{ host: a.example, paths: [/a] }", all), "2b");
    EXPECT_EQ(compared("{ host: a.example, paths: [/a] }", "{ host: a.example, methods: [GET] }"), "12b");
    EXPECT_EQ(compared("{ host: a.example, paths: [/a] }", "{ host: a.example, paths: [/b] }"), "12");
    EXPECT_EQ(compared("{ host: a.example, scheme: https }", all), "2b");
    EXPECT_EQ(compared("{ host: a.example, port: [443, 8443] }", "{ host: a.example, port: 443 }"), "1b");
    EXPECT_EQ(compared("{ host: a.example, headers: { host: \"a*\" } }", all), "uncertain");
}

}  // namespace
}  // namespace sallyport::rules
