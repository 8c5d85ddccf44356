#include "cli/commands.h"

#include <gtest/gtest.h>

namespace sallyport::cli {
namespace {

TEST(Commands, AFailureToStartSaysWhy) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(complain({ErrorCode::config_invalid, "p.yaml is not loaded"}), kExitGateFailed);
    EXPECT_EQ(complain({ErrorCode::internal, ""}), kExitGateFailed);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("p.yaml is not loaded"), std::string::npos);
    EXPECT_NE(said.find("internal error"), std::string::npos);
}

TEST(Commands, AQuestionWithoutAnAnswerIsTwo) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(no_answer({ErrorCode::config_invalid, "nobody listens"}), kExitNoAnswer);
    EXPECT_NE(testing::internal::GetCapturedStderr().find("nobody listens"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::cli
