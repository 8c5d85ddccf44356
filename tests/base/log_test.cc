#include "base/log.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

std::string logged(LogFormat format, std::string_view message) {
    set_log(LogLevel::info, format);
    testing::internal::CaptureStderr();
    log(LogLevel::warning, message);
    log(LogLevel::debug, "not shown");
    return testing::internal::GetCapturedStderr();
}

TEST(Log, AMessageIsOneLineWhateverItHolds) {
    EXPECT_EQ(logged(LogFormat::text, "a\nb\x1b[31m"), "sallyport: warning: a\\u000ab\\u001b[31m\n");
    EXPECT_EQ(logged(LogFormat::text, "say \"hi\""), "sallyport: warning: say \"hi\"\n");
    EXPECT_EQ(logged(LogFormat::json, "a\"\n"), "{\"level\":\"warning\",\"message\":\"a\\\"\\u000a\"}\n");
}

}  // namespace
}  // namespace sallyport
