#include "rules/request_search.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "rules/compiled_policy.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

// The rules of a policy, for requests to https://a.example.
class RequestSearch : public testing::Test {
protected:
    void load(const std::vector<std::string>& rules) {
        file_ = parse_policy_file(sample::file_with(rules), "f.yaml").file;
        ASSERT_NE(file_, nullptr) << sample::first_diagnostic(sample::file_with(rules));
    }
    const Rule* rule(std::size_t index) const { return &file_->policies.at("p")->rules[index]; }

    // For a request that the first rule matches and the others do not.
    SearchResult search(std::uint64_t steps = 1'000'000) {
        SearchQuestion question;
        question.origin.host = "a.example";
        question.matching = {rule(0)};
        for (std::size_t i = 1; i < file_->policies.at("p")->rules.size(); ++i) question.blocking.push_back(rule(i));
        Budget budget(steps);
        return find_request(question, budget);
    }
    std::string text_of(const SearchResult& result) {
        if (result.outcome == Search::gave_up) return "gave up";
        if (result.outcome == Search::none) return "none";
        std::string text = result.request.method + ' ' + result.request.target;
        for (const auto& header : result.request.headers) text += ' ' + header.first + ": " + header.second;
        return text;
    }
    std::string found(const std::vector<std::string>& rules) {
        load(rules);
        return file_ ? text_of(search()) : "not loaded";
    }

    std::shared_ptr<const PolicyFile> file_;
};

TEST_F(RequestSearch, FindsAWayAroundEveryKindOfCondition) {
    const std::map<std::string, std::string> found_by_rule{
        {"methods: [GET]", "POST /"},
        {"paths: [/, /x]", "GET /y"},
        {"query: { q: \"a*\" }", "GET /"},
        {"headers: { h: \"a*\" }", "GET /"},
        {"methods: [GET], paths: [/**]", "POST /"},
    };
    for (const auto& [condition, expected] : found_by_rule) {
        EXPECT_EQ(found({"{ host: a.example }", "{ host: a.example, " + condition + " }"}), expected) << condition;
        if (condition.find("paths: [/**]") != condition.npos) continue;
        EXPECT_EQ(found({"{ host: a.example }", "{ host: a.example, deny: true, " + condition + " }"}), expected);
    }
    EXPECT_EQ(found({"{ host: a.example, query: { q: \"*\" } }", "{ host: a.example, query: { q: \"x*\" } }"}),
              "GET /?q=");
    EXPECT_EQ(found({"{ host: a.example, headers: { h: \"*b*\" } }", "{ host: a.example, headers: { H: \"*x\" } }"}),
              "GET / h: xyzbxyz");
}

TEST_F(RequestSearch, IsCertainWhereRulesLeaveNothing) {
    const std::vector<std::vector<std::string>> lists{
        {"{ host: a.example }", "{ host: \"*.example\" }"},
        {"{ host: a.example, methods: [GET, PUT] }", "{ host: a.example, methods: [GET] }",
         "{ host: a.example, methods: [PUT, PATCH] }"},
        {"{ host: a.example, paths: [\"/a/**\"] }", "{ host: a.example, paths: [/a/] }",
         "{ host: a.example, paths: [\"/a/*\", \"/a/*/**\"] }"},
        {"{ host: a.example, paths: [/a, /b], methods: [GET] }", "{ host: a.example, paths: [/a] }",
         "{ host: a.example, paths: [/b], methods: [GET, PUT], deny: true }"},
        {"{ host: a.example, query: { q: \"ab*\" } }", "{ host: a.example, query: { q: \"a*\" } }"},
        {"{ host: a.example, headers: { h: \"ab*\" } }", "{ host: a.example, headers: { H: \"a*\" }, deny: true }"},
    };
    for (const auto& rules : lists) EXPECT_EQ(found(rules), "none") << rules[0];
}

TEST_F(RequestSearch, SaysWhichRulesAreInTheWay) {
    load({"{ host: a.example, methods: [GET, PUT] }", "{ host: a.example, methods: [POST] }",
          "{ host: a.example, methods: [PUT], query: { q: z } }", "{ host: a.example, methods: [PUT] }",
          "{ host: a.example, methods: [GET] }"});
    const SearchResult result = search();
    EXPECT_EQ(result.outcome, Search::none);
    EXPECT_EQ(result.in_the_way, (std::vector<const Rule*>{rule(3), rule(4)}));
}

TEST_F(RequestSearch, RepeatsAValueWhereOneIsNotEnough) {
    // No value is outside of both, and the rule refuses neither.
    EXPECT_EQ(found({"{ host: a.example, query: { q: \"a*\" } }", "{ host: a.example, query: { q: \"a\" } }",
                     "{ host: a.example, query: { q: \"a?*\" } }"}),
              "GET /?q=ax");
    const std::vector<std::string> halves{"{ host: a.example, headers: { h: \"*\" } }",
                                          "{ host: a.example, headers: { h: \"a*\" }, deny: true }",
                                          "{ host: a.example, headers: { h: \"*b\" } }"};
    EXPECT_EQ(found(halves), "GET / h: x");
}

TEST_F(RequestSearch, KeysThatOriginsTakeForOneAreOne) {
    EXPECT_EQ(found({"{ host: a.example, query: { Page: \"1\" } }",
                     "{ host: a.example, query: { page: \"1\" }, deny: true }"}),
              "none");
    EXPECT_EQ(
        found({"{ host: a.example, query: { \"page[]\": \"1\" } }", "{ host: a.example, query: { page: \"1\" } }"}),
        "GET /?page%5B%5D=1");
}

TEST_F(RequestSearch, AnAsteriskAndAnAmbiguousPathAreRequestsToo) {
    EXPECT_EQ(found({"{ host: a.example }", "{ host: a.example, paths: [\"/**\"], deny: true }"}), "OPTIONS *");
    EXPECT_EQ(found({"{ host: a.example, methods: [GET] }", "{ host: a.example, paths: [\"/**\"], deny: true }"}),
              "none");
    load({"{ host: a.example, methods: [GET] }"});
    const Glob every = *Glob::compile("/**", GlobKind::path);
    SearchQuestion question;
    question.origin.host = "a.example";
    question.matching = {rule(0)};
    question.paths = {&every};
    Budget budget(1000);
    EXPECT_EQ(text_of(find_request(question, budget)), "GET /a//b");
}

TEST_F(RequestSearch, DoesNotClaimWhatOtherSpellingsOfTheHostMightDo) {
    EXPECT_EQ(found({"{ host: a.example }", "{ host: a.example, headers: { host: \"*.example\" } }"}), "gave up");
    EXPECT_EQ(found({"{ host: a.example }", "{ host: a.example, headers: { host: \"*\" } }"}), "none");
    EXPECT_EQ(found({"{ host: a.example, headers: { host: a.example } }"}), "GET /");
    EXPECT_EQ(found({"{ host: a.example, headers: { connection: \"*\" } }"}), "none");
    EXPECT_EQ(found({"{ host: a.example, headers: { x_api_key: \"*\" } }"}), "none");
}

TEST_F(RequestSearch, GivesUpWhenTheBudgetIsUsedUp) {
    load({"{ host: a.example }", "{ host: a.example, methods: [GET] }"});
    EXPECT_EQ(text_of(search(2)), "gave up");
}

// Random rules over few methods, paths, keys and fields, and every request over these: what exists is found, what is
// found exists.
TEST_F(RequestSearch, AgreesWithTryingEveryRequest) {
    std::vector<FoundRequest> all;
    const std::vector<std::string> values{"", "a", "b", "ab", "c"};
    std::vector<std::string> paths{"/", "/a//a", "*"};
    for (const std::string first : {"a", "b", "c"}) {
        for (const std::string rest : {"", "/", "/a", "/b", "/c", "/a/", "/c/", "/c/c", "a", "c"})
            paths.push_back("/" + first + rest);
    }
    for (const std::string method : {"GET", "PUT", "OPTIONS"}) {
        for (const std::string& path : paths) {
            if (path == "*" && method != "OPTIONS") continue;
            for (int query = -1; query < 5; ++query) {
                for (int header = -1; header < 5; ++header) {
                    FoundRequest request{method, path, {}};
                    if (query >= 0 && path != "*") request.target += "?q=" + values[static_cast<std::size_t>(query)];
                    if (header >= 0) request.headers.emplace_back("h", values[static_cast<std::size_t>(header)]);
                    all.push_back(std::move(request));
                }
            }
        }
    }
    std::mt19937 random(23);
    const auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
    const auto random_rule = [&](bool may_deny) {
        std::string text = "{ host: a.example";
        if (random() % 3 == 0) text += ", methods: [" + pick({"GET", "PUT", "GET, PUT", "OPTIONS"}) + "]";
        if (random() % 2 == 0)
            text += ", paths: [" +
                    pick({"/a", "/b", "\"/*\"", "\"/**\"", "\"/a/*\"", "\"/a/**\"", "/, \"/a*\"", "\"/*/**\""}) + "]";
        if (random() % 3 == 0) text += ", query: { q: \"" + pick({"*", "a*", "*b", "a", ""}) + "\" }";
        if (random() % 3 == 0) text += ", headers: { h: \"" + pick({"*", "a*", "*b", "a", ""}) + "\" }";
        if (may_deny && random() % 3 == 0) text += ", deny: true";
        return text + " }";
    };
    const Origin origin{http::Scheme::https, "a.example", false, 443};
    int found_count = 0;
    for (int round = 0; round < 1000; ++round) {
        std::vector<std::string> rules{random_rule(false)};
        for (std::size_t i = random() % 5; i > 0; --i) rules.push_back(random_rule(true));
        load(rules);
        const SearchResult result = search();
        ASSERT_NE(result.outcome, Search::gave_up) << round;
        const auto fits = [&](const FoundRequest& request) {
            const auto canonical_request = canonical(origin, request);
            const auto headers = header_map(origin, request);
            if (check_rule(*rule(0), canonical_request, headers).match != RuleMatch::yes) return false;
            for (std::size_t i = 1; i < rules.size(); ++i) {
                if (is_met(check_rule(*rule(i), canonical_request, headers))) return false;
            }
            return true;
        };
        const bool exists = std::any_of(all.begin(), all.end(), fits);
        std::string text;
        for (const auto& each : rules) text += each + '\n';
        EXPECT_EQ(result.outcome == Search::found, exists) << text << text_of(result);
        EXPECT_TRUE(result.outcome == Search::none || fits(result.request)) << text << text_of(result);
        found_count += exists ? 1 : 0;
    }
    EXPECT_GT(found_count, 200);
    EXPECT_LT(found_count, 950);
}

}  // namespace
}  // namespace sallyport::rules
