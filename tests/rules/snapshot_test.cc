#include "rules/snapshot.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "rules/scrubber.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

using sample::decide;
using sample::file_with;
using sample::kMarker;
using sample::snapshot_of;

http::RequestHead head_of(const std::string& target, const std::vector<std::pair<std::string, std::string>>& fields) {
    http::RequestHead head;
    head.method = "GET";
    head.target = target;
    for (const auto& [name, value] : fields) head.headers.add(name, value);
    return head;
}

TEST(PolicySnapshot, SaysWhatItIs) {
    const auto snapshot = snapshot_of(file_with({"{ host: a.example }"}));
    EXPECT_EQ(snapshot->policy_name(), "p");
    EXPECT_EQ(snapshot->generation(), Generation{1});
    const auto parsed = parse_policy_file(file_with({"{ host: a.example }"}), "f");
    const auto secrets = secrets::SecretSnapshot::load({}, {});
    const auto unknown = make_snapshot(*parsed.file, {"other", {}, nullptr}, secrets, Generation{1});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error(), (Error{ErrorCode::config_invalid, "policy \"other\" is not defined"}));
}

TEST(PolicySnapshot, AMissingSecretDeniesWhatNeedsItOnly) {
    const auto snapshot =
        snapshot_of(file_with({"{ host: a.example, credential: two }", "{ host: b.example, credential: one }"}));
    const Decision denied = decide(snapshot, "GET https://a.example/");
    EXPECT_EQ(denied.verdict, Verdict::deny);
    EXPECT_EQ(denied.error, ErrorCode::secret_unavailable);
    EXPECT_EQ(denied.rule, "rules[0]");
    EXPECT_EQ(denied.credential, "two");
    EXPECT_EQ(denied.credential_index, -1);
    EXPECT_EQ(decide(snapshot, "GET https://b.example/").verdict, Verdict::allow);
}

TEST(PolicySnapshot, AppliesEachTypeOfCredential) {
    const auto snapshot =
        snapshot_of(file_with({"{ host: a.example, credential: one }", "{ host: b.example, credential: three }",
                               "{ host: c.example, credential: four }"}));
    const std::tuple<std::string, std::string, std::string> cases[] = {
        {"a", "Authorization", "Bearer " + std::string(kMarker)},
        {"b", "X-Auth-Token", "v " + std::string(kMarker)},
        {"c", "Authorization", "Basic dXNlcjptQXJLZVItN2YzYTlj"},
    };
    for (const auto& [host, name, value] : cases) {
        auto head = head_of("/x?a=1", {{"Accept", "*/*"}});
        const Decision decision = decide(snapshot, "GET https://" + host + ".example/x?a=1");
        ASSERT_TRUE(sample::apply(*snapshot, decision, head));
        EXPECT_EQ(head.headers.get(name), value);
        EXPECT_EQ(head.headers.size(), 2u);
        EXPECT_EQ(head.target, "/x?a=1");
    }
}

TEST(PolicySnapshot, ThreatD14TheSandboxsOwnCredentialsAreRemovedFirst) {
    const auto snapshot = snapshot_of(file_with({"{ host: a.example, credential: three }"}));
    auto head = head_of("/x?access_token=mine&a=1&X-Amz-Signature=mine", {{"Authorization", "Bearer mine"},
                                                                          {"X-Auth-Token", "mine"},
                                                                          {"x_auth_token", "mine"},
                                                                          {"Cookie", "s=mine"},
                                                                          {"X-Api-Key", "mine"},
                                                                          {"X-HTTP-Method-Override", "DELETE"},
                                                                          {"Accept", "*/*"}});
    ASSERT_TRUE(sample::apply(*snapshot, decide(snapshot, "GET https://a.example/x"), head));
    ASSERT_EQ(head.headers.size(), 2u);
    EXPECT_EQ(head.headers.at(0).name, "Accept");
    EXPECT_EQ(head.headers.at(1).name, "X-Auth-Token");
    EXPECT_EQ(head.headers.at(1).value, "v " + std::string(kMarker));
    EXPECT_EQ(head.target, "/x?a=1");
}

TEST(PolicySnapshot, ThreatX6NoDecisionAndNoDiagnosticHoldsASecret) {
    const auto text = file_with({"{ host: a.example, credential: one }", "{ host: b.example, credential: three }",
                                 "{ host: c.example, credential: four }", "{ host: d.example, credential: two }"});
    const auto snapshot = snapshot_of(text);
    for (const std::string host : {"a", "b", "c", "d", "e"}) {
        const Decision decision = decide(snapshot, "GET https://" + host + ".example/");
        EXPECT_EQ(decision.rule.find(kMarker), std::string_view::npos);
        EXPECT_EQ(decision.credential.find(kMarker), std::string_view::npos);
    }
    for (const auto& message : sample::all_diagnostics(text)) EXPECT_EQ(message.find(kMarker), std::string::npos);
}

TEST(PolicySnapshot, CredentialsArePerSandbox) {
    setenv("SALLYPORT_TENANT_acme", "acme-token", 1);
    const std::string text =
        "version: 1\n"
        "secrets: { t: { env: \"SALLYPORT_TENANT_${params.tenant}\" } }\n"
        "credentials: { c: { type: bearer, secret: t } }\n"
        "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n";
    const auto acme = snapshot_of(text, {{"tenant", "acme"}});
    auto head = head_of("/", {});
    ASSERT_TRUE(sample::apply(*acme, decide(acme, "GET https://a.example/"), head));
    EXPECT_EQ(head.headers.get("Authorization"), "Bearer acme-token");
    for (const secrets::Params& params :
         {secrets::Params{}, secrets::Params{{"tenant", "other"}}, secrets::Params{{"tenant", "../x"}}}) {
        const auto other = snapshot_of(text, params);
        EXPECT_EQ(decide(other, "GET https://a.example/").error, ErrorCode::secret_unavailable);
    }
}

TEST(PolicySnapshot, TwoSandboxesOfOnePolicyAreTwo) {
    const auto text = file_with({"{ host: a.example, credential: one }"});
    sample::Extras extras;
    extras.identity = {"agent-1", {{"tenant", "acme"}}, {{"team", "red"}}};
    const auto snapshot = sample::snapshot_with(text, extras);
    EXPECT_EQ(snapshot->identity(), extras.identity);
    EXPECT_NE(snapshot->identity(), snapshot_of(text)->identity());
}

std::string scripted(const std::string& rest) {
    return "version: 1\nsecrets: { token: { env: SALLYPORT_RULES_TEST_TOKEN }, absent: { env: "
           "SALLYPORT_RULES_TEST_ABSENT } }\n"
           "credentials: { one: { type: bearer, secret: token } }\n"
           "policies:\n  p:\n    script: handlers/vcs.js\n" +
           rest;
}

TEST(PolicySnapshot, NeedsTheScriptOfItsPolicy) {
    const auto parsed = parse_policy_file(scripted("    default: deny\n"), "f");
    ASSERT_TRUE(parsed.file);
    const auto snapshot = make_snapshot(*parsed.file, {"p", {}, nullptr}, {}, Generation{1});
    ASSERT_FALSE(snapshot);
    EXPECT_EQ(snapshot.error(), (Error{ErrorCode::config_invalid, "the script of policy \"p\" is not loaded"}));
}

TEST(PolicySnapshot, ARuntimeRuleHasItsOwnCredentialAndLimit) {
    sample::Extras extras;
    extras.runtime_rules =
        "[ { name: r, host: a.example, credential: three, limit: { concurrency: 2 } }, { host: b.example, credential: "
        "one } ]";
    const auto snapshot = sample::snapshot_with(file_with({"{ host: c.example, credential: one }"}), extras);
    ASSERT_TRUE(snapshot);
    const Decision decision = decide(snapshot, "GET https://a.example/");
    EXPECT_EQ(decision.credential, "three");
    EXPECT_EQ(decision.limit->concurrency, 2u);
    EXPECT_EQ(decision.limit_key, "runtime/r");
    auto head = head_of("/", {});
    ASSERT_TRUE(sample::apply(*snapshot, decision, head));
    EXPECT_EQ(head.headers.get("X-Auth-Token"), "v " + std::string(kMarker));
    for (const auto& [host, rule] : {std::pair("b", "runtime[1]"), std::pair("c", "rules[0]")}) {
        auto other = head_of("/", {});
        const Decision each = decide(snapshot, "GET https://" + std::string(host) + ".example/");
        EXPECT_EQ(each.rule, rule);
        ASSERT_TRUE(sample::apply(*snapshot, each, other));
        EXPECT_EQ(other.headers.get("Authorization"), "Bearer " + std::string(kMarker));
    }
}

TEST(PolicySnapshot, TheHandlersEnvironmentHoldsTheNamedSecretsOnly) {
    sample::Extras extras;
    extras.script = ScriptExports{{}, {}, true};
    const auto snapshot = sample::snapshot_with(scripted("    env: { SECRET: token, B: token }\n"), extras);
    ASSERT_TRUE(snapshot);
    const auto environment = snapshot->handler_environment();
    ASSERT_TRUE(environment);
    const PolicySnapshot::Environment expected{{"B", kMarker}, {"SECRET", kMarker}};
    EXPECT_EQ(*environment, expected);
    const auto without = sample::snapshot_with(scripted("    env: { SECRET: token, B: absent }\n"), extras);
    ASSERT_TRUE(without);
    const auto missing = without->handler_environment();
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::secret_unavailable);
    EXPECT_EQ(missing.error().detail.find(kMarker), std::string::npos);
    EXPECT_EQ(snapshot_of(file_with({"{ host: a.example }"}))->handler_environment()->size(), 0u);
}

TEST(PolicySnapshot, KnowsWhatAppliesToAllOfItsRequests) {
    const auto snapshot = snapshot_of(
        "version: 1\npolicies: { p: { blocked: { status: 451, body: no }, limit: { concurrency: 3 }, "
        "handler_socket: /run/h, handler_limits: { deadline: 1s } } }\n");
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(snapshot->block_answer().status, 451);
    EXPECT_EQ(snapshot->policy_limit()->concurrency, 3u);
    EXPECT_EQ(snapshot->handler_limits().deadline.count(), 1000);
    EXPECT_EQ(snapshot->script(), nullptr);
    EXPECT_EQ(snapshot_of("version: 1\npolicies: { p: { default: deny } }\n")->policy_limit(), nullptr);
}

TEST(PolicySnapshot, ComparesTheCredentialsOfTwoGenerations) {
    const auto rules = file_with({"{ host: a.example, credential: one }", "{ host: b.example, credential: three }",
                                  "{ host: c.example }", "{ host: d.example, credential: two }"});
    const auto before = snapshot_of(rules);
    const auto after =
        snapshot_of(file_with({"{ host: x.example, credential: four }", "{ host: a.example, credential: one }"}));
    const auto at = [](const auto& snapshot, const std::string& host) {
        return decide(snapshot, "GET https://" + host + ".example/");
    };
    EXPECT_TRUE(after->has_same_credential(at(after, "a"), *before, at(before, "a")));
    EXPECT_FALSE(after->has_same_credential(at(after, "x"), *before, at(before, "a")));
    EXPECT_FALSE(before->has_same_credential(at(before, "b"), *before, at(before, "a")));
    EXPECT_FALSE(before->has_same_credential(at(before, "c"), *before, at(before, "a")));
    EXPECT_TRUE(before->has_same_credential(at(before, "c"), *after, at(after, "none")));
    setenv("SALLYPORT_SNAPSHOT_TEST", "first", 1);
    const std::string changing =
        "version: 1\nsecrets: { t: { env: SALLYPORT_SNAPSHOT_TEST } }\n"
        "credentials: { one: { type: bearer, secret: t } }\n"
        "policies: { p: { rules: [ { host: a.example, credential: one } ] } }\n";
    const auto first = snapshot_of(changing);
    setenv("SALLYPORT_SNAPSHOT_TEST", "second", 1);
    const auto second = snapshot_of(changing);
    // Rotated: what has begun goes on. Revoked: it does not.
    EXPECT_TRUE(second->has_same_credential(at(second, "a"), *first, at(first, "a")));
    EXPECT_TRUE(second->keeps_credential("one", *first));
    unsetenv("SALLYPORT_SNAPSHOT_TEST");
    const auto third = snapshot_of(changing);
    EXPECT_FALSE(third->has_same_credential(at(third, "a"), *second, at(second, "a")));
    EXPECT_FALSE(third->keeps_credential("one", *second));
    EXPECT_TRUE(after->keeps_credential("one", *before));
    EXPECT_FALSE(after->keeps_credential("three", *before)) << "not here any more";
    EXPECT_FALSE(after->keeps_credential("four", *before)) << "not there before";
    EXPECT_FALSE(second->keeps_credential("one", *before)) << "another one of that name";
}

TEST(PolicySnapshot, AnotherSandboxsValueIsNotARotation) {
    setenv("SALLYPORT_TENANT_acme", "acme-token", 1);
    setenv("SALLYPORT_TENANT_beta", "beta-token", 1);
    const std::string text =
        "version: 1\n"
        "secrets: { t: { env: \"SALLYPORT_TENANT_${params.tenant}\" } }\n"
        "credentials: { c: { type: bearer, secret: t } }\n"
        "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n";
    const auto acme = snapshot_of(text, {{"tenant", "acme"}});
    const auto beta = snapshot_of(text, {{"tenant", "beta"}});
    const std::string request = "GET https://a.example/";
    EXPECT_FALSE(beta->has_same_credential(decide(beta, request), *acme, decide(acme, request)));
    EXPECT_FALSE(beta->keeps_credential("c", *acme));
}

TEST(PolicySnapshot, KnowsWhetherSecretsWereRotated) {
    const std::vector<std::string> rules = {"{ host: a.example, credential: one }"};
    const auto before = snapshot_of(file_with(rules));
    EXPECT_EQ(before->needles_in_use(), nullptr);
    EXPECT_TRUE(before->has_same_secrets(*snapshot_of(file_with({rules[0], "{ host: b.example }"}))));
    EXPECT_FALSE(before->has_same_secrets(*snapshot_of(file_with({rules[0], "{ host: b.example, credential: three }"}))));
    EXPECT_NE(before->needles(), nullptr);
    EXPECT_EQ(before->needles_in_use(), before->needles());
}

TEST(PolicySnapshot, KnowsAllThatMustNotComeBack) {
    const auto snapshot = snapshot_of(file_with({"{ host: a.example, credential: one }", "{ host: b.example, credential: two }"}));
    ASSERT_NE(snapshot->needles(), nullptr);
    EXPECT_EQ(snapshot->needles(), snapshot->needles());
    std::string text = "x " + std::string(kMarker) + " y";
    EXPECT_TRUE(scrub_text(*snapshot->needles(), text));
    EXPECT_EQ(text, "x " + std::string(kMarker.size(), '*') + " y");
    EXPECT_EQ(snapshot_of(file_with({"{ host: a.example }"}))->needles(), nullptr);
}

TEST(PolicySnapshot, ComparesTheHandlersOfTwoGenerations) {
    sample::Extras extras;
    extras.script = ScriptExports{{}, {}, true};
    const auto one = sample::snapshot_with(scripted("    env: { SECRET: token }\n"), extras);
    EXPECT_TRUE(one->has_same_handlers(*sample::snapshot_with(scripted("    env: { SECRET: token }\n"), extras)));
    EXPECT_FALSE(one->has_same_handlers(*sample::snapshot_with(scripted("    env: { OTHER: token }\n"), extras)));
    EXPECT_FALSE(one->has_same_handlers(*sample::snapshot_with(scripted("    env: { SECRET: absent }\n"), extras)));
    const auto plain = snapshot_of(file_with({"{ host: a.example }"}));
    EXPECT_FALSE(one->has_same_handlers(*plain));
    EXPECT_TRUE(plain->has_same_handlers(*snapshot_of(file_with({"{ host: b.example }"}))));
}

}  // namespace
}  // namespace sallyport::rules
