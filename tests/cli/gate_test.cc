#include "cli/gate.h"

#include <cstdlib>

#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

class GateTest : public ScratchTest {
protected:
    std::unique_ptr<Gate> make(const std::string& policy) {
        GateOptions options;
        options.config_file = write("p.yaml", policy);
        options.access_log = directory + "/logs/access.log";
        auto gate = Gate::create(options);
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
    EXPECT_FALSE(gate->reload());
    write("p.yaml", "version: 1\npolicies: { q: { default: deny }, r: { default: deny } }\n");
    EXPECT_FALSE(gate->reload()) << "the sandbox's policy is gone";
    testing::internal::GetCapturedStderr();
    EXPECT_EQ(&gate->file(), before);
    write("p.yaml", "version: 1\npolicies: { p: { default: allow } }\n");
    EXPECT_TRUE(gate->reload());
    EXPECT_NE(&gate->file(), before);
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
    ASSERT_TRUE(gate->reload());
    EXPECT_EQ(gate->policy_of("one"), "open");
    EXPECT_EQ(gate->policy_of("two"), "default") << "the embedded policy, which allows nothing";
    write("p.yaml", kTwo);
    ASSERT_TRUE(gate->reload());
    EXPECT_EQ(gate->policy_of("two"), "tight");
}

TEST_F(GateTest, WhatNeedsARestartIsRefused) {
    GateOptions options;
    options.config_file = write("p.yaml", kTwo);
    options.access_log = "none";
    options.serves_every_entry = true;
    const auto gate = std::move(*Gate::create(options));
    ASSERT_TRUE(gate->add_sandbox("one", "", {}) && gate->add_sandbox("two", "", {}));
    gate->start();
    write("p.yaml", std::string(kTwo) + "upstream_ca: other.pem\n");
    EXPECT_NE(gate->reload().error().detail.find("upstream_ca"), std::string::npos);
    write("p.yaml", "version: 1\npolicies: { p: { default: allow } }\n"
                    "sandboxes: { one: { policy: p }, two: { policy: p }, three: { policy: p } }\n");
    EXPECT_NE(gate->reload().error().detail.find("three is new"), std::string::npos);
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

TEST_F(GateTest, DrainsItsWorkers) {
    const auto gate = make("version: 1\npolicies: { p: { default: deny } }\n");
    ASSERT_TRUE(gate->add_sandbox("box", "", {}));
    gate->start();
    net::Loop control;
    gate->drain(control, [&] { control.stop(); });
    control.run();
    gate->stop();
}

}  // namespace
}  // namespace sallyport::cli
