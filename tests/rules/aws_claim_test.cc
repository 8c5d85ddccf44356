#include "rules/aws_claim.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::rules {
namespace {

using secrets::AwsVersion;

http::RequestHead head(const std::string& target, const std::string& authorization = "") {
    http::RequestHead head;
    head.method = "GET";
    head.target = target;
    head.headers.add("Host", "h.test");
    if (!authorization.empty()) head.headers.add("Authorization", authorization);
    return head;
}

TEST(AwsClaim, IsNoneWithoutASignature) {
    const auto claim = read_aws_claim(head("/a?b=c&x-amz-acl=private"));
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->form, AwsForm::none);
}

TEST(AwsClaim, ReadsAnAuthorizationField) {
    const auto claim = read_aws_claim(
        head("/", "AWS4-HMAC-SHA256 Credential=minio/ID/20200101/eu-west-1/s3/aws4_request,SignedHeaders=host,Signature=00"));
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->form, AwsForm::header);
    EXPECT_EQ(claim->version, AwsVersion::v4);
    EXPECT_EQ(claim->access_key_id, "minio/ID");
    EXPECT_EQ(claim->region, "eu-west-1");
    EXPECT_EQ(claim->service, "s3");
}

TEST(AwsClaim, ReadsAPresignedQuery) {
    const auto claim = read_aws_claim(
        head("/?X-Amz-SignedHeaders=host&X-Amz-Expires=86400&X-Amz-Date=x&X-Amz-Credential=ID%2f20200101%2Fr%2Fs%2Faws4_request"
             "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00"));
    ASSERT_TRUE(claim) << claim.error().detail;
    EXPECT_EQ(claim->form, AwsForm::query);
    EXPECT_EQ(claim->access_key_id, "ID");
    EXPECT_EQ(claim->region, "r");
    EXPECT_EQ(claim->service, "s");
    EXPECT_EQ(claim->expires_seconds, 86400u);
}

TEST(AwsClaim, ReadsTheRegionSetOfVersion4a) {
    auto request = head("/", "AWS4-ECDSA-P256-SHA256 Credential=ID/20200101/s3/aws4_request, SignedHeaders=host, Signature=00");
    EXPECT_FALSE(read_aws_claim(request));
    request.headers.add("X-Amz-Region-Set", "eu-*,us-east-1");
    const auto claim = read_aws_claim(request);
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->version, AwsVersion::v4a);
    EXPECT_EQ(claim->region, "eu-*,us-east-1");
    request.headers.add("X-Amz-Region-Set", "*");
    EXPECT_FALSE(read_aws_claim(request));
}

TEST(AwsClaim, TakesTheSignatureOutOfAQueryAndLeavesTheRest) {
    const std::pair<const char*, const char*> cases[] = {
        {"", ""},
        {"a=b&c", "a=b&c"},
        {"a=1+2&&b=%2b", "a=1%202&b=%2b"},
        {"X-Amz-Date=1&a=b&X-Amz-Signature=2", "a=b"},
        {"%58-amz-date=1", ""},
        {"X-Amz-Content-Sha256=1&x-amz-acl=2", "X-Amz-Content-Sha256=1&x-amz-acl=2"},
    };
    for (const auto& [query, expected] : cases) EXPECT_EQ(query_without_signature(query), expected) << query;
    EXPECT_EQ(aws_query_value("a=1&b=c+d%2F&b=2", "b"), "c d/");
    EXPECT_EQ(aws_query_value("a=1", "b"), "");
}

TEST(AwsClaim, SplitsATarget) {
    EXPECT_EQ(path_of("/a?b?c"), "/a");
    EXPECT_EQ(query_of("/a?b?c"), "b?c");
    EXPECT_EQ(path_of("/a"), "/a");
    EXPECT_EQ(query_of("/a"), "");
}

TEST(AwsClaim, KnowsTheFieldsThatSayWhoSigns) {
    for (const auto* name : {"authorization", "X-AMZ-DATE", "x-amz-security-token", "x-amz-region-set"}) {
        EXPECT_TRUE(is_aws_signature_field(name)) << name;
    }
    for (const auto* name : {"date", "x-amz-content-sha256", "x-amz-acl"}) EXPECT_FALSE(is_aws_signature_field(name)) << name;
}

}  // namespace
}  // namespace sallyport::rules
