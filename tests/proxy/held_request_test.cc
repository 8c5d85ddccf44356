#include "proxy/held_request.h"

#include <gtest/gtest.h>

#include "http/http1_writer.h"

namespace sallyport::proxy {
namespace {

http::RequestHead post() {
    http::RequestHead head;
    head.method = "POST";
    head.target = "/x";
    head.headers.add("Host", "a.example");
    head.body = {http::BodyKind::chunked};
    return head;
}

std::string passed_on(const HeldRequest& held) {
    Buffer out;
    http::Http1RequestWriter writer(out);
    held.pass_on(writer);
    return std::string(out.view());
}

TEST(HeldRequest, IsPassedOnAsFarAsItWasWritten) {
    HeldRequest held;
    EXPECT_FALSE(held.has_head());
    EXPECT_EQ(passed_on(held), "");
    held.write_head(post());
    const std::string head = "POST /x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(passed_on(held), head);
    held.write_body("one");
    held.write_body("two");
    EXPECT_EQ(passed_on(held), head + "6\r\nonetwo\r\n");
    EXPECT_EQ(held.body_bytes(), 6u);
    http::HeaderMap trailers;
    trailers.add("X-Sum", "1");
    held.write_end(trailers);
    EXPECT_EQ(passed_on(held), head + "6\r\nonetwo\r\n0\r\nX-Sum: 1\r\n\r\n");
    EXPECT_EQ(passed_on(held), passed_on(held)) << "as often as is needed";
    EXPECT_TRUE(held.is_whole());
}

TEST(HeldRequest, WhatWasDroppedIsNotWhole) {
    HeldRequest held;
    held.write_head(post());
    held.write_body("one");
    held.drop();
    held.write_body("two");
    held.write_end({});
    EXPECT_FALSE(held.is_whole());
    EXPECT_EQ(held.size(), 0u);
    EXPECT_EQ(passed_on(held), "");
    held.write_head(post());
    EXPECT_TRUE(held.is_whole()) << "another request";
    EXPECT_EQ(held.body_bytes(), 0u);
}

TEST(HeldRequest, AnOfferThatWasPassedOverIsNoUpgrade) {
    HeldRequest held;
    http::RequestHead head = post();
    head.upgrade = true;
    head.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    held.write_head(head);
    EXPECT_FALSE(held.head().upgrade);
    head.headers.add("Upgrade", "websocket");
    held.write_head(head);
    EXPECT_TRUE(held.head().upgrade);
}

}  // namespace
}  // namespace sallyport::proxy
