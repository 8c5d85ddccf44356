#include "cli/commands.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

// What serve does when all is well is shown in tests/integration; here: what it does when something is not.
class ServeTest : public ScratchTest {};

TEST_F(ServeTest, ABadPolicyFileStartsNothing) {
    ServeOptions options;
    options.gate.config_file = write("p.yaml", "version: 1\npolicies: { p: { defualt: deny } }\n");
    options.gate.access_log = "none";
    options.runtime_dir = directory + "/started";
    testing::internal::CaptureStderr();
    EXPECT_EQ(serve(options), kExitGateFailed);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("did you mean \"default\"?"), std::string::npos) << said;
    EXPECT_FALSE(std::filesystem::exists(directory + "/started"));
}

}  // namespace
}  // namespace sallyport::cli
