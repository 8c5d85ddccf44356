#include "cli/line_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::cli {
namespace {

TEST(LineQueue, HandsLinesOverInOrder) {
    net::Loop loop;
    std::string taken;
    LineQueue queue(loop, [&](std::string_view lines) { taken += lines; });
    queue.push("one\n");
    queue.push("two\n");
    EXPECT_EQ(taken, "");
    loop.post([&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(taken, "one\ntwo\n");
}

TEST(LineQueue, DropsWhatNobodyTakesInTimeAndGoesOnAfterwards) {
    net::Loop loop;
    std::size_t taken = 0;
    LineQueue queue(loop, [&](std::string_view lines) { taken += lines.size(); });
    const std::string lines(kQueuedLineBytesMax / 4, 'x');
    for (int i = 0; i < 10; ++i) queue.push(lines);
    testing::internal::CaptureStderr();
    loop.post([&] { loop.stop(); });
    loop.run();
    EXPECT_NE(testing::internal::GetCapturedStderr().find(std::to_string(6 * lines.size()) + " bytes"), std::string::npos);
    EXPECT_EQ(taken, 4 * lines.size());
    queue.push("again\n");
    loop.post([&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(taken, 4 * lines.size() + 6);
}

}  // namespace
}  // namespace sallyport::cli
