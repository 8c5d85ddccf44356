#include "cli/commands.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

class CheckTest : public ScratchTest {};

TEST_F(CheckTest, AGoodFileIsZeroAndABadOneIsOne) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int good = check({write("good.yaml", "version: 1\npolicies: { p: { default: deny } }\n")});
    const int bad = check({write("bad.yaml", "version: 1\npolicies: { p: { defalt: deny } }\n")});
    const int missing = check({directory + "/none.yaml"});
    const std::string out = testing::internal::GetCapturedStdout();
    const std::string err = testing::internal::GetCapturedStderr();
    EXPECT_EQ(good, 0);
    EXPECT_EQ(bad, 1);
    EXPECT_EQ(missing, 1);
    EXPECT_NE(out.find("good.yaml: ok: 1 policies"), std::string::npos);
    EXPECT_NE(err.find("did you mean \"default\"?"), std::string::npos) << err;
}

}  // namespace
}  // namespace sallyport::cli
