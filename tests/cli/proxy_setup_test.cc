#include "cli/proxy_setup.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

using ProxySetupTest = ScratchTest;

TEST_F(ProxySetupTest, OpensUnixSocketsForEveryoneAndPortsOfThisMachine) {
    const std::string path = directory + "/proxy.sock";
    const auto listeners = open_proxy_listeners({{path, "127.0.0.1:0", "127.0.0.1:0"}});
    ASSERT_TRUE(listeners) << listeners.error().detail;
    ASSERT_EQ(listeners->size(), 3u);
    EXPECT_EQ((*listeners)[0].place, path);
    struct stat found {};
    ASSERT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0666u) << "the credential says who may do what";
    EXPECT_TRUE((*listeners)[1].place.starts_with("127.0.0.1:"));
    EXPECT_FALSE((*listeners)[1].place.ends_with(":0")) << "the port that it has";
    EXPECT_NE((*listeners)[1].place, (*listeners)[2].place);
    const auto again = open_proxy_listeners({{(*listeners)[1].place}});
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().detail.find("proxy: " + (*listeners)[1].place), std::string::npos) << again.error().detail;
    EXPECT_FALSE(open_proxy_listeners({{path}})) << "somebody serves there";
}

TEST_F(ProxySetupTest, UrlsAreForPlacesThatAUrlCanName) {
    EXPECT_EQ(proxy_url("http", "127.0.0.1:3128", "box", "abc"), "http://box:abc@127.0.0.1:3128");
    EXPECT_EQ(proxy_url("socks5h", "[::1]:3128", "box", "abc"), "socks5h://box:abc@[::1]:3128");
    EXPECT_EQ(proxy_url("http", "/run/proxy.sock", "box", "abc"), "");
}

}  // namespace
}  // namespace sallyport::cli
