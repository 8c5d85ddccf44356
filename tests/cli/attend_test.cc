#include "cli/attend.h"

#include <unistd.h>

#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

TEST(Attend, AnnouncesReadinessOnce) {
    int pipe_fds[2];
    ASSERT_EQ(pipe(pipe_fds), 0);
    testing::internal::CaptureStderr();
    announce_ready(pipe_fds[1], "box");
    announce_ready(-1, "quiet");
    testing::internal::GetCapturedStderr();
    char line[64];
    const ssize_t size = read(pipe_fds[0], line, sizeof line);
    EXPECT_EQ(std::string(line, static_cast<std::size_t>(size)), "ready box\n");
    EXPECT_EQ(read(pipe_fds[0], line, sizeof line), 0) << "the descriptor is closed afterwards";
    close(pipe_fds[0]);
}

}  // namespace
}  // namespace sallyport::cli
