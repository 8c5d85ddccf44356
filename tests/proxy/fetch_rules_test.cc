#include "proxy/fetch_rules.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/check.h"
#include "rules/actions.h"
#include "rules/script.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy = R"(
version: 1
secrets: { token: { env: FETCH_TEST_SECRET }, none: { env: FETCH_TEST_NOT_SET } }
credentials:
  vcs: { type: header, name: X-Auth-Token, value: "${secrets.token}" }
  lost: { type: header, name: X-Auth-Token, value: "${secrets.none}" }
policies:
  p:
    script: vcs.js
    rules:
      - { name: ruled, host: ruled.example, handler: vcs, credential: vcs, cidr: 10.0.0.0/8 }
      - { name: plain, host: own.example, credential: vcs, cidr: 10.0.0.0/8, paths: ["/a/**"] }
      - { name: lost, host: lost.example, credential: lost, cidr: 10.0.0.0/8 }
      - { name: never, host: "*.example", paths: ["/never/**"], deny: true }
)";

class FetchRulesTest : public testing::Test {
protected:
    FetchRulesTest() {
        setenv("FETCH_TEST_SECRET", "marker-secret-2c9d", 1);
        const auto parsed = rules::parse_policy_file(kPolicy, "test.yaml");
        for (const auto& diagnostic : parsed.diagnostics) ADD_FAILURE() << to_string(diagnostic);
        SALLYPORT_CHECK(parsed.file != nullptr);
        rules::PolicyFile file = *parsed.file;
        rules::ScriptExports exports;
        exports.hosts = {"own.example", "lost.example", "free.example"};
        file.scripts["p"] = *rules::Script::create("vcs.js", "", exports);
        const secrets::Identity identity{"box", {}, {}};
        snapshot_ = *rules::make_snapshot(file, {"p", identity, nullptr}, secrets::SecretSnapshot::load(file.secrets, identity),
                                          Generation{1});
    }
    static http::CanonicalRequest to(const std::string& host, const std::string& path) {
        return {"GET", http::Scheme::https, {host, 443, false}, {path, path, "", false, false}};
    }
    rules::Decision call_for(const std::string& host) const { return snapshot_->decide(to(host, "/"), {}); }
    FetchDecision fetch(const std::string& host, const std::string& path, const std::string& calls_host) const {
        return decide_fetch(*snapshot_, to(host, path), {}, host == calls_host, call_for(calls_host));
    }

    std::shared_ptr<const rules::PolicySnapshot> snapshot_;
};

TEST_F(FetchRulesTest, TheCallsAreHandlersAtAll) {
    EXPECT_EQ(call_for("ruled.example").action, rules::Action::handler);
    EXPECT_EQ(call_for("own.example").action, rules::Action::handler);
    EXPECT_EQ(call_for("free.example").action, rules::Action::handler);
}

TEST_F(FetchRulesTest, ARulesHandlerHasThatRulesCredentialAndNetworksForItsHost) {
    const FetchDecision fetched = fetch("ruled.example", "/x", "ruled.example");
    EXPECT_EQ(fetched.decision.verdict, rules::Verdict::allow);
    EXPECT_EQ(fetched.decision.action, rules::Action::forward);
    EXPECT_EQ(fetched.decision.credential, "vcs");
    ASSERT_NE(fetched.decision.granted_networks, nullptr);
    EXPECT_TRUE(fetched.is_ruled);
}

TEST_F(FetchRulesTest, AHandlerOfTheScriptHasTheNetworksButNotTheCredential) {
    const FetchDecision fetched = fetch("own.example", "/a/b", "own.example");
    EXPECT_EQ(fetched.decision.verdict, rules::Verdict::allow);
    EXPECT_EQ(fetched.decision.credential_index, -1);
    EXPECT_EQ(fetched.decision.credential, "");
    ASSERT_NE(fetched.decision.granted_networks, nullptr);
}

TEST_F(FetchRulesTest, ACredentialThatIsNotWantedNeedNotBeThere) {
    const FetchDecision fetched = fetch("lost.example", "/", "lost.example");
    EXPECT_EQ(fetched.decision.verdict, rules::Verdict::allow);
    ASSERT_NE(fetched.decision.granted_networks, nullptr);
    EXPECT_EQ(fetch("lost.example", "/", "own.example").decision.error, ErrorCode::secret_unavailable);
}

TEST_F(FetchRulesTest, WhereNoRuleMatchesTheOwnHostIsReachedAtPublicAddresses) {
    for (const char* host : {"free.example", "own.example"}) {
        const FetchDecision fetched = fetch(host, "/other", host);
        EXPECT_EQ(fetched.decision.verdict, rules::Verdict::allow);
        EXPECT_FALSE(fetched.is_ruled);
        EXPECT_EQ(fetched.decision.granted_networks, nullptr);
        EXPECT_EQ(fetched.decision.credential_index, -1);
        EXPECT_EQ(fetched.decision.rule, std::string("outboundByHost[") + host + "]");
    }
}

TEST_F(FetchRulesTest, DenyRulesHoldForHandlersToo) {
    for (const char* host : {"free.example", "own.example", "ruled.example"}) {
        EXPECT_EQ(fetch(host, "/never/x", host).decision.error, ErrorCode::denied_by_rule) << host;
        EXPECT_EQ(fetch(host, "/never/x", host).decision.verdict, rules::Verdict::deny) << host;
    }
}

TEST_F(FetchRulesTest, AnotherHostIsDecidedByTheRules) {
    EXPECT_EQ(fetch("unknown.example", "/", "free.example").decision.verdict, rules::Verdict::deny);
    const FetchDecision allowed = fetch("own.example", "/a/b", "free.example");
    EXPECT_EQ(allowed.decision.verdict, rules::Verdict::allow);
    EXPECT_EQ(allowed.decision.credential, "vcs");
    EXPECT_EQ(fetch("own.example", "/other", "free.example").decision.verdict, rules::Verdict::deny);
    EXPECT_EQ(fetch("free.example", "/", "own.example").decision.verdict, rules::Verdict::deny)
        << "another handler's host is not this one's";
}

TEST(HoldsValue, FindsAValueWhereverAHeadMayHoldIt) {
    const rules::PolicySnapshot::Environment environment{{"A", "s3cr3t/+value"}, {"B", ""}};
    const auto head = [](const std::string& target, const std::string& field) {
        http::RequestHead made;
        made.method = "GET";
        made.target = target;
        made.headers.add("X-Field", field);
        return made;
    };
    EXPECT_FALSE(holds_value(head("/a?b=c", "plain"), environment));
    EXPECT_TRUE(holds_value(head("/a?b=s3cr3t/+value", "x"), environment));
    EXPECT_TRUE(holds_value(head("/a?b=s3cr3t%2f%2Bvalue", "x"), environment));
    EXPECT_TRUE(holds_value(head("/", "Bearer s3cr3t/+value"), environment));
    EXPECT_TRUE(holds_value(head("/", "Basic dXNlcjpzM2NyM3QvK3ZhbHVl"), environment)) << "user:value in base64";
    EXPECT_FALSE(holds_value(head("/", "Basic dXNlcjpwYXNz"), environment));
    EXPECT_FALSE(holds_value(head("/?b=s3cr3t", "s3cr3t"), environment));
    EXPECT_FALSE(holds_value(head("/?b=s3cr3t", "s3cr3t"), {}));
    http::RequestHead named = head("/", "x");
    named.headers.add("X-s3cr3t/+value", "x");
    EXPECT_TRUE(holds_value(named, environment));
}

}  // namespace
}  // namespace sallyport::proxy
