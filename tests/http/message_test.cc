#include "http/message.h"

#include <gtest/gtest.h>

namespace sallyport::http {
namespace {

TEST(RequestHead, ClearsToWhatANewOneIs) {
    RequestHead head;
    head.method = "GET";
    head.target = "/";
    head.version_minor = 0;
    head.headers.add("Host", "a");
    head.body = {BodyKind::length, 5};
    head.keep_alive = false;
    head.expect_continue = head.upgrade = true;
    head.clear();
    const RequestHead fresh;
    EXPECT_EQ(head.method + head.target, "");
    EXPECT_EQ(head.version_minor, fresh.version_minor);
    EXPECT_TRUE(head.headers.empty());
    EXPECT_EQ(head.body, fresh.body);
    EXPECT_TRUE(head.keep_alive);
    EXPECT_FALSE(head.expect_continue || head.upgrade);
}

TEST(ResponseHead, ClearsToWhatANewOneIs) {
    ResponseHead head;
    head.status = 200;
    head.reason = "OK";
    head.version_minor = 0;
    head.headers.add("Server", "a");
    head.body = {BodyKind::until_close, 0};
    head.keep_alive = false;
    head.clear();
    const ResponseHead fresh;
    EXPECT_EQ(head.status, 0);
    EXPECT_EQ(head.reason, "");
    EXPECT_EQ(head.version_minor, fresh.version_minor);
    EXPECT_TRUE(head.headers.empty());
    EXPECT_EQ(head.body, fresh.body);
    EXPECT_TRUE(head.keep_alive);
}

TEST(Scheme, HasANameAndAPort) {
    EXPECT_STREQ(to_string(Scheme::http), "http");
    EXPECT_STREQ(to_string(Scheme::https), "https");
    EXPECT_EQ(default_port(Scheme::http), 80);
    EXPECT_EQ(default_port(Scheme::https), 443);
}

}  // namespace
}  // namespace sallyport::http
