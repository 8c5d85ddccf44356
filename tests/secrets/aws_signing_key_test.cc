#include "secrets/aws_signing_key.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/secrets/ec_verify.h"

namespace sallyport::secrets {
namespace {

constexpr AwsKeys kKeys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
constexpr AwsKeys kV4aKeys{kV4aAccessKeyId, kV4aSecretAccessKey};

AwsScope scope(AwsVersion version, std::string region = "us-east-1") {
    return {version, "20150830T123600Z", std::move(region), "service"};
}

TEST(AwsSigningKey, IsTheOneOfTheDocumentation) {
    const AwsSigningKey key(kKeys, {AwsVersion::v4, "20150830T123600Z", "us-east-1", "iam"});
    EXPECT_EQ(key.sign("AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
                       "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"),
              "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST(AwsSigningKey, OfVersion4aIsTheOneThatIsPublished) {
    const AwsSigningKey key(kV4aKeys, scope(AwsVersion::v4a, "*"));
    const auto signature = key.sign("what is signed");
    EXPECT_LE(signature.size(), 144u);
    EXPECT_TRUE(verifies_ecdsa(kV4aPublicX, kV4aPublicY, "what is signed", signature));
    EXPECT_FALSE(verifies_ecdsa(kV4aPublicX, kV4aPublicY, "what is not signed", signature));
    const AwsSigningKey other(kKeys, scope(AwsVersion::v4a, "*"));
    EXPECT_FALSE(verifies_ecdsa(kV4aPublicX, kV4aPublicY, "what is signed", other.sign("what is signed")));
}

TEST(AwsKeyCache, GivesTheSameKeyForTheSameScopeAndForgetsTheOldest) {
    AwsKeyCache cache;
    const auto first = cache.get(kKeys, scope(AwsVersion::v4));
    EXPECT_EQ(cache.get(kKeys, scope(AwsVersion::v4)), first);
    EXPECT_EQ(first->sign("x"), AwsSigningKey(kKeys, scope(AwsVersion::v4)).sign("x"));
    auto tomorrow = scope(AwsVersion::v4);
    tomorrow.timestamp = "20150831T000000Z";
    EXPECT_NE(cache.get(kKeys, tomorrow)->sign("x"), first->sign("x"));
    for (int i = 0; i < 40; ++i) {
        const auto region = "region-" + std::to_string(i);
        EXPECT_EQ(cache.get(kKeys, scope(AwsVersion::v4, region))->sign("x"),
                  AwsSigningKey(kKeys, scope(AwsVersion::v4, region)).sign("x"));
    }
    EXPECT_NE(cache.get(kKeys, scope(AwsVersion::v4)), first);
}

TEST(AwsKeyCache, HasOneKeyOfVersion4aForAllScopes) {
    AwsKeyCache cache;
    auto other = scope(AwsVersion::v4a, "eu-*");
    other.service = "s3";
    EXPECT_EQ(cache.get(kKeys, scope(AwsVersion::v4a, "*")), cache.get(kKeys, other));
    EXPECT_NE(cache.get(kKeys, scope(AwsVersion::v4, "*")), cache.get(kKeys, other));
}

}  // namespace
}  // namespace sallyport::secrets
