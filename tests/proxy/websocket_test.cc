#include "proxy/websocket.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

constexpr const char* kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 section 1.3

http::RequestHead request() {
    http::RequestHead head;
    head.method = "GET";
    head.target = "/chat";
    head.upgrade = true;
    head.headers.add("Upgrade", "WebSocket");
    head.headers.add("Connection", "keep-alive, Upgrade");
    head.headers.add("Sec-WebSocket-Version", "13");
    head.headers.add("Sec-WebSocket-Key", kKey);
    return head;
}

http::ResponseHead response() {
    http::ResponseHead head;
    head.status = 101;
    head.headers.add("Upgrade", "websocket");
    head.headers.add("Connection", "Upgrade");
    head.headers.add("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    return head;
}

TEST(WebSocket, AcceptIsThatOfTheStandardsExample) {
    EXPECT_EQ(websocket_accept(kKey), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, AHandshakeOfVersion13IsOne) {
    const auto head = request();
    EXPECT_TRUE(asks_for_websocket(head));
    EXPECT_EQ(check_websocket_request(head).value_or(""), kKey);
}

// P6: only websocket, and only its own handshake.
TEST(WebSocket, P6_OtherUpgradesAreNotAskedFor) {
    for (const char* protocol : {"foo", "h2c", "websocket, foo", "tls/1.0", ""}) {
        auto head = request();
        head.headers.set("Upgrade", protocol);
        EXPECT_FALSE(asks_for_websocket(head)) << protocol;
    }
    auto twice = request();
    twice.headers.add("Upgrade", "websocket");
    EXPECT_FALSE(asks_for_websocket(twice));
    auto old = request();
    old.version_minor = 0;
    EXPECT_FALSE(asks_for_websocket(old));
    auto unnamed = request();
    unnamed.upgrade = false;
    EXPECT_FALSE(asks_for_websocket(unnamed));
}

TEST(WebSocket, P6_MalformedHandshakesAreRefused) {
    const auto refuses = [](auto change) {
        auto head = request();
        change(head);
        const auto key = check_websocket_request(head);
        return !key && key.error().code == ErrorCode::bad_request;
    };
    EXPECT_TRUE(refuses([](auto& head) { head.method = "POST"; }));
    EXPECT_TRUE(refuses([](auto& head) { head.body = {http::BodyKind::length, 1}; }));
    EXPECT_TRUE(refuses([](auto& head) { head.headers.set("Sec-WebSocket-Version", "8"); }));
    EXPECT_TRUE(refuses([](auto& head) { head.headers.add("Sec-WebSocket-Version", "13"); }));
    EXPECT_TRUE(refuses([](auto& head) { head.headers.remove("Sec-WebSocket-Key"); }));
    EXPECT_TRUE(refuses([](auto& head) { head.headers.add("Sec-WebSocket-Key", kKey); }));
    for (const char* key : {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZB==", "dGhlIHNhbXBsZSBub25jZ===",
                            "dGhlIHNhbXBsZSBub25jZQ==AAAA", "dGhlIHNhbXBs SBub25jZQ=="}) {
        EXPECT_TRUE(refuses([&](auto& head) { head.headers.set("Sec-WebSocket-Key", key); })) << key;
    }
}

TEST(WebSocket, P6_OnlyTheRightAnswerSwitches) {
    EXPECT_TRUE(check_websocket_response(response(), kKey));
    const auto refuses = [](auto change) {
        auto head = response();
        change(head);
        const auto valid = check_websocket_response(head, kKey);
        return !valid && valid.error().code == ErrorCode::origin_bad_upgrade;
    };
    EXPECT_TRUE(refuses([](auto& head) { head.headers.set("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOO="); }));
    EXPECT_TRUE(refuses([](auto& head) { head.headers.remove("Sec-WebSocket-Accept"); }));
    EXPECT_TRUE(refuses([](auto& head) { head.headers.add("Sec-WebSocket-Accept", "x"); }));
    EXPECT_TRUE(refuses([](auto& head) { head.headers.set("Upgrade", "foo"); }));
    EXPECT_TRUE(refuses([](auto& head) { head.headers.remove("Upgrade"); }));
    EXPECT_TRUE(refuses([](auto& head) { head.headers.set("Connection", "keep-alive"); }));
    EXPECT_TRUE(refuses([](auto& head) { head.headers.set("Connection", "Upgrade, sec-websocket-accept"); }));
    EXPECT_TRUE(refuses([](auto& head) { head.headers.add("X", "a\rb"); }));
    EXPECT_TRUE(refuses([](auto& head) { head.reason = "a\nb"; }));
}

}  // namespace
}  // namespace sallyport::proxy
