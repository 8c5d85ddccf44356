#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

using sample::file_with;
using sample::snapshot_of;

std::string routed(const PolicySnapshot& snapshot, std::string_view host, std::uint16_t port = 443,
                   http::Scheme scheme = http::Scheme::https, bool is_address = false) {
    return sample::to_text(snapshot.route(scheme, host, is_address, port));
}

TEST(Route, TheFirstRuleThatForwardsSaysHowToConnect) {
    struct Case {
        std::vector<std::string> rules;
        std::string expected;
    };
    const Case cases[] = {
        {{"{ host: a.example }"}, "allow rules[0]"},
        {{"{ host: b.example }"}, "denied default"},
        {{"{ host: a.example, scheme: http }"}, "denied default"},
        {{"{ host: a.example, port: 8443 }"}, "denied default"},
        {{"{ host: a.example, paths: [/x] }", "{ host: \"*\" }"}, "allow rules[0]"},
        {{"{ host: a.example, respond: { body: x } }", "{ host: a.example }"}, "denied default"},
        {{"{ host: a.example, paths: [/x], respond: { body: x } }", "{ host: a.example }"}, "allow rules[1]"},
        {{"{ host: a.example, methods: [PUT] }", "{ host: a.example, respond: { body: x } }"}, "allow rules[0]"},
        {{"{ host: a.example, upstream: \"https://b.example\" }", "{ host: a.example }"}, "denied default"},
        {{"{ host: a.example, methods: [PUT], upstream: \"https://b.example\" }", "{ host: a.example }"}, "allow rules[1]"},
        {{"{ host: a.example, methods: [PUT] }", "{ host: a.example, tls: passthrough }"}, "allow rules[0]"},
        {{"{ host: a.example, tls: passthrough }"}, "denied default"},
        {{"{ tcp: \"a.example:443\" }"}, "denied default"},
        {{"{ host: a.example }", "{ host: \"*.example\", deny: true }"}, "denied default"},
        {{"{ host: a.example }", "{ host: a.example, paths: [/x], deny: true }"}, "allow rules[0]"},
        {{"{ host: a.example, credential: two }", "{ host: a.example }"}, "denied default"},
        {{"{ host: a.example, paths: [/x], credential: two }", "{ host: a.example }"}, "allow rules[1]"},
    };
    for (const Case& one : cases) {
        const auto snapshot = snapshot_of(file_with(one.rules));
        ASSERT_TRUE(snapshot) << one.rules[0];
        EXPECT_EQ(routed(*snapshot, "a.example"), one.expected) << one.rules[0];
    }
}

TEST(Route, CarriesTheRulesGrantsAndItsCredential) {
    const auto snapshot = snapshot_of(file_with({"{ host: a.svc.internal, cidr: 10.20.0.0/16, credential: one }",
                                                 "{ host: 192.0.2.1 }", "{ cidr: 10.0.0.0/8 }"}));
    ASSERT_TRUE(snapshot);
    const Decision decision = snapshot->route(http::Scheme::https, "a.svc.internal", false, 443);
    ASSERT_NE(decision.granted_networks, nullptr);
    EXPECT_EQ(*decision.granted_networks, std::vector<std::string>{"10.20.0.0/16"});
    EXPECT_EQ(decision.credential, "one");
    EXPECT_EQ(decision.credential_index, 0);
    const Decision decided = sample::decide(snapshot, "GET https://a.svc.internal/");
    EXPECT_EQ(decided.granted_networks, decision.granted_networks) << "compared by identity in the pool's key";
    EXPECT_EQ(decided.credential_index, decision.credential_index);
    EXPECT_EQ(routed(*snapshot, "192.0.2.1", 443, http::Scheme::https, true), "allow rules[1]");
    EXPECT_EQ(routed(*snapshot, "10.1.1.1", 443, http::Scheme::https, true), "allow rules[2]");
    EXPECT_EQ(routed(*snapshot, "192.0.2.2", 443, http::Scheme::https, true), "denied default");
}

TEST(Route, TheDefaultIsAboutNames) {
    const auto snapshot = snapshot_of(file_with({"{ host: no.example, deny: true }"}, "allow"));
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(routed(*snapshot, "a.example"), "allow default");
    EXPECT_EQ(routed(*snapshot, "a.example", 8080, http::Scheme::http), "allow default");
    EXPECT_EQ(routed(*snapshot, "no.example"), "denied default");
    EXPECT_EQ(routed(*snapshot, "192.0.2.1", 443, http::Scheme::https, true), "denied default");
}

TEST(Route, TheSandboxesOwnRulesComeFirst) {
    sample::Extras extras;
    extras.runtime_rules =
        "[ { name: own, host: a.example, credential: one }, { host: b.example, respond: { body: x } }, "
        "{ host: c.example, deny: true } ]";
    const auto snapshot = sample::snapshot_with(file_with({"{ name: all, host: \"*.example\" }"}), extras);
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(routed(*snapshot, "a.example"), "allow own");
    EXPECT_EQ(routed(*snapshot, "b.example"), "denied default");
    EXPECT_EQ(routed(*snapshot, "c.example"), "denied default");
    EXPECT_EQ(routed(*snapshot, "d.example"), "allow all");
    const Decision own = snapshot->route(http::Scheme::https, "a.example", false, 443);
    EXPECT_EQ(own.credential_index, sample::decide(snapshot, "GET https://a.example/").credential_index);
}

TEST(Route, NothingIsAskedOfAnOriginWhereAHandlerTakesAll) {
    sample::Extras extras;
    extras.script = ScriptExports{{"by-host.example"}, {"h"}, true};
    const auto snapshot = sample::snapshot_with(
        "version: 1\npolicies: { p: { default: allow, script: handlers/vcs.js, rules: [ { host: ruled.example }, "
        "{ host: named.example, handler: h }, { host: by-host.example } ] } }\n",
        extras);
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(routed(*snapshot, "ruled.example"), "allow rules[0]");
    EXPECT_EQ(routed(*snapshot, "named.example"), "denied default");
    EXPECT_EQ(routed(*snapshot, "by-host.example"), "denied default");
    EXPECT_EQ(routed(*snapshot, "other.example"), "denied default");
    EXPECT_EQ(routed(*snapshot, "other.example", 8443), "allow default") << "handlers are about the schemes' own ports";
}

TEST(Route, H2cIsSpokenWhereARuleSaysSo) {
    sample::Extras extras;
    extras.runtime_rules = "[ { host: own.example, h2c: true } ]";
    const auto snapshot = sample::snapshot_with(
        file_with({"{ host: plain.example }", "{ host: rpc.example, port: 50051, paths: [/a/**] }",
                   "{ host: rpc.example, port: 50051, scheme: http, h2c: true }",
                   "{ host: moved.example, scheme: https, upstream: \"http://b.example\", h2c: true }",
                   "{ host: off.example, h2c: false }", "{ host: 192.0.2.1, h2c: true }"},
                  "allow"),
        extras);
    ASSERT_TRUE(snapshot);
    EXPECT_FALSE(snapshot->may_speak_h2c("plain.example", false, 80));
    EXPECT_FALSE(snapshot->may_speak_h2c("unknown.example", false, 80)) << "the default is no h2c";
    EXPECT_TRUE(snapshot->may_speak_h2c("rpc.example", false, 50051));
    EXPECT_FALSE(snapshot->may_speak_h2c("rpc.example", false, 80));
    EXPECT_TRUE(snapshot->may_speak_h2c("", false, 50051)) << "only the requests can tell the host";
    EXPECT_FALSE(snapshot->may_speak_h2c("", false, 8080));
    EXPECT_FALSE(snapshot->may_speak_h2c("moved.example", false, 80));
    EXPECT_FALSE(snapshot->may_speak_h2c("off.example", false, 80));
    EXPECT_TRUE(snapshot->may_speak_h2c("own.example", false, 80));
    EXPECT_TRUE(snapshot->may_speak_h2c("192.0.2.1", true, 80));
    EXPECT_FALSE(sample::decide(snapshot, "GET http://rpc.example:50051/a/b").h2c);
    EXPECT_TRUE(sample::decide(snapshot, "GET http://rpc.example:50051/b").h2c);
    EXPECT_TRUE(sample::decide(snapshot, "GET https://moved.example/").h2c);
    EXPECT_FALSE(sample::decide(snapshot, "GET http://plain.example/").h2c);
}

}  // namespace
}  // namespace sallyport::rules
