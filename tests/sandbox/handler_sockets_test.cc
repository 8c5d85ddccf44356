#include "sandbox/handler_sockets.h"

#include <sys/stat.h>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

using ::testing::HasSubstr;

mode_t mode_of(const std::string& path) {
    struct stat status {};
    ::stat(path.c_str(), &status);
    return status.st_mode & 0777;
}

TEST(HandlerSockets, GoWithTheirOwner) {
    ASSERT_ROOT();
    std::string socket;
    std::string directory;
    {
        const auto made = HandlerDirectory::make("");
        ASSERT_OK(made);
        const auto listening = made->listen("x", {65534, 65534, 0600});
        ASSERT_OK(listening);
        socket = listening->file.path();
        directory = std::filesystem::path(socket).parent_path();
        EXPECT_EQ(mode_of(directory), 0700u);
        EXPECT_EQ(mode_of(socket), 0600u);
        const auto connection = connect_unix(socket);
        ASSERT_OK(connection);
        EXPECT_TRUE(accept_one(listening->fd));
    }
    EXPECT_FALSE(std::filesystem::exists(directory));
    EXPECT_EQ(connect_unix(socket).error().code, ErrorCode::handler_unavailable);
}

TEST(HandlerSockets, MakeADirectoryThatOthersPassThrough) {
    ASSERT_ROOT();
    const ScratchDir scratch;
    const std::string path = scratch.path() + "/a/b";
    {
        const auto made = HandlerDirectory::make(path);
        ASSERT_OK(made);
        EXPECT_EQ(mode_of(path), 0711u);
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(HandlerSockets, RemoveWhatACrashLeftAndNothingElse) {
    ASSERT_ROOT();
    const ScratchDir scratch;
    const std::string path = scratch.path() + "/sockets";
    EXPECT_EQ(in_child([&] {
                  auto made = HandlerDirectory::make(path);
                  auto left = made->listen("left", {});
                  ::_exit(left ? 0 : 1);  // without destructors
              }),
              0);
    std::ofstream(path + "/file.sock") << "x";
    ASSERT_TRUE(std::filesystem::exists(path + "/left.sock"));
    const auto made = HandlerDirectory::make(path);
    ASSERT_OK(made);
    const auto used = made->listen("used", {});
    ASSERT_OK(used);
    EXPECT_FALSE(std::filesystem::exists(path + "/left.sock"));
    ASSERT_OK(HandlerDirectory::make(path));
    EXPECT_TRUE(std::filesystem::exists(path + "/used.sock"));
    EXPECT_TRUE(std::filesystem::exists(path + "/file.sock"));
}

TEST(HandlerSockets, SayWhatIsWrong) {
    ASSERT_ROOT();
    const ScratchDir scratch;
    EXPECT_THAT(HandlerDirectory::make("relative").error().detail, HasSubstr("absolute"));
    EXPECT_FALSE(HandlerDirectory::make(scratch.file("file", "")).has_value());
    EXPECT_EQ(connect_unix("").error().code, ErrorCode::config_invalid);
    EXPECT_EQ(connect_unix(std::string(200, 'a')).error().code, ErrorCode::config_invalid);
    EXPECT_EQ(connect_unix(std::string("/a\0b", 4)).error().code, ErrorCode::config_invalid);
    const auto made = HandlerDirectory::make(scratch.path() + "/sockets");
    ASSERT_OK(made);
    EXPECT_FALSE(made->listen(std::string(200, 'a'), {}).has_value());
}

TEST(HandlerSockets, SayWhenTheQueueIsFull) {
    ASSERT_ROOT();
    const auto made = HandlerDirectory::make("");
    ASSERT_OK(made);
    const auto listening = made->listen("x", {});
    ASSERT_OK(listening);
    ASSERT_EQ(::listen(listening->fd.get(), 0), 0);
    ASSERT_OK(connect_unix(listening->file.path()));
    EXPECT_EQ(connect_unix(listening->file.path()).error().code, ErrorCode::handler_busy);
}

}  // namespace
}  // namespace sallyport::sandbox
