#include "tests/cli/refused_start.h"

namespace sallyport::cli {
namespace {

constexpr const char* kOneSandbox =
    "version: 1\npolicies: { p: { default: deny } }\nsandboxes: { box: { policy: p } }\n";

class ServeTest : public RefusedStartTest {};

TEST_F(ServeTest, ABadPolicyFileStartsNothing) {
    ServeOptions options;
    options.runtime_dir = started;
    options.state_dir = "none";
    expect_a_bad_policy_file_is_refused(serve, options);
}

TEST_F(ServeTest, ARuntimeDirectoryThatCannotBeMadeIsNamed) {
    ServeOptions options;
    options.gate = gate(kOneSandbox);
    options.runtime_dir = write("file", "") + "/runtime";
    options.state_dir = "none";
    EXPECT_THAT(refusal(serve, options), testing::HasSubstr(options.runtime_dir + "/lock"));
}

TEST_F(ServeTest, ANamespaceIsNotPinnedOverAFile) {
    ServeOptions options;
    options.gate = gate(kOneSandbox);
    options.runtime_dir = directory;
    options.state_dir = directory + "/state";
    std::filesystem::create_directory(directory + "/box");
    const std::string taken = write("box/netns", "somebody's\n");
    EXPECT_THAT(refusal(serve, options), testing::HasSubstr(taken + " is in use"));
    EXPECT_EQ(read(taken), "somebody's\n");
}

}  // namespace
}  // namespace sallyport::cli
