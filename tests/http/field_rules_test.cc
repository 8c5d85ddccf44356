#include "http/field_rules.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

TEST(FieldRules, KnowsWhatBelongsToOneConnection) {
    for (const char* name : {"Connection", "KEEP-ALIVE", "te", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings",
                             "Proxy-Connection", "Proxy-Authorization", "proxy-anything"}) {
        EXPECT_TRUE(is_hop_by_hop(name)) << name;
    }
    for (const char* name :
         {"", "t", "tee", "Connections", "Connectio", "Proxy", "X-Proxy-A", "Content-Length", "Host"}) {
        EXPECT_FALSE(is_hop_by_hop(name)) << name;
    }
    EXPECT_FALSE(is_hop_by_hop("Connection" + std::string(100, 'x')));
}

TEST(FieldRules, ProtectsWhatDecidesAlsoWithUnderscores) {
    for (const char* name : {"Host", "Authorization", "cookie", "Content-Length", "Content-Type", "content_length",
                             "Transfer_Encoding", "TRANSFER_ENCODING", "X-Api-Key", "X_Amz_Date", "X-Forwarded-For",
                             "Expect", "If-Match", "Sec-Fetch-Mode", "X-HTTP-Method-Override", "proxy_authorization"}) {
        EXPECT_TRUE(is_protected(name)) << name;
    }
    EXPECT_TRUE(is_protected("X-Amz-" + std::string(100, 'x')));
    for (const char* name : {"X-Hop", "Foo", "Hos", "Hosts", "api_key", "X_Request_Id", "Content", ""}) {
        EXPECT_FALSE(is_protected(name)) << name;
    }
}

TEST(FieldRules, AllowsOnlyHarmlessTrailers) {
    for (const char* name :
         {"Grpc-Status", "grpc-message", "X-Checksum", "ETag", "Server-Timing", "Digest", "x-stream-error"}) {
        EXPECT_TRUE(may_be_trailer(name)) << name;
    }
    for (const char* name : {"Authorization",
                             "Host",
                             "Content-Length",
                             "Content-Encoding",
                             "Transfer-Encoding",
                             "Trailer",
                             "TE",
                             "Cookie",
                             "Set-Cookie",
                             "WWW-Authenticate",
                             "Proxy-Authenticate",
                             "Location",
                             "Cache-Control",
                             "Expect",
                             "Range",
                             "Max-Forwards",
                             "Connection",
                             "Upgrade",
                             "Alt-Svc",
                             "X-Api-Key",
                             "Content_Length",
                             "Age",
                             "Vary",
                             "Access-Control-Allow-Origin",
                             "x-sallyport-verdict",
                             "api-key"}) {
        EXPECT_FALSE(may_be_trailer(name)) << name;
    }
}

}  // namespace
}  // namespace sallyport::http
