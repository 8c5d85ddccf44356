#include "proxy/absolute_target.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

http::RequestHead head_for(const std::string& target) {
    http::RequestHead head;
    head.method = "GET";
    head.target = target;
    head.headers.add("Host", "other.example");
    return head;
}

TEST(AbsoluteTarget, WhatItNamesCountsAndHostFollows) {
    struct Case {
        const char* target;
        http::Scheme scheme;
        const char* host;
        std::uint16_t port;
        const char* field;
    };
    const Case cases[] = {
        {"http://API.example.com./x?y", http::Scheme::http, "api.example.com", 80, "api.example.com"},
        {"HTTPS://a.example:8443", http::Scheme::https, "a.example", 8443, "a.example:8443"},
        {"https://a.example:443?q", http::Scheme::https, "a.example", 443, "a.example"},
        {"http://203.0.113.9/", http::Scheme::http, "203.0.113.9", 80, "203.0.113.9"},
        {"http://[2001:DB8::1]:81/", http::Scheme::http, "2001:db8::1", 81, "[2001:db8::1]:81"},
        {"http://a.example/http://b.example/", http::Scheme::http, "a.example", 80, "a.example"},
    };
    for (const Case& each : cases) {
        http::RequestHead head = head_for(each.target);
        const auto target = take_absolute_target(head);
        ASSERT_TRUE(target) << each.target;
        EXPECT_EQ(target->scheme, each.scheme) << each.target;
        EXPECT_EQ(target->host, each.host) << each.target;
        EXPECT_EQ(target->port, each.port) << each.target;
        EXPECT_EQ(head.headers.count("Host"), 1u);
        EXPECT_EQ(*head.headers.get("Host"), each.field) << each.target;
    }
}

TEST(AbsoluteTarget, WhatNamesNoHostOfTheWebIsRefused) {
    for (const char* target : {"/", "*", "a.example:443", "ftp://a.example/", "ws://a.example/", "http:/a.example/", "file:///etc/passwd"}) {
        http::RequestHead head = head_for(target);
        const auto refused = take_absolute_target(head);
        ASSERT_FALSE(refused) << target;
        EXPECT_EQ(refused.error().code, ErrorCode::bad_path) << target;
    }
    for (const char* target : {"http://", "http:///x", "http://u:p@a.example/", "http://a.example:/", "http://a.example:0/", "http://a b/"}) {
        http::RequestHead head = head_for(target);
        const auto refused = take_absolute_target(head);
        ASSERT_FALSE(refused) << target;
        EXPECT_EQ(refused.error().code, ErrorCode::bad_authority) << target;
    }
}

}  // namespace
}  // namespace sallyport::proxy
