#include "secrets/aws_signing_key.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>
#include <string>

namespace sallyport::secrets {
namespace {

constexpr AwsKeys kKeys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
// Published with its derived key (aws-c-auth, key_derivation_tests).
constexpr AwsKeys kV4aKeys{"AKISORANDOMAASORANDOM", "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom"};
constexpr std::string_view kV4aPublicX = "15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb";
constexpr std::string_view kV4aPublicY = "0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0";

AwsScope scope(AwsVersion version, std::string region = "us-east-1") {
    return {version, "20150830T123600Z", std::move(region), "service"};
}

std::string from_hex(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return out;
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

EVP_PKEY* public_key(std::string_view x, std::string_view y) {
    const auto point = '\4' + from_hex(x) + from_hex(y);
    OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
    EVP_PKEY* key = nullptr;
    EVP_PKEY_fromdata_init(context);
    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    return key;
}

bool verifies(EVP_PKEY* key, std::string_view text, std::string_view signature_hex) {
    const auto signature = from_hex(signature_hex);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const bool good = EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
                      EVP_DigestVerify(context, bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

TEST(AwsSigningKey, IsTheOneOfTheDocumentation) {
    const AwsSigningKey key(kKeys, {AwsVersion::v4, "20150830T123600Z", "us-east-1", "iam"});
    EXPECT_EQ(key.sign("AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
                       "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"),
              "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST(AwsSigningKey, OfVersion4aIsTheOneThatIsPublished) {
    const AwsSigningKey key(kV4aKeys, scope(AwsVersion::v4a, "*"));
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> verifier(public_key(kV4aPublicX, kV4aPublicY),
                                                                     &EVP_PKEY_free);
    ASSERT_TRUE(verifier);
    const auto signature = key.sign("what is signed");
    EXPECT_LE(signature.size(), 144u);
    EXPECT_TRUE(verifies(verifier.get(), "what is signed", signature));
    EXPECT_FALSE(verifies(verifier.get(), "what is not signed", signature));
    const AwsSigningKey other(kKeys, scope(AwsVersion::v4a, "*"));
    EXPECT_FALSE(verifies(verifier.get(), "what is signed", other.sign("what is signed")));
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
