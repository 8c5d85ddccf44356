#include "cli/config.h"

#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

class ConfigTest : public ScratchTest {
protected:
    Result<std::shared_ptr<const rules::PolicyFile>> load(const std::string& path) {
        testing::internal::CaptureStderr();
        auto file = load_config(path, rules::Severity::warning);
        said = testing::internal::GetCapturedStderr();
        return file;
    }
    std::string said;
};

TEST_F(ConfigTest, SaysWhereAFileIsWrong) {
    const std::string path = write("p.yaml", "version: 1\npolices: {}\n");
    EXPECT_FALSE(load(path));
    EXPECT_NE(said.find(path + ":2:1: error: unknown key \"polices\", did you mean \"policies\"?"), std::string::npos) << said;
}

TEST_F(ConfigTest, P22_AMissingFileAllowsNothing) {
    const auto file = load(directory + "/none.yaml");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::config_invalid);
}

TEST_F(ConfigTest, TheEmbeddedPolicyAllowsNothing) {
    const auto file = load("");
    ASSERT_TRUE(file);
    const auto policy = choose_policy(**file, "x", "");
    ASSERT_TRUE(policy);
    const auto snapshot = rules::make_snapshot(**file, *policy, secrets::SecretSnapshot::load({}, {}), Generation{1});
    EXPECT_EQ((*snapshot)->reach(http::Scheme::https, "example.com", false, 443), rules::Reach::denied);
}

TEST_F(ConfigTest, ChoosesTheSandboxsOwnPolicyThenTheOnlyOneThenTheDefault) {
    const auto two = load(write("two.yaml", "version: 1\npolicies: { a: { default: deny }, b: { default: deny } }\n"
                                            "sandboxes: { box: { policy: b, params: { t: x } } }\n"));
    ASSERT_TRUE(two) << said;
    EXPECT_EQ(choose_policy(**two, "box", "")->policy, "b");
    EXPECT_EQ(choose_policy(**two, "box", "")->identity.params.at("t"), "x");
    EXPECT_EQ(choose_policy(**two, "box", "a")->policy, "a");
    EXPECT_FALSE(choose_policy(**two, "other", ""));
    EXPECT_FALSE(choose_policy(**two, "other", "c"));
    const auto named = load(write("named.yaml", "version: 1\npolicies: { a: { default: deny }, default: { default: deny } }\n"));
    ASSERT_TRUE(named) << said;
    EXPECT_EQ(choose_policy(**named, "other", "")->policy, "default");
}

TEST_F(ConfigTest, RelativePathsAreRelativeToTheFile) {
    const auto file = load(write("p.yaml", "version: 1\nproxy: { listen: [ run/p.sock, /p.sock, \"127.0.0.1:1\" ] }\nupstream_ca: ca/root.pem\nsecrets: { a: { file: a.key }, b: { file: /b.key } }\n"
                                           "policies: { p: { default: deny } }\n"));
    ASSERT_TRUE(file) << said;
    EXPECT_EQ((*file)->upstream_ca_files, std::vector<std::string>{directory + "/ca/root.pem"});
    EXPECT_EQ((*file)->proxy.listen, (std::vector<std::string>{directory + "/run/p.sock", "/p.sock", "127.0.0.1:1"}));
    EXPECT_EQ((*file)->secrets[0].location, directory + "/a.key");
    EXPECT_EQ((*file)->secrets[1].location, "/b.key");
    EXPECT_NE(said.find("warning"), std::string::npos) << "the secrets are not used";
}

TEST_F(ConfigTest, ReadsFilesUpToTheirBound) {
    const std::string path = write("f", "12345");
    EXPECT_EQ(*read_text_file(path, 5), "12345");
    EXPECT_FALSE(read_text_file(path, 4));
    EXPECT_FALSE(read_text_file(directory, 4));
}

TEST_F(ConfigTest, ScriptsAreFoundBesideTheFile) {
    EXPECT_EQ(path_from(directory + "/p.yaml", "handlers/../vcs.js"), directory + "/vcs.js");
    EXPECT_EQ(path_from(directory + "/p.yaml", "/etc/vcs.js"), "/etc/vcs.js");
    const auto with = load(write("with.yaml", "version: 1\npolicies: { p: { script: vcs.js } }\n"));
    ASSERT_TRUE(with) << said;
    EXPECT_TRUE(has_script(**with));
    EXPECT_FALSE(has_script(**load("")));
}

TEST_F(ConfigTest, PathsOfTheAdminApiAndTheAuditLogAreRelativeToTheFileToo) {
    const auto file = load(write("p.yaml", "version: 1\naudit: { file: audit.jsonl }\n"
                                           "admin: { socket: admin.sock, listen: \"127.0.0.1:0\", callers: { ci: { token_file: ci.token } } }\n"
                                           "policies: { p: { default: deny } }\n"));
    if (!file) GTEST_FAIL() << said;
    EXPECT_EQ((*file)->audit.file, directory + "/audit.jsonl");
    EXPECT_EQ((*file)->admin.socket, directory + "/admin.sock");
    EXPECT_EQ((*file)->admin.callers.at(0).token_file, directory + "/ci.token");
    const auto none = load(write("none.yaml", "version: 1\nadmin: { socket: none }\npolicies: { p: { default: deny } }\n"));
    ASSERT_TRUE(none) << said;
    EXPECT_EQ((*none)->admin.socket, "none");
}

}  // namespace
}  // namespace sallyport::cli
