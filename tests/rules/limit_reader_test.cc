#include "rules/limit_reader.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

const Rule& only_rule(const ParsedFile& parsed) { return parsed.file->policies.at("p")->rules.at(0); }

TEST(LimitReader, ReadsEachKey) {
    const auto parsed = parse_policy_file(
        sample::file_with(
            {"{ host: a.example, limit: { requests: 60/m, bytes_out: 10MB/h, concurrency: 8, url_entropy: 64KB/d } }"}),
        "f");
    ASSERT_TRUE(parsed.file);
    const LimitSpec& limit = *only_rule(parsed).limit;
    EXPECT_EQ(limit.requests->amount, 60u);
    EXPECT_EQ(limit.requests->period.count(), 60);
    EXPECT_EQ(limit.bytes_out->amount, 10'000'000u);
    EXPECT_EQ(limit.bytes_out->period.count(), 3'600);
    EXPECT_EQ(limit.url_entropy->amount, 64'000u);
    EXPECT_EQ(limit.url_entropy->period.count(), 86'400);
    EXPECT_EQ(limit.concurrency, 8u);
}

TEST(LimitReader, LeavesTheOthersOpen) {
    const auto parsed = parse_policy_file(sample::file_with({"{ host: a.example, limit: { concurrency: 1 } }"}), "f");
    ASSERT_TRUE(parsed.file);
    const LimitSpec& limit = *only_rule(parsed).limit;
    EXPECT_FALSE(limit.requests || limit.bytes_out || limit.url_entropy);
    EXPECT_EQ(parse_policy_file(sample::file_with({"{ host: a.example }"}), "f").file->policies.at("p")->rules[0].limit,
              nullptr);
}

TEST(LimitReader, RefusesWhatIsNoLimit) {
    const std::pair<std::string, std::string> cases[] = {
        {"{}", "35: error: \"limit\" is empty"},
        {"60/m", "35: error: \"limit\" must be a mapping"},
        {"{ request: 60/m }", "37: error: unknown key \"request\", did you mean \"requests\"?"},
        {"{ requests: 60 }", "47: error: \"requests\" must be a number and a period (s, m, h or d), such as 60/m"},
        {"{ requests: 0/m }", "47: error: \"requests\" must be a number and a period (s, m, h or d), such as 60/m"},
        {"{ bytes_out: 10/h }",
         "48: error: \"bytes_out\" must be a size (B, KB, MB, GB, KiB, MiB, GiB) and a period (s, m, h or d), such as "
         "10MB/h"},
        {"{ concurrency: 0 }", "50: error: \"concurrency\" must be a number from 1 to 100000"},
        {"{ concurrency: \"8\" }", "50: error: \"concurrency\" must be a number from 1 to 100000"},
        {"{ requests: [60/m] }", "47: error: \"requests\" must be a string"},
    };
    for (const auto& [limit, expected] : cases) {
        EXPECT_EQ(sample::first_diagnostic(sample::file_with({"{ host: a.example, limit: " + limit + " }"})),
                  "f.yaml:9:" + expected);
    }
}

}  // namespace
}  // namespace sallyport::rules
