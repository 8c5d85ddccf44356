#include "rules/rule_combination.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

const std::map<std::string, std::string> kValues = {
    {"host", "a.example"},  {"port", "8443"},       {"scheme", "https"},        {"methods", "[GET]"},
    {"paths", "[/a]"},      {"query", "{ a: b }"},  {"headers", "{ a: b }"},    {"cidr", "10.0.0.0/8"},
    {"deny", "true"},       {"credential", "one"},  {"respond", "{ body: x }"}, {"upstream", "\"https://b.example\""},
    {"handler", "vcs"},     {"tls", "passthrough"}, {"tcp", "\"a.example:1\""}, {"limit", "{ concurrency: 1 }"},
    {"websocket", "false"}, {"name", "n"},          {"tokens", "true"},
    {"h2c", "true"},
};

bool loads(const std::vector<std::string>& keys) {
    std::string rule = "{ ";
    for (const std::string& key : keys) rule += (rule.size() > 2 ? ", " : "") + key + ": " + kValues.at(key);
    const std::string text =
        "version: 1\nsecrets: { token: { env: T } }\ncredentials: { one: { type: bearer, secret: token } }\n"
        "policies: { p: { script: vcs.js, rules: [ " +
        rule + " } ] } }\n";
    return parse_policy_file(text, "f").file != nullptr;
}

using Pairs = std::set<std::pair<std::string, std::string>>;

// Each pair that is refused, written out: a pair that is missing here must load.
const Pairs kRefused = {
    {"deny", "tokens"},     {"respond", "tokens"}, {"tls", "tokens"},        {"tcp", "tokens"},
    {"credential", "deny"}, {"deny", "handler"},   {"deny", "limit"},         {"deny", "respond"},
    {"deny", "tls"},        {"deny", "upstream"},  {"deny", "websocket"},     {"cidr", "deny"},
    {"handler", "respond"}, {"handler", "tcp"},    {"handler", "tls"},        {"handler", "upstream"},
    {"respond", "tcp"},     {"respond", "tls"},    {"respond", "upstream"},   {"tcp", "tls"},
    {"tcp", "upstream"},    {"tls", "upstream"},   {"credential", "respond"}, {"respond", "websocket"},
    {"cidr", "respond"},    {"credential", "tls"}, {"methods", "tls"},        {"paths", "tls"},
    {"query", "tls"},       {"headers", "tls"},    {"tls", "websocket"},      {"host", "tcp"},
    {"deny", "h2c"},        {"h2c", "respond"},    {"h2c", "handler"},       {"h2c", "tls"},
    {"h2c", "tcp"},         {"h2c", "scheme"},     {"credential", "h2c"},    // https only then
    {"port", "tcp"},        {"scheme", "tcp"},     {"methods", "tcp"},        {"paths", "tcp"},
    {"query", "tcp"},       {"headers", "tcp"},    {"credential", "tcp"},     {"tcp", "websocket"},
};

TEST(RuleCombination, EveryPairOfKeysIsAllowedOrRefusedAsTheTableSays) {
    for (const auto& [a, first] : kValues) {
        for (const auto& [b, second] : kValues) {
            if (!(a < b)) continue;
            std::vector<std::string> keys{a, b};
            const bool has_place = a == "host" || b == "host" || a == "tcp" || b == "tcp";
            if (!has_place) keys.push_back("host");
            EXPECT_EQ(loads(keys), !kRefused.contains({a, b})) << a << " and " << b;
        }
    }
}

TEST(RuleCombination, ADenyThatIsFalseIsNone) {
    EXPECT_EQ(sample::first_diagnostic(sample::file_with({"{ host: a.example, deny: false, credential: one }"})), "");
    EXPECT_EQ(
        sample::first_diagnostic(sample::file_with({"{ host: a.example, deny: false, limit: { requests: 1/s } }"})),
        "");
}

TEST(RuleCombination, SaysWhichKeyIsTooMuch) {
    const std::pair<std::string, std::string> cases[] = {
        {"{ host: a.example, deny: true, limit: { requests: 1/s } }",
         "47: error: a rule with \"deny\" has no use for \"limit\""},
        {"{ host: a.example, upstream: \"https://b.example\", respond: { body: x } }",
         "38: error: a rule has either \"respond\" or \"upstream\""},
        {"{ host: a.example, tls: passthrough, credential: one }",
         "58: error: with \"tls: passthrough\" nobody looks at the request: a rule with it cannot have \"credential\""},
        {"{ host: a.example, cidr: 10.0.0.0/8, respond: { body: x } }",
         "34: error: a rule with \"respond\" has no use for \"cidr\""},
        {"{ host: a.example, respond: { body: x }, h2c: true }",
         "55: error: a rule with \"respond\" has no use for \"h2c\""},
        {"{ tcp: \"a.example:1\", methods: [GET] }", "40: error: a rule with \"tcp\" has no use for \"methods\""},
    };
    for (const auto& [rule, expected] : cases) {
        EXPECT_EQ(sample::first_diagnostic(sample::file_with({rule})), "f.yaml:9:" + expected);
    }
}

}  // namespace
}  // namespace sallyport::rules
