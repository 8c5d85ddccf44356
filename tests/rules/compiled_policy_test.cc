#include "rules/compiled_policy.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

using sample::file_with;
using sample::snapshot_of;
using sample::verdict_of;

TEST(CompiledPolicy, ThreatP21DenyWinsAnywhereInTheList) {
    const auto snapshot = snapshot_of(
        file_with({"{ name: all, host: \"**.a.example\" }", "{ name: no, host: b.a.example, deny: true }"}));
    EXPECT_EQ(verdict_of(snapshot, "GET https://c.a.example/"), "allow all");
    EXPECT_EQ(verdict_of(snapshot, "GET https://b.a.example/"), "denied_by_rule no");
}

TEST(CompiledPolicy, TheFirstMatchDecidesThenTheDefault) {
    const std::vector<std::string> rules{"{ name: get, host: a.example, methods: [GET] }",
                                         "{ name: wide, host: \"*\", methods: [GET, PUT] }",
                                         "{ name: exact, host: a.example }"};
    const auto denying = snapshot_of(file_with(rules));
    EXPECT_EQ(verdict_of(denying, "GET https://a.example/"), "allow get");
    EXPECT_EQ(verdict_of(denying, "PUT https://a.example/"), "allow wide");
    EXPECT_EQ(verdict_of(denying, "POST https://a.example/"), "allow exact");
    EXPECT_EQ(verdict_of(denying, "POST https://b.example/"), "denied default");
    const auto allowing = snapshot_of(file_with(rules, "allow"));
    EXPECT_EQ(verdict_of(allowing, "POST https://b.example/"), "allow default");
    EXPECT_EQ(verdict_of(allowing, "POST https://b.example:8443/"), "allow default");
}

TEST(CompiledPolicy, ThreatP22NoRulesAllowNothing) {
    const auto snapshot = snapshot_of("version: 1\npolicies: { p: { default: deny } }\n");
    EXPECT_EQ(verdict_of(snapshot, "GET https://a.example/"), "denied default");
}

TEST(CompiledPolicy, ThreatP8AnEarlierRuleWithPathsRefusesAnAmbiguousPath) {
    const auto paths_first = snapshot_of(file_with({"{ host: a.example, paths: [/a/**] }", "{ host: a.example }"}));
    EXPECT_EQ(verdict_of(paths_first, "GET https://a.example/b/../a"), "bad_path rules[0]");
    EXPECT_EQ(verdict_of(paths_first, "GET https://a.example/b"), "allow rules[1]");
    const auto paths_last =
        snapshot_of(file_with({"{ host: a.example, methods: [GET] }", "{ host: a.example, paths: [/a/**] }"}));
    EXPECT_EQ(verdict_of(paths_last, "GET https://a.example/b/../a"), "allow rules[0]");
    EXPECT_EQ(verdict_of(paths_last, "PUT https://a.example/b/../a"), "bad_path rules[1]");
    const auto denied =
        snapshot_of(file_with({"{ host: a.example, paths: [/a/**] }", "{ host: a.example, paths: [/b], deny: true }"}));
    EXPECT_EQ(verdict_of(denied, "GET https://a.example/a/../x"), "denied_by_rule rules[1]");
}

TEST(CompiledPolicy, ThreatD8AddressesNeedARuleOfTheirOwn) {
    const auto open = snapshot_of(file_with({"{ host: \"*\" }", "{ host: \"**\", cidr: 192.0.2.0/24 }"}, "allow"));
    for (const auto* host : {"192.0.2.1", "[::1]", "127.0.0.1", "[::ffff:192.0.2.1]"}) {
        EXPECT_EQ(verdict_of(open, std::string("GET http://") + host + "/"), "address_literal default") << host;
    }
    const auto ruled =
        snapshot_of(file_with({"{ host: 192.0.2.1 }", "{ cidr: [10.20.0.0/16, \"fd00::/8\"] }",
                               "{ host: \"[2001:db8::1]\", port: 8080 }", "{ cidr: 10.20.30.0/24, deny: true }"}));
    EXPECT_EQ(verdict_of(ruled, "GET http://192.0.2.1/"), "allow rules[0]");
    EXPECT_EQ(verdict_of(ruled, "GET http://[::ffff:192.0.2.1]/"), "allow rules[0]");
    EXPECT_EQ(verdict_of(ruled, "GET http://192.0.2.2/"), "address_literal default");
    EXPECT_EQ(verdict_of(ruled, "GET https://10.20.1.1/"), "allow rules[1]");
    EXPECT_EQ(verdict_of(ruled, "GET https://10.20.30.1/"), "denied_by_rule rules[3]");
    EXPECT_EQ(verdict_of(ruled, "GET https://10.21.1.1/"), "address_literal default");
    EXPECT_EQ(verdict_of(ruled, "GET https://[fd12::1]/"), "allow rules[1]");
    EXPECT_EQ(verdict_of(ruled, "GET http://[2001:db8::1]:8080/"), "allow rules[2]");
    EXPECT_EQ(verdict_of(ruled, "GET http://[2001:db8::1]/"), "address_literal default");
}

TEST(CompiledPolicy, ReachKnowsWhatNoRequestCanHave) {
    const auto snapshot =
        snapshot_of(file_with({"{ host: a.example, paths: [/a] }", "{ host: b.example, port: 8443 }",
                               "{ host: \"*.c.example\" }", "{ host: no.c.example, deny: true }",
                               "{ host: some.c.example, methods: [PUT], deny: true }", "{ cidr: 10.0.0.0/8 }"}));
    const auto reach = [&](std::string_view host, std::uint16_t port, bool is_address = false) {
        return snapshot->reach(http::Scheme::https, host, is_address, port) == Reach::intercept;
    };
    EXPECT_TRUE(reach("a.example", 443));
    EXPECT_FALSE(reach("a.example", 8443));
    EXPECT_FALSE(reach("b.example", 443));
    EXPECT_TRUE(reach("b.example", 8443));
    EXPECT_TRUE(reach("d.c.example", 443));
    EXPECT_FALSE(reach("no.c.example", 443));
    EXPECT_TRUE(reach("some.c.example", 443));
    EXPECT_FALSE(reach("other.example", 443));
    EXPECT_TRUE(reach("10.1.1.1", 443, true));
    EXPECT_FALSE(reach("11.1.1.1", 443, true));
}

// What a decision costs is what it visits.
TEST(CompiledPolicy, ADecisionVisitsTheRulesForItsHostOnly) {
    std::vector<std::string> rules{"{ host: \"**\", methods: [PUT] }", "{ host: x.example }", "{ cidr: 10.0.0.0/8 }"};
    for (int i = 0; i < 5000; ++i) rules.push_back("{ host: \"*.h" + std::to_string(i) + ".example\", deny: true }");
    const auto parsed = parse_policy_file(file_with(rules), "f");
    ASSERT_TRUE(parsed.file);
    const auto visits = [&](std::string_view host, bool is_address) {
        std::size_t count = 0;
        find_rules(*parsed.file->policies.at("p"), host, is_address, [&](std::uint32_t) { ++count; });
        return count;
    };
    EXPECT_EQ(visits("x.example", false), 2u);
    EXPECT_EQ(visits("a.h4999.example", false), 2u);
    EXPECT_EQ(visits("unknown.test", false), 1u);
    EXPECT_EQ(visits("10.1.1.1", true), 1u);
    EXPECT_EQ(visits("192.0.2.1", true), 0u);
}

}  // namespace
}  // namespace sallyport::rules
