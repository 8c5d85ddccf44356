#include "rules/example_search.h"

#include <gtest/gtest.h>

#include <random>

#include "rules/rules_only.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

std::shared_ptr<const CompiledPolicy> policy_of(const std::vector<std::string>& rules,
                                                std::string_view default_verdict = "deny") {
    const auto file = parse_policy_file(sample::file_with(rules, default_verdict), "f.yaml").file;
    return file ? file->policies.at("p") : nullptr;
}

TEST(ExampleSearch, ComparesOneRuleWithEachThatMayDecideInstead) {
    // Only what the second rule used to decide is different now.
    const auto before =
        policy_of({"{ name: a, host: a.example, methods: [PUT] }",
                   "{ name: b, host: a.example, paths: [/b], credential: one }", "{ name: c, host: a.example }"});
    const auto after = policy_of({"{ name: a, host: a.example, methods: [PUT] }", "{ name: c, host: a.example }"});
    ExampleSearch search(before, after);
    EXPECT_FALSE(search.for_rule_before(0).has_value());
    const auto example = search.for_rule_before(1);
    ASSERT_TRUE(example.has_value());
    EXPECT_EQ(example->question.url, "https://a.example/b");
    EXPECT_EQ(example->after, "allowed by c");
    EXPECT_FALSE(search.for_rule_before(2).has_value());
    EXPECT_FALSE(search.for_rule_after(0).has_value());
    EXPECT_TRUE(search.for_rule_after(1).has_value());
    EXPECT_TRUE(search.for_any().has_value());
}

TEST(ExampleSearch, EqualPoliciesHaveNone) {
    const std::vector<std::string> rules{"{ host: a.example, methods: [GET] }",
                                         "{ host: \"**.b.example\", deny: true }"};
    EXPECT_FALSE(ExampleSearch(policy_of(rules), policy_of(rules)).for_any().has_value());
}

// Random pairs of policies, and every request over a few: where they differ in one, an example is found, and it holds.
TEST(ExampleSearch, AgreesWithTryingEveryRequest) {
    std::vector<AskedRequest> all;
    for (const std::string host : {"a.example", "b.example", "c.a.example"}) {
        for (const std::string method : {"GET", "PUT"}) {
            for (const std::string path : {"/", "/a", "/b", "/a/b"}) {
                for (const std::string query : {"", "?q=a", "?q=b"})
                    all.push_back(ask({method, "https://" + host + path + query, {}}).value());
            }
        }
    }
    std::mt19937 random(5);
    const auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
    const auto random_policy = [&] {
        std::vector<std::string> rules;
        for (std::size_t i = random() % 3 + 1; i > 0; --i) {
            std::string text =
                "{ scheme: https, host: \"" + pick({"a.example", "*.example", "b.example", "*.a.example"}) + "\"";
            if (random() % 3 == 0) text += ", methods: [" + pick({"GET", "PUT"}) + "]";
            if (random() % 3 == 0) text += ", paths: [" + pick({"/a", "\"/*\"", "\"/a/**\""}) + "]";
            if (random() % 4 == 0) text += ", query: { q: " + pick({"a", "\"*\""}) + " }";
            if (random() % 4 == 0) {
                text += ", deny: true";
            } else if (random() % 4 == 0) {
                text += ", upstream: \"https://z.example\"";
            }
            rules.push_back(text + " }");
        }
        return policy_of(rules, random() % 6 == 0 ? "allow" : "deny");
    };
    int found_count = 0;
    for (int round = 0; round < 400; ++round) {
        const auto before = random_policy();
        const auto after = random_policy();
        ASSERT_TRUE(before != nullptr && after != nullptr);
        const auto was = snapshot_of_rules(before, nullptr, {});
        const auto is = snapshot_of_rules(after, nullptr, {});
        const auto differs = [&](const AskedRequest& asked) {
            return effect_of(explain(*was, asked)) != effect_of(explain(*is, asked));
        };
        const auto example = ExampleSearch(before, after).for_any();
        if (std::any_of(all.begin(), all.end(), differs)) {
            EXPECT_TRUE(example.has_value()) << before->source_json << after->source_json;
        }
        if (!example) continue;
        ++found_count;
        EXPECT_TRUE(differs(ask(example->question).value())) << example->question.url;
    }
    EXPECT_GT(found_count, 100);
}

}  // namespace
}  // namespace sallyport::rules
