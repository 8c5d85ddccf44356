#include "cli/commands.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

// What attach does when all is well is shown in tests/integration; here: what it does when something is not.
class AttachTest : public ScratchTest {};

TEST_F(AttachTest, ABadPolicyFileStartsNothing) {
    AttachOptions options;
    options.gate.config_file = write("p.yaml", "version: 1\npolicies: { p: { defualt: deny } }\n");
    options.gate.access_log = "none";
    options.netns_path = "/nonexistent/netns";
    options.ca_out_file = directory + "/started";
    testing::internal::CaptureStderr();
    EXPECT_EQ(attach(options), kExitGateFailed);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("did you mean \"default\"?"), std::string::npos) << said;
    EXPECT_FALSE(std::filesystem::exists(directory + "/started"));
}

}  // namespace
}  // namespace sallyport::cli
