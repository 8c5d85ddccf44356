#include "proxy/extended_connect.h"

#include <gtest/gtest.h>

#include "proxy/websocket.h"

namespace sallyport::proxy {
namespace {

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

http::RequestHead extended_connect(std::string protocol) {
    http::RequestHead head;
    head.method = "CONNECT";
    head.protocol = std::move(protocol);
    head.version_major = 2;
    head.upgrade = true;
    head.body = {http::BodyKind::chunked, 0};
    head.headers.add("Host", "chat.example");
    head.headers.add("sec-websocket-version", "13");
    return head;
}

TEST(ExtendedConnect, BecomesAnUpgradeRequestThatIsOne) {
    http::RequestHead head = extended_connect("websocket");
    ASSERT_TRUE(to_upgrade_request(head, kKey));
    EXPECT_TRUE(asks_for_websocket(head));
    const auto key = check_websocket_request(head);
    ASSERT_TRUE(key);
    EXPECT_EQ(*key, kKey);
    EXPECT_TRUE(head.protocol.empty());
}

TEST(ExtendedConnect, OfAnotherProtocolIsRefused) {
    for (const char* protocol : {"webtransport", "WebSocket", "connect-udp"}) {
        http::RequestHead head = extended_connect(protocol);
        const auto outcome = to_upgrade_request(head, kKey);
        ASSERT_FALSE(outcome) << protocol;
        EXPECT_EQ(outcome.error().code, ErrorCode::upgrade_refused);
    }
}

// A client over HTTP/2 may have sent what only HTTP/1.1 has: the gate's own counts.
TEST(ExtendedConnect, HasTheGatesKeyAlone) {
    http::RequestHead head = extended_connect("websocket");
    head.headers.add("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==");
    ASSERT_TRUE(to_upgrade_request(head, kKey));
    EXPECT_EQ(head.headers.count("Sec-WebSocket-Key"), 1u);
    EXPECT_EQ(head.headers.get("Sec-WebSocket-Key"), kKey);
}

TEST(ExtendedConnect, AnswersAreTurned) {
    http::ResponseHead head;
    head.status = 101;
    add_upgrade_fields(head.headers);
    head.headers.add("sec-websocket-accept", websocket_accept(kKey));
    head.headers.add("sec-websocket-protocol", "chat");
    to_connect_response(head);
    EXPECT_EQ(head.status, 200);
    for (const char* name : {"Connection", "Upgrade", "Sec-WebSocket-Accept"}) EXPECT_FALSE(head.headers.has(name)) << name;
    EXPECT_TRUE(head.headers.has("Sec-WebSocket-Protocol"));
    head.status = 403;
    to_connect_response(head);
    EXPECT_EQ(head.status, 403);
}

}  // namespace
}  // namespace sallyport::proxy
