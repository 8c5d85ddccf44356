#include "secrets/aws_request.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::secrets {
namespace {

constexpr AwsKeys kKeys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
const auto kNow = std::chrono::system_clock::from_time_t(1440938160);  // 20150830T123600Z

std::string field(const HttpRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.fields) {
        if (key == name) return value;
    }
    return "none";
}

// The example of the documentation ("Create a signed AWS API request").
TEST(AwsRequest, IsSignedAsTheDocumentationDoes) {
    HttpRequest request;
    request.url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08";
    request.fields = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}, {"Accept", "*/*"}};
    sign_aws_request(request, kKeys, "us-east-1", "iam", kNow);
    EXPECT_EQ(field(request, "X-Amz-Date"), "20150830T123600Z");
    EXPECT_EQ(field(request, "X-Amz-Security-Token"), "none");
    EXPECT_EQ(field(request, "Authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
              "SignedHeaders=content-type;host;x-amz-date, "
              "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

// post-sts-header-before and post-x-www-form-urlencoded of the published test suite.
TEST(AwsRequest, SignsBodiesAndSessionTokens) {
    HttpRequest with_body;
    with_body.method = "POST";
    with_body.url = "https://example.amazonaws.com:443";
    with_body.fields = {{"content-type", "application/x-www-form-urlencoded"}};
    with_body.body = "Param1=value1";
    sign_aws_request(with_body, kKeys, "us-east-1", "service", kNow);
    EXPECT_TRUE(field(with_body, "Authorization")
                    .ends_with("Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"));
    AwsKeys keys = kKeys;
    keys.session_token =
        "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwt"
        "hAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVX"
        "AkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
    HttpRequest with_token;
    with_token.method = "POST";
    with_token.url = "https://example.amazonaws.com/#here";
    sign_aws_request(with_token, keys, "us-east-1", "service", kNow);
    EXPECT_EQ(field(with_token, "X-Amz-Security-Token"), keys.session_token);
    EXPECT_TRUE(field(with_token, "Authorization")
                    .ends_with("Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"));
}

// What curl sends as Host: a port that is not the scheme's own is part of it.
TEST(AwsRequest, SignsTheHostAsItIsSent) {
    const auto signature = [](const char* url) {
        HttpRequest request;
        request.url = url;
        sign_aws_request(request, kKeys, "us-east-1", "service", kNow);
        return field(request, "Authorization");
    };
    EXPECT_EQ(signature("http://sts.test:80/"), signature("http://sts.test"));
    EXPECT_EQ(signature("https://sts.test:443?"), signature("https://sts.test/"));
    EXPECT_NE(signature("http://sts.test:443/"), signature("http://sts.test/"));
    EXPECT_NE(signature("https://sts.test:8443/"), signature("https://sts.test/"));
}

}  // namespace
}  // namespace sallyport::secrets
