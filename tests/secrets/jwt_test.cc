#include "secrets/jwt.h"

#include <gtest/gtest.h>

#include "sample_keys.h"
#include "secrets/encoding.h"

namespace sallyport::secrets {
namespace {

// The payload of RFC 7515's appendices A.2 and A.3.
constexpr const char* kPayload = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

std::string encoded(std::string_view bytes) {
    Buffer out;
    append_base64url(out, bytes);
    return std::string(out.view());
}

std::string decoded(std::string_view text) {
    Buffer out;
    EXPECT_TRUE(decode_base64(text, out));
    return std::string(out.view());
}

TEST(Jwt, SignsAppendixA2OfRfc7515) {
    const std::string input = encoded(R"({"alg":"RS256"})") + '.' + encoded(kPayload);
    EXPECT_EQ(input,
              "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
              "cnVlfQ");
    for (const char* pem : {sample::kRsaPkcs1, sample::kRsaPkcs8}) {
        const auto key = SigningKey::from_pem(pem);
        ASSERT_TRUE(key);
        EXPECT_EQ(key->algorithm(), JwtAlgorithm::rs256);
        EXPECT_EQ(encoded(key->sign(JwtAlgorithm::rs256, input).value()),
                  "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CU"
                  "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_d"
                  "O--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig"
                  "cN_IoypGlUPQGe77Rw");
    }
}

// No two ECDSA signatures are alike: the RFC's and ours are verified with its key.
TEST(Jwt, SignsAppendixA3OfRfc7515) {
    const std::string input = encoded(R"({"alg":"ES256"})") + '.' + encoded(kPayload);
    const char* published = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    EXPECT_TRUE(sample::verifies("ES256", input, decoded(published)));
    for (const char* pem : {sample::kEcSec1, sample::kEcPkcs8}) {
        const auto key = SigningKey::from_pem(pem);
        ASSERT_TRUE(key);
        EXPECT_EQ(key->algorithm(), JwtAlgorithm::es256);
        const auto signature = key->sign(JwtAlgorithm::es256, input);
        ASSERT_TRUE(signature);
        EXPECT_TRUE(sample::verifies("ES256", input, *signature));
        EXPECT_FALSE(sample::verifies("ES256", input + "x", *signature));
    }
}

TEST(Jwt, SignsWithPss) {
    const auto signature = SigningKey::from_pem(sample::kRsaPkcs8)->sign(JwtAlgorithm::ps256, "text");
    ASSERT_TRUE(signature);
    EXPECT_TRUE(sample::verifies("PS256", "text", *signature));
    EXPECT_FALSE(sample::verifies("RS256", "text", *signature));
}

TEST(Jwt, AKeyOfAnotherKindDoesNotSign) {
    EXPECT_FALSE(SigningKey::from_pem(sample::kEcPkcs8)->sign(JwtAlgorithm::rs256, "text"));
    EXPECT_FALSE(SigningKey::from_pem(sample::kRsaPkcs8)->sign(JwtAlgorithm::es256, "text"));
}

TEST(Jwt, RefusesOtherKeysAndShowsNothingOfThem) {
    for (const char* pem : {"", "mArKeR", sample::kRsa1024, sample::kP384, sample::kEncrypted, sample::kCertificate,
                            "-----BEGIN PRIVATE KEY-----\nmArKeR\n-----END PRIVATE KEY-----\n"}) {
        const auto key = SigningKey::from_pem(pem);
        ASSERT_FALSE(key) << pem;
        EXPECT_EQ(key.error().code, ErrorCode::secret_unavailable);
        EXPECT_TRUE(key.error().detail.starts_with("the private key is n")) << key.error().detail;
        EXPECT_EQ(key.error().detail.find("mArKeR"), std::string::npos);
    }
}

TEST(Jwt, WritesHeaderAndClaims) {
    JsonObject claims;
    claims.field("iss", "a\"b").number("n", -1).time("iat", WallClock::time_point(std::chrono::seconds(5)));
    claims.raw("l", "[1]");
    const auto token = sign_jwt(*SigningKey::from_pem(sample::kEcSec1), JwtAlgorithm::es256, R"("kid":"k1")", claims.text());
    ASSERT_TRUE(token);
    const auto jwt = sample::verified(token->reveal());
    ASSERT_TRUE(jwt);
    EXPECT_EQ(jwt->header.dump(), R"({"alg":"ES256","kid":"k1","typ":"JWT"})");
    EXPECT_EQ(jwt->claims.dump(), R"({"iat":5,"iss":"a\"b","l":[1],"n":-1})");
    EXPECT_EQ(JsonObject().text(), "{}");
}

TEST(Jwt, ReadsWhenATokenEnds) {
    const auto token = [](std::string_view claims) { return "e30." + encoded(claims) + ".c2ln"; };
    EXPECT_EQ(expiry_of_jwt(token(R"({"exp":1700000000})")), WallClock::time_point(std::chrono::seconds(1'700'000'000)));
    for (const std::string& bad : {token("{}"), token(R"({"exp":"1"})"), token(R"({"exp":-1})"), token("x"), token(R"({"exp":1e9})"),
                                   token(R"({"exp":99999999999999})"), std::string("a.b"), std::string(), std::string("a.!.c")}) {
        EXPECT_FALSE(expiry_of_jwt(bad)) << bad;
    }
}

TEST(Jwt, IdsDiffer) {
    SystemRandom random;
    EXPECT_EQ(random_id(random).size(), 32u);
    EXPECT_NE(random_id(random), random_id(random));
}

}  // namespace
}  // namespace sallyport::secrets
