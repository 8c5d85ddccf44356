#include "proxy/proxy_opening.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

TEST(ProxyOpening, ATunnelIsAcceptedInTheClientsOwnWords) {
    EXPECT_EQ(tunnel_accepted(ProxyOpening::Form::connect), "HTTP/1.1 200 Connection established\r\n\r\n");
    EXPECT_EQ(tunnel_accepted(ProxyOpening::Form::socks5), std::string("\5\0\0\1\0\0\0\0\0\0", 10));
}

TEST(ProxyOpening, ARefusalIsTheUsualReplyOrSocksNotAllowed) {
    ProxyOpening opening;
    opening.form = ProxyOpening::Form::connect;
    const std::string refused = tunnel_refused(opening, {.error = ErrorCode::denied, .request_id = RequestId{7}});
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 403 Forbidden\r\n")) << refused;
    EXPECT_NE(refused.find("Connection: close\r\n"), std::string::npos) << refused;
    EXPECT_NE(refused.find("{\"error\":\"denied\""), std::string::npos) << refused;
    opening.form = ProxyOpening::Form::socks5;
    EXPECT_EQ(tunnel_refused(opening, {}), std::string("\5\2\0\1\0\0\0\0\0\0", 10));
}

}  // namespace
}  // namespace sallyport::proxy
