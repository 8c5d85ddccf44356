#include "cli/gate.h"

#include <cstdlib>
#include <optional>

#include "tests/cli/decide.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

class GateTest : public ScratchTest {
protected:
    std::unique_ptr<Gate> make(const std::string& policy) {
        GateOptions options;
        options.config_file = write("p.yaml", policy);
        options.access_log = directory + "/logs/access.log";
        auto gate = Gate::create(options, nullptr);
        EXPECT_TRUE(gate) << (gate ? "" : gate.error().detail);
        return gate ? std::move(*gate) : nullptr;
    }
};

constexpr const char* kPolicy = R"(
version: 1
secrets: { a: { env: GATE_SECRET }, b: { file: "@/${params.tenant}/key" } }
credentials: { a: { type: bearer, secret: a }, b: { type: bearer, secret: b } }
policies: { p: { rules: [ { host: a.example, credential: a }, { host: b.example, credential: b } ] } }
sandboxes: { box: { policy: p, params: { tenant: acme } } }
)";

TEST_F(GateTest, MakesACaForEachSandbox) {
    const auto gate = make("version: 1\npolicies: { p: { default: deny } }\n");
    const auto first = gate->add_sandbox("one", "", {});
    const auto second = gate->add_sandbox("two", "", {});
    ASSERT_TRUE(first && second);
    EXPECT_TRUE(first->starts_with("-----BEGIN CERTIFICATE-----"));
    EXPECT_NE(*first, *second);
    EXPECT_EQ(first->find("PRIVATE KEY"), std::string::npos) << "X4";
    EXPECT_FALSE(gate->add_sandbox("three", "nosuch", {}));
}

TEST_F(GateTest, KnowsWhereSecretsComeFrom) {
    std::string policy = kPolicy;
    policy.replace(policy.find('@'), 1, directory);
    const auto gate = make(policy);
    ASSERT_TRUE(gate->add_sandbox("box", "", {}));
    EXPECT_EQ(gate->secret_paths("box"), std::vector<std::string>{directory + "/acme/key"});
    EXPECT_EQ(gate->secret_variables(), std::vector<std::string>{"GATE_SECRET"});
}

TEST_F(GateTest, ABadFileChangesNothing) {
    const auto gate = make("version: 1\npolicies: { p: { default: deny } }\n");
    ASSERT_TRUE(gate->add_sandbox("box", "", {}));
    gate->start();
    const rules::PolicyFile* before = &gate->file();
    testing::internal::CaptureStderr();
    write("p.yaml", "version: 1\npolicies: { p: { defualt: deny } }\n");
    EXPECT_FALSE(gate->reload("test"));
    write("p.yaml", "version: 1\npolicies: { q: { default: deny }, r: { default: deny } }\n");
    EXPECT_FALSE(gate->reload("test")) << "the sandbox's policy is gone";
    testing::internal::GetCapturedStderr();
    EXPECT_EQ(&gate->file(), before);
    write("p.yaml", "version: 1\npolicies: { p: { default: allow } }\n");
    EXPECT_TRUE(gate->reload("test"));
    EXPECT_NE(&gate->file(), before);
}

TEST_F(GateTest, TheExplicitProxyChangesWithARestartOnly) {
    const std::string policies = "policies: { p: { default: deny } }\n";
    const std::string proxy = "proxy: { listen: \"127.0.0.1:0\" }\n";
    const auto gate = make("version: 1\n" + policies + proxy + "sandboxes: { one: { policy: p } }\n");
    ASSERT_TRUE(gate->add_sandbox("one", "", {}));
    write("p.yaml", "version: 1\n" + policies + "sandboxes: { one: { policy: p } }\n");
    EXPECT_NE(gate->reload("test").error().detail.find("proxy has changed"), std::string::npos);
    write("p.yaml", "version: 1\n" + policies + proxy + "sandboxes: { one: { policy: p, namespace: false } }\n");
    EXPECT_NE(gate->reload("test").error().detail.find("namespace of sandbox one has changed"), std::string::npos);
}

constexpr const char* kTwo = "version: 1\npolicies: { open: { default: allow }, tight: { default: deny } }\n"
                              "sandboxes: { one: { policy: open }, two: { policy: tight } }\n";

// Without its entry, a sandbox must not fall under whatever policy is left.
TEST_F(GateTest, P22_ASandboxWhoseEntryIsGoneIsDeniedEverything) {
    const auto gate = make(kTwo);
    ASSERT_TRUE(gate->add_sandbox("one", "", {}) && gate->add_sandbox("two", "", {}));
    gate->start();
    EXPECT_EQ(gate->policy_of("two"), "tight");
    write("p.yaml", "version: 1\npolicies: { open: { default: allow } }\nsandboxes: { one: { policy: open } }\n");
    ASSERT_TRUE(gate->reload("test"));
    EXPECT_EQ(gate->policy_of("one"), "open");
    EXPECT_EQ(gate->policy_of("two"), "default") << "the embedded policy, which allows nothing";
    write("p.yaml", kTwo);
    ASSERT_TRUE(gate->reload("test"));
    EXPECT_EQ(gate->policy_of("two"), "tight");
}

TEST_F(GateTest, WhatNeedsARestartIsRefused) {
    GateOptions options;
    options.config_file = write("p.yaml", kTwo);
    options.access_log = "none";
    options.serves_every_entry = true;
    const auto gate = std::move(*Gate::create(options, nullptr));
    ASSERT_TRUE(gate->add_sandbox("one", "", {}) && gate->add_sandbox("two", "", {}));
    gate->start();
    write("p.yaml", std::string(kTwo) + "upstream_ca: other.pem\n");
    EXPECT_NE(gate->reload("test").error().detail.find("upstream_ca"), std::string::npos);
    write("p.yaml", "version: 1\npolicies: { p: { default: allow } }\n"
                    "sandboxes: { one: { policy: p }, two: { policy: p }, three: { policy: p } }\n");
    EXPECT_NE(gate->reload("test").error().detail.find("three is new"), std::string::npos);
    EXPECT_EQ(gate->policy_of("one"), "open");
}

TEST_F(GateTest, KnowsTheFilesThatNothingInsideMayWrite) {
    const auto gate = make("version: 1\npolicies: { p: { default: deny } }\n");
    const auto files = gate->operator_files();
    for (const std::string& path : {directory + "/p.yaml", directory + "/logs/access.log", std::string("/etc/hosts")}) {
        EXPECT_NE(std::find(files.begin(), files.end(), path), files.end()) << path;
    }
}

TEST_F(GateTest, TheAccessLogIsItsOwnersAlone) {
    const auto gate = make("version: 1\npolicies: { p: { default: deny } }\n");
    const auto mode = std::filesystem::status(directory + "/logs/access.log").permissions();
    EXPECT_EQ(mode & std::filesystem::perms::others_all, std::filesystem::perms::none);
}

// Runs the control loop until `done`, which something on it will make true.
template <class Done>
bool run_until(Gate& gate, Done done) {
    const auto give_up = net::Clock::now() + std::chrono::seconds(30);
    std::optional<net::Timer> look;
    look.emplace(gate.control(), [&] {
        if (done() || net::Clock::now() > give_up) return gate.control().stop();
        look->start(std::chrono::milliseconds(1));
    });
    look->start(std::chrono::milliseconds(1));
    gate.control().run();
    return done();
}

TEST_F(GateTest, AFileThatChangesIsLoadedOnceAndABadOneIsNot) {
    const auto gate = make("version: 1\npolicies: { p: { default: deny } }\n");
    ASSERT_TRUE(gate->add_sandbox("box", "", {}));
    gate->start();
    ASSERT_TRUE(gate->watch_files());
    const auto decision = [&] { return decide(gate->deployment().snapshot_of("box"), "https://a.example/"); };
    testing::internal::CaptureStderr();
    write("p.yaml.new", "version: 1\npolicies: { p: { default: allow } }\n");
    std::filesystem::rename(directory + "/p.yaml.new", directory + "/p.yaml");
    EXPECT_TRUE(run_until(*gate, [&] { return decision() == "allow default"; }));
    write("p.yaml", "version: 1\npolices: {}\n");
    EXPECT_TRUE(run_until(*gate, [&] { return gate->state().reloads_failed == 1; }));
    EXPECT_EQ(decision(), "allow default");
    const auto generation = gate->deployment().generation();
    gate->on_files_changed();
    EXPECT_EQ(gate->state().reloads_failed, 1u) << "it is the same file";
    write("p.yaml", "version: 1\npolicies: { p: { rules: [ { host: b.example } ] } }\n");
    EXPECT_TRUE(run_until(*gate, [&] { return decision() == "deny default: denied"; }));
    EXPECT_GT(gate->deployment().generation(), generation);
    testing::internal::GetCapturedStderr();
}

TEST_F(GateTest, P20_ASecretWhoseFileIsRemovedIsGoneFromEverySnapshot) {
    const std::string secret = write("secret", "marker-1");
    const auto gate = make("version: 1\nsecrets: { s: { file: " + secret + " } }\ncredentials: { c: { type: bearer, secret: s } }\n"
                           "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n");
    for (const char* name : {"one", "two"}) ASSERT_TRUE(gate->add_sandbox(name, "", {}));
    gate->start();
    ASSERT_TRUE(gate->watch_files());
    const auto decisions = [&] {
        return decide(gate->deployment().snapshot_of("one"), "https://a.example/") + ", " +
               decide(gate->deployment().snapshot_of("two"), "https://a.example/");
    };
    testing::internal::CaptureStderr();
    EXPECT_EQ(decisions(), "allow rules[0] with Bearer marker-1, allow rules[0] with Bearer marker-1");
    std::filesystem::remove(secret);
    EXPECT_TRUE(run_until(*gate, [&] { return decisions() == "deny rules[0]: secret_unavailable, deny rules[0]: secret_unavailable"; }));
    write("secret", "marker-2");
    EXPECT_TRUE(run_until(*gate, [&] { return decisions() == "allow rules[0] with Bearer marker-2, allow rules[0] with Bearer marker-2"; }));
    testing::internal::GetCapturedStderr();
}

TEST_F(GateTest, ASecretInAFolderThatWasNotThereIsFound) {
    const auto gate = make("version: 1\nsecrets: { s: { file: later/secret } }\ncredentials: { c: { type: bearer, secret: s } }\n"
                           "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n");
    ASSERT_TRUE(gate->add_sandbox("box", "", {}));
    gate->start();
    ASSERT_TRUE(gate->watch_files());
    testing::internal::CaptureStderr();
    std::filesystem::create_directory(directory + "/later");
    write("later/secret", "marker-1");
    EXPECT_TRUE(run_until(*gate, [&] {
        return decide(gate->deployment().snapshot_of("box"), "https://a.example/") == "allow rules[0] with Bearer marker-1";
    }));
    testing::internal::GetCapturedStderr();
}

TEST_F(GateTest, X16_ASandboxThatIsOpenedAgainHasAnotherCa) {
    const auto gate = make(kTwo);
    const auto first = gate->add_sandbox("one", "", {});
    gate->start();
    const auto second = gate->add_sandbox("one", "", {});
    ASSERT_TRUE(first && second);
    EXPECT_NE(*first, *second);
    EXPECT_EQ(gate->state().sandboxes, 1u);
}

TEST_F(GateTest, WhatWasSetIsThereAgainAfterARestart) {
    std::uint64_t generation = 0;
    for (int life = 0; life < 3; ++life) {
        const auto gate = make(kTwo);
        auto store = admin::StateStore::open(directory + "/state.db");
        ASSERT_TRUE(store) << store.error().detail;
        ASSERT_TRUE(gate->use_store(std::move(*store)));
        ASSERT_TRUE(gate->add_sandbox("two", "", {}));
        gate->start();
        EXPECT_GT(gate->deployment().generation().value, generation) << "a generation is used once";
        EXPECT_EQ(decide(gate->deployment().snapshot_of("two"), "https://a.example/"),
                  life == 0 ? "deny default: denied" : "allow runtime[0]");
        auto plan = gate->deployment().plan_egress("two", R"({"rules":[{"host":"a.example"}]})");
        ASSERT_TRUE(plan);
        bool is_applied = false;
        gate->apply(std::move(*plan), [&](Result<void> outcome) { is_applied = outcome.has_value(); });
        EXPECT_TRUE(run_until(*gate, [&] { return is_applied; }));
        generation = gate->deployment().generation().value;
    }
}

TEST_F(GateTest, DrainsItsWorkers) {
    const auto gate = make("version: 1\npolicies: { p: { default: deny } }\n");
    ASSERT_TRUE(gate->add_sandbox("box", "", {}));
    gate->start();
    gate->drain([&] { gate->control().stop(); });
    gate->control().run();
    EXPECT_TRUE(gate->is_draining());
    gate->stop();
}

}  // namespace
}  // namespace sallyport::cli
