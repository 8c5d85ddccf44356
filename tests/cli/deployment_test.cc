#include "cli/deployment.h"

#include <gmock/gmock.h>

#include <map>

#include "rules/compiled_policy.h"
#include "rules/placeholders.h"
#include "tests/cli/decide.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

using testing::HasSubstr;

// Scripts are not run here: a test says what each exports.
class DeploymentTest : public ScratchTest {
protected:
    std::shared_ptr<const rules::PolicyFile> parse(const std::string& text) {
        auto parsed = rules::parse_policy_file(text, "p.yaml");
        for (const auto& diagnostic : parsed.diagnostics) {
            EXPECT_EQ(diagnostic.severity, rules::Severity::warning) << rules::to_string(diagnostic);
        }
        return parsed.file;
    }

    Deployment make(const std::string& text) {
        auto deployment = Deployment::create(parse(text), [this](const std::string& path) {
            const auto found = scripts.find(path);
            if (found == scripts.end()) return Result<std::shared_ptr<const rules::Script>>(failure(ErrorCode::config_invalid, "no such script"));
            return rules::Script::create(path, "", found->second);
        });
        EXPECT_TRUE(deployment);
        return std::move(*deployment);
    }

    // As the gate does it.
    static void commit(Deployment& deployment, Planned<Plan> plan) {
        ASSERT_TRUE(plan) << plan.error().message;
        deployment.commit(*plan);
    }

    // What is kept of a deployment, as the store would have it.
    struct Kept {
        admin::StoredState state;
        void apply(const Plan& plan) {
            const admin::StateChange change = plan.stored();
            state.generation = std::max(state.generation, change.generation);
            const auto put = [&](const auto& documents, auto& into) {
                for (const auto& [name, json] : documents) {
                    if (json) into[name] = {*json, change.generation};
                    if (!json) into.erase(name);
                }
            };
            put(change.policies, state.policies);
            put(change.egress, state.egress);
        }
    };

    // What anybody could see of it.
    static std::string view(const Deployment& deployment) {
        std::string text = std::to_string(deployment.generation().value);
        for (const auto& [name, policy] : deployment.file().policies) {
            text += "\npolicy " + name + " " + policy->source_json + " " + std::to_string(deployment.policy_generation(name));
        }
        for (const std::string& name : deployment.sandbox_names()) {
            const EgressDocument* document = deployment.egress_document(name);
            text += "\nsandbox " + name + " " + (document != nullptr ? document->json : "-") + " " +
                    std::to_string(deployment.egress_generation(name)) + " " + deployment.policy_of(name)->policy + " " +
                    std::to_string(deployment.snapshot_of(name)->generation().value);
            for (const char* host : {"a", "b", "c", "d"}) {
                text += " " + decide(deployment.snapshot_of(name), "https://" + std::string(host) + ".example/");
            }
        }
        return text;
    }

    std::map<std::string, rules::ScriptExports> scripts;
};

constexpr const char* kTwo = R"(
version: 1
policies:
  open: { default: allow }
  tight: { rules: [ { host: a.example } ] }
sandboxes:
  one: { policy: open, params: { tenant: acme } }
  two: { policy: tight }
)";

TEST_F(DeploymentTest, ASandboxIsUnderItsEntrysPolicy) {
    Deployment deployment = make(kTwo);
    ASSERT_TRUE(deployment.add_sandbox("one", ""));
    ASSERT_TRUE(deployment.add_sandbox("two", ""));
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://b.example/"), "allow default");
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://a.example/"), "allow rules[0]");
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://b.example/"), "deny default: denied");
    EXPECT_FALSE(deployment.add_sandbox("three", "")) << "two policies, and nobody says which";
    EXPECT_FALSE(deployment.has_sandbox("three"));
    EXPECT_FALSE(deployment.policy_of("three"));
    EXPECT_FALSE(deployment.snapshot_of("three"));
}

TEST_F(DeploymentTest, APlanChangesNothingBeforeItIsCommitted) {
    Deployment deployment = make(kTwo);
    ASSERT_TRUE(deployment.add_sandbox("two", ""));
    const std::string before = view(deployment);
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(deployment.plan_policy("tight", R"({"default":"allow"})"));
        EXPECT_TRUE(deployment.plan_egress("two", R"({"policy":"open"})"));
        EXPECT_TRUE(deployment.plan_file(parse("version: 1\npolicies: { tight: { default: allow } }\n"
                                               "sandboxes: { two: { policy: tight } }\n")));
        EXPECT_FALSE(deployment.plan_policy("tight", R"({"defalt":"allow"})"));
        EXPECT_FALSE(deployment.plan_policy("nosuch", std::nullopt));
        EXPECT_FALSE(deployment.plan_egress("two", R"({"policy":"nosuch"})"));
        EXPECT_EQ(view(deployment), before);
    }
}

TEST_F(DeploymentTest, AnApiPolicyIsOverTheFilesAndGoesAgain) {
    Deployment deployment = make(kTwo);
    ASSERT_TRUE(deployment.add_sandbox("two", ""));
    commit(deployment, deployment.plan_policy("tight", R"({"rules":[{"host":"b.example"}]})"));
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://a.example/"), "deny default: denied");
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://b.example/"), "allow rules[0]");
    EXPECT_THAT(deployment.policy_document("tight")->json, HasSubstr("b.example"));
    commit(deployment, deployment.plan_policy("tight", std::nullopt));
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://a.example/"), "allow rules[0]");
    EXPECT_EQ(deployment.policy_document("tight"), nullptr);
}

TEST_F(DeploymentTest, APolicyInUseIsNotDeleted) {
    Deployment deployment = make(kTwo);
    ASSERT_TRUE(deployment.add_sandbox("two", ""));
    commit(deployment, deployment.plan_policy("new", R"({"default":"allow"})"));
    commit(deployment, deployment.plan_egress("two", R"({"policy":"new"})"));
    const auto refused = deployment.plan_policy("new", std::nullopt);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, 409);
    commit(deployment, deployment.plan_egress("two", std::nullopt));
    commit(deployment, deployment.plan_policy("new", std::nullopt));
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://b.example/"), "deny default: denied");
}

TEST_F(DeploymentTest, RuntimeRulesComeBeforeThePolicysAndLeaveNothingBehind) {
    Deployment deployment = make(kTwo);
    ASSERT_TRUE(deployment.add_sandbox("one", ""));
    ASSERT_TRUE(deployment.add_sandbox("two", ""));
    const std::string other = decide(deployment.snapshot_of("one"), "https://a.example/");
    const std::string before[] = {decide(deployment.snapshot_of("two"), "https://a.example/"),
                                  decide(deployment.snapshot_of("two"), "https://b.example/")};
    commit(deployment, deployment.plan_egress("two", R"({"rules":[{"host":"a.example","deny":true},{"host":"b.example"}],
                                                         "params":{"tenant":"x"},"labels":{"team":"y"}})"));
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://a.example/"), "deny runtime[0]: denied_by_rule");
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://b.example/"), "allow runtime[1]");
    EXPECT_EQ(deployment.snapshot_of("two")->identity().params.at("tenant"), "x");
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), other);
    commit(deployment, deployment.plan_egress("two", std::nullopt));
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://a.example/"), before[0]);
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://b.example/"), before[1]);
    EXPECT_TRUE(deployment.snapshot_of("two")->identity().params.empty());
}

// Another policy in the file, or from the admin API, must not change what somebody is under who never named one.
TEST_F(DeploymentTest, TheOnlyPolicyStaysTheOnlyOneWhateverTheApiSets) {
    setenv("SALLYPORT_DEPLOYMENT_TEST", "marker-1", 1);
    const std::string secret = write("secret", "marker-1");
    Deployment deployment = make("version: 1\nsecrets: { s: { file: " + secret + " } }\n"
                                 "credentials: { c: { type: bearer, secret: s } }\n"
                                 "policies: { only: { rules: [ { host: a.example, credential: c } ] } }\n");
    ASSERT_TRUE(deployment.add_sandbox("box", ""));
    commit(deployment, deployment.plan_policy("default", R"({"default":"allow"})"));
    commit(deployment, deployment.plan_policy("other", R"({"default":"allow"})"));
    write("secret", "marker-2");
    const auto plan = deployment.plan_secrets();
    ASSERT_TRUE(plan);
    deployment.commit(*plan);
    EXPECT_EQ(decide(deployment.snapshot_of("box"), "https://a.example/"), "allow rules[0] with Bearer marker-2");
    EXPECT_EQ(decide(deployment.snapshot_of("box"), "https://b.example/"), "deny default: denied");
}

TEST_F(DeploymentTest, AReloadKeepsWhatTheApiHasSet) {
    Deployment deployment = make(kTwo);
    ASSERT_TRUE(deployment.add_sandbox("two", ""));
    commit(deployment, deployment.plan_policy("tight", R"({"rules":[{"host":"b.example"}]})"));
    commit(deployment, deployment.plan_egress("two", R"({"rules":[{"host":"c.example"}]})"));
    commit(deployment, deployment.plan_file(parse("version: 1\npolicies: { tight: { rules: [ { host: d.example } ] } }\n"
                                                  "sandboxes: { two: { policy: tight, params: { tenant: new } } }\n")));
    const auto snapshot = deployment.snapshot_of("two");
    EXPECT_EQ(decide(snapshot, "https://b.example/"), "allow rules[0]");
    EXPECT_EQ(decide(snapshot, "https://c.example/"), "allow runtime[0]");
    EXPECT_EQ(decide(snapshot, "https://d.example/"), "deny default: denied");
    EXPECT_EQ(snapshot->identity().params.at("tenant"), "new");
    commit(deployment, deployment.plan_policy("tight", std::nullopt));
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://d.example/"), "allow rules[0]") << "the new file's";
}

constexpr const char* kWithCredential =
    "version: 1\nsecrets: { s: { env: SALLYPORT_DEPLOYMENT_TEST } }\ncredentials: { c: { type: bearer, secret: s } }\n"
    "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\nsandboxes: { box: { policy: p } }\n";
constexpr const char* kWithoutCredential =
    "version: 1\npolicies: { p: { rules: [ { host: a.example } ] } }\nsandboxes: { box: { policy: p } }\n";

TEST_F(DeploymentTest, AReloadThatWouldBreakWhatTheApiHasSetChangesNothing) {
    Deployment deployment = make(kWithCredential);
    ASSERT_TRUE(deployment.add_sandbox("box", ""));
    commit(deployment, deployment.plan_egress("box", R"({"rules":[{"host":"b.example","credential":"c"}]})"));
    const std::string before = view(deployment);
    const auto refused = deployment.plan_file(parse(kWithoutCredential));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("sandbox box"));
    EXPECT_EQ(view(deployment), before);
    commit(deployment, deployment.plan_egress("box", std::nullopt));
    commit(deployment, deployment.plan_policy("api", R"({"rules":[{"host":"b.example","credential":"c"}]})"));
    EXPECT_THAT(deployment.plan_file(parse(kWithoutCredential)).error().message, HasSubstr("policy api"));
    commit(deployment, deployment.plan_policy("api", std::nullopt));
    commit(deployment, deployment.plan_file(parse(kWithoutCredential)));
    EXPECT_EQ(decide(deployment.snapshot_of("box"), "https://a.example/"), "allow rules[0]");
}

TEST_F(DeploymentTest, P22_ASandboxWhoseEntryHasVanishedIsDeniedEverything) {
    Deployment deployment = make(kTwo);
    ASSERT_TRUE(deployment.add_sandbox("one", ""));
    ASSERT_TRUE(deployment.add_sandbox("two", ""));
    commit(deployment, deployment.plan_file(parse("version: 1\npolicies: { open: { default: allow } }\n"
                                                  "sandboxes: { one: { policy: open } }\n")));
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://b.example/"), "allow default");
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://a.example/"), "deny default: denied");
    EXPECT_FALSE(deployment.plan_secrets()) << "and is left alone";
    // What is set for it does not help it either.
    commit(deployment, deployment.plan_egress("two", R"({"policy":"open","rules":[{"host":"a.example"}]})"));
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://a.example/"), "deny default: denied");
    commit(deployment, deployment.plan_egress("two", std::nullopt));
    commit(deployment, deployment.plan_file(parse(kTwo)));
    EXPECT_EQ(decide(deployment.snapshot_of("two"), "https://a.example/"), "allow rules[0]");
}

TEST_F(DeploymentTest, EachSandboxThatSharesASecretGetsTheNewValue) {
    const std::string secret = write("secret", "marker-1");
    Deployment deployment = make("version: 1\nsecrets: { s: { file: " + secret + " } }\n"
                                 "credentials: { c: { type: bearer, secret: s } }\n"
                                 "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n"
                                 "sandboxes: { one: { policy: p }, two: { policy: p } }\n");
    ASSERT_TRUE(deployment.add_sandbox("one", ""));
    ASSERT_TRUE(deployment.add_sandbox("two", ""));
    EXPECT_FALSE(deployment.plan_secrets());
    write("secret", "marker-2");
    const auto plan = deployment.plan_secrets();
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->snapshots.size(), 2u);
    EXPECT_TRUE(plan->stored().policies.empty() && plan->stored().egress.empty());
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), "allow rules[0] with Bearer marker-1");
    deployment.commit(*plan);
    for (const char* name : {"one", "two"}) {
        EXPECT_EQ(decide(deployment.snapshot_of(name), "https://a.example/"), "allow rules[0] with Bearer marker-2");
    }
    EXPECT_FALSE(deployment.plan_secrets()) << "until it changes again";
}

TEST_F(DeploymentTest, P20_ARevokedSecretIsNoCredentialAnyMore) {
    const std::string secret = write("secret", "marker-1");
    Deployment deployment = make("version: 1\nsecrets: { s: { file: " + secret + " } }\n"
                                 "credentials: { c: { type: bearer, secret: s } }\n"
                                 "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n"
                                 "sandboxes: { one: { policy: p } }\n");
    ASSERT_TRUE(deployment.add_sandbox("one", ""));
    std::filesystem::remove(secret);
    auto plan = deployment.plan_secrets();
    ASSERT_TRUE(plan);
    deployment.commit(*plan);
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), "deny rules[0]: secret_unavailable");
    write("secret", "marker-2");
    plan = deployment.plan_secrets();
    ASSERT_TRUE(plan);
    deployment.commit(*plan);
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), "allow rules[0] with Bearer marker-2");
}

// A plan that is refused, or never made, must not be what has seen the change.
TEST_F(DeploymentTest, P20_AChangedSecretIsNotForgottenWithAPlanThatIsNotMade) {
    const std::string secret = write("secret", "marker-1");
    Deployment deployment = make("version: 1\nsecrets: { s: { file: " + secret + " } }\n"
                                 "credentials: { c: { type: bearer, secret: s } }\n"
                                 "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n"
                                 "sandboxes: { one: { policy: p }, two: { policy: p } }\n");
    ASSERT_TRUE(deployment.add_sandbox("one", ""));
    ASSERT_TRUE(deployment.add_sandbox("two", ""));
    write("secret", "marker-2");
    EXPECT_TRUE(deployment.plan_secrets());
    EXPECT_TRUE(deployment.plan_file(deployment.disk_file()));
    EXPECT_TRUE(deployment.plan_egress("one", "{}"));
    EXPECT_FALSE(deployment.plan_policy("p", R"({"default":1})"));
    commit(deployment, deployment.plan_egress("one", "{}"));
    const auto plan = deployment.plan_secrets();
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->snapshots.size(), 1u) << "two alone: one has the new value";
    deployment.commit(*plan);
    for (const char* name : {"one", "two"}) {
        EXPECT_EQ(decide(deployment.snapshot_of(name), "https://a.example/"), "allow rules[0] with Bearer marker-2");
    }
}

TEST_F(DeploymentTest, SecretsOfParamsThatAreGoneAreNotKept) {
    std::filesystem::create_directories(directory + "/x");
    std::filesystem::create_directories(directory + "/y");
    write("x/pat", "marker-x");
    write("y/pat", "marker-y");
    Deployment deployment = make("version: 1\nsecrets: { s: { file: \"" + directory + "/${params.tenant}/pat\" } }\n"
                                 "credentials: { c: { type: bearer, secret: s } }\n"
                                 "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n"
                                 "sandboxes: { one: { policy: p, params: { tenant: x } } }\n");
    ASSERT_TRUE(deployment.add_sandbox("one", ""));
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), "allow rules[0] with Bearer marker-x");
    commit(deployment, deployment.plan_egress("one", R"({"params":{"tenant":"y"}})"));
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), "allow rules[0] with Bearer marker-y");
    EXPECT_EQ(deployment.secrets().paths(), std::vector<std::string>{directory + "/y/pat"});
}

TEST_F(DeploymentTest, ScriptsBelongToTheirPolicies) {
    scripts["good.js"] = {{}, {"readOnly"}, false};
    Deployment deployment = make("version: 1\npolicies: { p: { script: good.js, rules: [ { host: a.example, handler: readOnly } ] } }\n"
                                 "sandboxes: { box: { policy: p } }\n");
    ASSERT_TRUE(deployment.add_sandbox("box", ""));
    EXPECT_EQ(decide(deployment.snapshot_of("box"), "https://a.example/"), "handler rules[0]");
    EXPECT_THAT(deployment.plan_policy("p", R"({"script":"missing.js"})").error().message, HasSubstr("missing.js: no such script"));
    scripts["other.js"] = {{}, {"other"}, false};
    EXPECT_THAT(deployment.plan_policy("p", R"({"script":"other.js","rules":[{"host":"a.example","handler":"readOnly"}]})").error().message,
                HasSubstr("is not in the script"));
    commit(deployment, deployment.plan_policy("p", R"({"rules":[{"host":"a.example"}]})"));
    EXPECT_TRUE(deployment.file().scripts.empty()) << "a policy without a script has not the file's";
    EXPECT_EQ(decide(deployment.snapshot_of("box"), "https://a.example/"), "allow rules[0]");
    commit(deployment, deployment.plan_policy("p", std::nullopt));
    EXPECT_EQ(decide(deployment.snapshot_of("box"), "https://a.example/"), "handler rules[0]");
}

TEST_F(DeploymentTest, WhatWasSetIsThereAgainAfterARestart) {
    Kept kept;
    const auto set = [&](Deployment& deployment, Planned<Plan> plan) {
        ASSERT_TRUE(plan);
        kept.apply(*plan);
        deployment.commit(*plan);
    };
    Deployment first = make(kTwo);
    ASSERT_TRUE(first.add_sandbox("one", ""));
    ASSERT_TRUE(first.add_sandbox("two", ""));
    set(first, first.plan_policy("tight", R"({"rules":[{"host":"b.example"}]})"));
    set(first, first.plan_policy("new", R"({"rules":[{"host":"c.example"}]})"));
    set(first, first.plan_egress("one", R"({"policy":"new","rules":[{"host":"d.example"}]})"));
    Deployment second = make(kTwo);
    second.restore(kept.state);
    ASSERT_TRUE(second.add_sandbox("one", ""));
    ASSERT_TRUE(second.add_sandbox("two", ""));
    for (const char* name : {"one", "two"}) {
        for (const char* url : {"https://a.example/", "https://b.example/", "https://c.example/", "https://d.example/"}) {
            EXPECT_EQ(decide(second.snapshot_of(name), url), decide(first.snapshot_of(name), url)) << name << url;
        }
    }
    EXPECT_GT(second.generation().value, first.generation().value);
    EXPECT_EQ(second.policy_generation("new"), first.policy_generation("new")) << "the same document has the same ETag";
    EXPECT_GT(second.policy_generation("open"), first.generation().value) << "the file may be another one now";
    EXPECT_GT(second.egress_generation("one"), first.generation().value) << "and what is in effect with it";
    // X16: of what the sandbox was, the documents alone are left.
    EXPECT_EQ(second.egress_document("one")->json, first.egress_document("one")->json);
    EXPECT_EQ(second.egress_document("two"), nullptr);
}

TEST_F(DeploymentTest, P22_AStoredDocumentThatIsNotValidDeniesAndDoesNotKeepTheDaemonFromStarting) {
    const struct {
        const char* json;
        const char* what;
    } kBroken[] = {{R"({"polcy":"open"})", "unknown key"},
                   {"not json", "no JSON"},
                   {R"({"policy":"gone"})", "a policy that is not there any more"},
                   {R"({"rules":[{"host":"b.example","credential":"gone"}]})", "a credential that is not"}};
    for (const auto& [json, what] : kBroken) {
        admin::StoredState state;
        state.generation = 7;
        state.egress["one"] = {json, 5};
        Deployment deployment = make(kTwo);
        testing::internal::CaptureStderr();
        deployment.restore(state);
        EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("sandbox one is not valid any more"));
        ASSERT_TRUE(deployment.add_sandbox("one", "")) << what;
        EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), "deny default: denied") << what;
        EXPECT_EQ(deployment.egress_document("one")->json, json) << "kept as it is";
        commit(deployment, deployment.plan_file(parse(kTwo)));
        EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), "deny default: denied") << what;
        commit(deployment, deployment.plan_egress("one", std::nullopt));
        EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), "allow default") << what;
    }
}

TEST_F(DeploymentTest, P22_ABrokenPolicyDeniesEverythingUntilItIsValidAgain) {
    admin::StoredState state;
    state.generation = 7;
    state.policies["open"] = {R"({"rules":[{"host":"a.example","credential":"c"}]})", 5};
    state.egress["one"] = {R"({"rules":[{"host":"b.example"}]})", 6};
    Deployment deployment = make(kTwo);
    testing::internal::CaptureStderr();
    deployment.restore(state);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("policy open"));
    ASSERT_TRUE(deployment.add_sandbox("one", ""));
    EXPECT_EQ(deployment.policy_of("one")->policy, "open");
    for (const char* url : {"https://a.example/", "https://b.example/", "https://c.example/"}) {
        EXPECT_EQ(decide(deployment.snapshot_of("one"), url), "deny default: denied") << url;
    }
    EXPECT_EQ(deployment.file().policies.at("open")->source_json, state.policies["open"].json);
    // It does not keep a file from being loaded, and is valid again with one that has the credential.
    commit(deployment, deployment.plan_file(parse(kTwo)));
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://b.example/"), "deny default: denied");
    setenv("SALLYPORT_DEPLOYMENT_TEST", "marker-1", 1);
    commit(deployment, deployment.plan_file(parse(
        "version: 1\nsecrets: { s: { env: SALLYPORT_DEPLOYMENT_TEST } }\ncredentials: { c: { type: bearer, secret: s } }\n"
        "policies: { open: { default: allow, rules: [ { host: x.example, credential: c } ] } }\nsandboxes: { one: { policy: open } }\n")));
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), "allow rules[0] with Bearer marker-1");
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://b.example/"), "allow runtime[0]");
}

TEST_F(DeploymentTest, ABrokenPolicyIsMendedBySettingItAnew) {
    admin::StoredState state;
    state.generation = 7;
    state.policies["open"] = {"not a policy", 5};
    Deployment deployment = make(kTwo);
    testing::internal::CaptureStderr();
    deployment.restore(state);
    testing::internal::GetCapturedStderr();
    ASSERT_TRUE(deployment.add_sandbox("one", ""));
    commit(deployment, deployment.plan_policy("open", R"({"rules":[{"host":"b.example"}]})"));
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://b.example/"), "allow rules[0]");
    commit(deployment, deployment.plan_policy("open", std::nullopt));
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), "allow default");
}

TEST_F(DeploymentTest, AScriptThatDoesNotLoadAnyMoreBreaksItsPolicy) {
    admin::StoredState state;
    state.generation = 7;
    state.policies["open"] = {R"({"default":"allow","script":"gone.js"})", 5};
    Deployment deployment = make(kTwo);
    testing::internal::CaptureStderr();
    deployment.restore(state);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("gone.js: no such script"));
    ASSERT_TRUE(deployment.add_sandbox("one", ""));
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), "deny default: denied");
    commit(deployment, deployment.plan_file(parse(kTwo)));
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), "deny default: denied");
    scripts["gone.js"] = {{}, {}, true};
    commit(deployment, deployment.plan_file(parse(kTwo)));
    EXPECT_EQ(decide(deployment.snapshot_of("one"), "https://a.example/"), "handler outbound");
}

TEST_F(DeploymentTest, ADocumentOfASandboxThatIsNotThereDoesNotKeepAFileFromBeingLoaded) {
    admin::StoredState state;
    state.generation = 7;
    state.egress["gone"] = {R"({"rules":[{"host":"a.example","credential":"c"}]})", 5};
    setenv("SALLYPORT_DEPLOYMENT_TEST", "marker-1", 1);
    Deployment deployment = make(kWithCredential);
    deployment.restore(state);
    ASSERT_TRUE(deployment.add_sandbox("box", ""));
    commit(deployment, deployment.plan_file(parse(kWithoutCredential)));
    EXPECT_TRUE(deployment.egress_document("gone")->is_broken);
}

TEST_F(DeploymentTest, X16_ASandboxThatIsOpenedAgainHasNothingOfTheEarlierOneButTheDocuments) {
    Deployment deployment = make(kTwo);
    ASSERT_TRUE(deployment.add_sandbox("two", "open"));
    EXPECT_EQ(deployment.policy_of("two")->policy, "open");
    commit(deployment, deployment.plan_egress("two", R"({"params":{"tenant":"set"}})"));
    ASSERT_TRUE(deployment.add_sandbox("two", ""));
    EXPECT_EQ(deployment.policy_of("two")->policy, "tight") << "what was asked for it before is not kept";
    EXPECT_EQ(deployment.policy_of("two")->identity.params.at("tenant"), "set") << "what the admin API has set is";
}

TEST_F(DeploymentTest, R16_PlaceholdersStayWithTheSandboxAndNoLonger) {
    const auto text = [](const std::string& name) {
        return "version: 1\nsecrets: { s: { env: SALLYPORT_DEPLOYMENT_TEST } }\n"
               "credentials: { a: { type: placeholder, secret: s, env: A_KEY, prefix: sk-, in: [\"header:x-a\"] }, "
               "b: { type: placeholder, secret: s, env: B_KEY, in: [\"header:x-a\"] } }\n"
               "policies: { p: { rules: [ { host: a.example, credential: " + name + " } ] } }\n";
    };
    setenv("SALLYPORT_DEPLOYMENT_TEST", "marker-0123456789-0123456789-0123456789-0123456789", 1);
    Deployment deployment = make(text("a"));
    ASSERT_TRUE(deployment.add_sandbox("one", "p"));
    ASSERT_TRUE(deployment.add_sandbox("two", "p"));
    const auto of = [&](const std::string& sandbox, const std::string& credential) {
        return std::string(deployment.policy_of(sandbox)->placeholders->of(credential));
    };
    const std::string first = of("one", "a");
    EXPECT_TRUE(first.starts_with("sk-sallyp0x"));
    EXPECT_EQ(first.size(), 50u);
    EXPECT_NE(of("two", "a"), first);
    EXPECT_EQ(of("one", "b"), "");
    EXPECT_EQ(deployment.snapshot_of("one")->placeholders()->of("a"), first);

    commit(deployment, deployment.plan_file(parse(text("b"))));
    EXPECT_EQ(of("one", "a"), first);
    EXPECT_NE(of("one", "b"), "");
    ASSERT_TRUE(deployment.add_sandbox("one", "p"));
    EXPECT_EQ(of("one", "a"), "");
    commit(deployment, deployment.plan_file(parse(text("a"))));
    EXPECT_NE(of("one", "a"), first);
}

TEST_F(DeploymentTest, GenerationsIncreaseByOne) {
    Deployment deployment = make(kTwo);
    ASSERT_TRUE(deployment.add_sandbox("two", ""));
    const auto first = deployment.generation().value;
    const auto plan = deployment.plan_egress("two", "{}");
    deployment.commit(*plan);
    EXPECT_EQ(deployment.generation().value, first + 1);
    EXPECT_DEATH(deployment.commit(*plan), "CHECK failed") << "a plan is made once";
}

}  // namespace
}  // namespace sallyport::cli
