#include "rules/aws_bucket.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

std::string bucket(std::string_view host, std::string_view path, std::string_view endpoint = "") {
    const auto found = bucket_of(host, path, endpoint);
    return found ? *found : "refused";
}

TEST(AwsBucket, IsInTheHostOrInThePath) {
    EXPECT_EQ(bucket("s3.amazonaws.com", "/b/k"), "b");
    EXPECT_EQ(bucket("s3.eu-west-1.amazonaws.com", "/b%2Dc"), "b-c");
    EXPECT_EQ(bucket("s3-eu-west-1.amazonaws.com", "/b/"), "b");
    EXPECT_EQ(bucket("b.s3.eu-west-1.amazonaws.com", "/k"), "b");
    EXPECT_EQ(bucket("b.s3.cn-north-1.amazonaws.com.cn", "/k"), "b");
    EXPECT_EQ(bucket("b.s3-accelerate.dualstack.amazonaws.com", "/k"), "b");
    EXPECT_EQ(bucket("b.c.s3.amazonaws.com", "/k"), "b.c");
    EXPECT_EQ(bucket("s3.b.s3.amazonaws.com", "/k"), "s3.b");
    EXPECT_EQ(bucket("b--x-s3.s3express-use1-az4.us-east-1.amazonaws.com", "/k"), "b--x-s3");
    EXPECT_EQ(bucket("sts.amazonaws.com", "/b/k"), "refused");
    EXPECT_EQ(bucket("xs3.amazonaws.com", "/b/k"), "refused");
    EXPECT_EQ(bucket("s3.amazonaws.com.evil.test", "/b/k"), "refused");
}

TEST(AwsBucket, OfAnotherStoreNeedsItsEndpoint) {
    EXPECT_EQ(bucket("minio.test", "/b/k"), "refused");
    EXPECT_EQ(bucket("minio.test", "/b/k", "minio.test"), "b");
    EXPECT_EQ(bucket("c.minio.test", "/b/k", "minio.test"), "c");
    EXPECT_EQ(bucket("xminio.test", "/b/k", "minio.test"), "refused");
    EXPECT_EQ(bucket("s3.amazonaws.com", "/b/k", "minio.test"), "b");
}

TEST(AwsBucket, IsNotGuessedFromPathsThatCanBeReadInTwoWays) {
    for (const auto* path : {"", "/", "//b", "/b/..", "/b/./c", "/b/%2e%2E/c", "/b/%252e%252e/c", "/b%5cc", "/b/..;x", "/b%00", "/.."}) {
        EXPECT_EQ(bucket("s3.amazonaws.com", path), "refused") << path;
    }
    for (const auto* path : {"/b/...", "/b//c", "/b/.a", "/b/a..b", "/b/%20", "/b/..a"}) {
        EXPECT_EQ(bucket("s3.amazonaws.com", path), "b") << path;
    }
}

TEST(AwsBucket, OfACopySourceIsItsFirstSegment) {
    EXPECT_EQ(bucket_of_copy_source("b/k?versionId=1").value(), "b");
    EXPECT_EQ(bucket_of_copy_source("/b/k").value(), "b");
    EXPECT_EQ(bucket_of_copy_source("b%2Fk").value(), "b");
    for (const auto* source : {"", "/", "b/../c/k", "arn:aws:s3:::x", "arn%3Aaws:s3/b"}) {
        EXPECT_FALSE(bucket_of_copy_source(source)) << source;
    }
}

}  // namespace
}  // namespace sallyport::rules
