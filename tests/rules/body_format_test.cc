#include "rules/body_format.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sallyport::rules {
namespace {

http::HeaderMap fields(const std::vector<std::pair<std::string, std::string>>& list) {
    http::HeaderMap headers;
    for (const auto& [name, value] : list) headers.add(name, value);
    return headers;
}

BodyFormat format_of(const std::string& type) { return body_format(fields({{"content-type", type}})); }

TEST(BodyFormatTest, IsWhatContentTypeSays) {
    for (const std::string type : {"application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json", "text/json"}) {
        EXPECT_EQ(format_of(type), BodyFormat::json) << type;
    }
    EXPECT_EQ(format_of("application/x-www-form-urlencoded;charset=UTF-8"), BodyFormat::form);
    for (const std::string type : {"", "text/plain", "application/jsonx", "application/x-ndjson", "+json", "multipart/form-data"}) {
        EXPECT_EQ(format_of(type), BodyFormat::other) << type;
    }
    EXPECT_EQ(body_format({}), BodyFormat::other);
    EXPECT_EQ(body_format(fields({{"Content-Type", "text/plain"}, {"Content-Type", "text/json"}})), BodyFormat::json);
}

TEST(BodyFormatTest, WhatBytesSayIsPlainWithoutCodingAndInUtf8) {
    EXPECT_TRUE(is_plainly_coded({}));
    EXPECT_TRUE(is_plainly_coded(fields({{"Content-Type", "text/json; x=y; Charset=\"UTF-8\""}, {"Content-Encoding", "identity"}})));
    for (const std::string type : {"text/json; charset=utf-16", "text/json;charset=\"utf-7\"", "text/json; charset="}) {
        EXPECT_FALSE(is_plainly_coded(fields({{"Content-Type", type}}))) << type;
    }
    EXPECT_FALSE(is_plainly_coded(fields({{"Content-Encoding", "gzip"}})));
    EXPECT_FALSE(is_plainly_coded(fields({{"Content-Type", "text/json"}, {"Content-Type", "text/json"}})));
}

}  // namespace
}  // namespace sallyport::rules
