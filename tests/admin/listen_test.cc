#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "admin/server.h"
#include "tests/admin/serving.h"

namespace sallyport::admin {
namespace {

mode_t mode_of(const std::string& path) {
    struct stat found {};
    EXPECT_EQ(lstat(path.c_str(), &found), 0);
    return found.st_mode & 0777;
}

TEST(Listen, AUnixSocketIsItsOwnersUnlessItIsForOthers) {
    const Scratch scratch;
    EXPECT_TRUE(listen_unix(scratch.path(), false));
    EXPECT_EQ(mode_of(scratch.path()), 0600u);
    EXPECT_TRUE(listen_unix(scratch.path(), true));
    EXPECT_EQ(mode_of(scratch.path()), 0666u);
}

TEST(Listen, AStaleSocketIsReplacedAndOneThatAnswersIsNot) {
    const Scratch scratch;
    { EXPECT_TRUE(listen_unix(scratch.path(), false)); }
    const auto first = listen_unix(scratch.path(), false);
    ASSERT_TRUE(first);
    const auto second = listen_unix(scratch.path(), false);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::config_invalid);
    EXPECT_NE(second.error().detail.find("another process serves there"), std::string::npos);
    const Client client(scratch.path());
    EXPECT_GE(client.fd(), 0);
}

TEST(Listen, WhatIsNoSocketIsLeftAlone) {
    const Scratch scratch;
    write_file(scratch.path(), "somebody's");
    EXPECT_FALSE(listen_unix(scratch.path(), false));
    EXPECT_EQ(file_text(scratch.path()), "somebody's");
    EXPECT_FALSE(listen_unix("", false));
    EXPECT_FALSE(listen_unix("/tmp/" + std::string(120, 'a'), false));
    EXPECT_FALSE(listen_unix(scratch.folder() + "/none/admin.sock", false));
}

TEST(Listen, TcpTakesAnAddressAndAPort) {
    for (const char* good : {"127.0.0.1:0", "[::1]:0"}) {
        const auto listener = listen_tcp(good);
        if (std::string_view(good).starts_with('[') && !listener) continue;  // no IPv6 here
        ASSERT_TRUE(listener) << good;
        EXPECT_GT(port_of(*listener), 0);
    }
    for (const char* bad : {"", "127.0.0.1", "localhost:1", ":1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:1x",
                            "::1:1", "[127.0.0.1]:1", "127.0.0.1:-1"}) {
        const auto listener = listen_tcp(bad);
        ASSERT_FALSE(listener) << bad;
        EXPECT_EQ(listener.error().code, ErrorCode::config_invalid) << bad;
    }
}

}  // namespace
}  // namespace sallyport::admin
