#include "rules/hmac_credential.h"

#include <gtest/gtest.h>

#include "rules/hmac_template.h"
#include "secrets/digest.h"
#include "tests/rules/credentialed.h"

namespace sallyport::rules {
namespace {

using secrets::DigestKind;

std::string signature(std::string_view key, std::string_view text) {
    return secrets::to_hex(secrets::hmac(DigestKind::sha256, key, text).view());
}

TEST(HmacCredential, SignsARequestAsItsFileSays) {
    const auto sent = sample::send(
        "{ type: hmac, key: \"${secrets.token}\", string: \"${method}\\n${target}\\n${params.tenant}\", headers: { X-Key-Id: "
        "\"${params.tenant}\", X-Signature: \"v1=${signature}\" }, query: { v: \"2\" } }",
        "/x?a=b", {{"X-Signature", "mine"}}, {"s", {{"tenant", "acme"}}, {}});
    ASSERT_EQ(sent.why(), "");
    EXPECT_EQ(sent.field("X-Key-Id"), "acme");
    EXPECT_EQ(sent.field("X-Signature"), "v1=" + signature(sample::kMarker, "GET\n/x?a=b&v=2\nacme"));
    EXPECT_EQ(sent.head.target, "/x?a=b&v=2");
}

TEST(HmacCredential, IsUnavailableWithoutItsSecretsAndWithAKeyOfAnotherEncoding) {
    const std::string rest = ", string: x, headers: { S: \"${signature}\" } }";
    EXPECT_NE(sample::render_fault("{ type: hmac, key: \"${secrets.absent}\"" + rest), "");
    EXPECT_NE(sample::render_fault("{ type: hmac, key: \"${secrets.token}\", string: \"${secrets.absent}\", headers: { S: \"${signature}\" } }"), "");
    EXPECT_NE(sample::render_fault("{ type: hmac, key: \"${secrets.token}${params.tenant}\"" + rest), "");
    EXPECT_EQ(sample::render_fault("{ type: hmac, key: \"${secrets.odd}\"" + rest), "");
    for (const auto* encoding : {"hex", "base64"}) {
        const auto fault = sample::render_fault("{ type: hmac, key: \"${secrets.odd}\", key_encoding: " + std::string(encoding) + rest);
        EXPECT_NE(fault, "") << encoding;
        EXPECT_EQ(fault.find(sample::kOdd), std::string::npos);
    }
}

TEST(HmacCredential, DecodesItsKey) {
    const std::string rest = ", string: x, headers: { S: \"${signature}\" } }";
    for (const auto& [encoding, key] : {std::pair("hex", "6b6579"), std::pair("base64", "a2V5"), std::pair("raw", "key")}) {
        const auto sent = sample::send("{ type: hmac, key: \"" + std::string(key) + "\", key_encoding: " + encoding + rest);
        EXPECT_EQ(sent.field("S"), signature("key", "x")) << encoding;
    }
}

TEST(HmacCredential, ReportsWhatIsWrongWithItsEntry) {
    const std::string good = "{ type: hmac, key: \"${secrets.token}\", string: \"${path}\", headers: { S: \"${signature}\" } }";
    EXPECT_EQ(sample::reading_fault(good), "");
    const std::pair<std::string, std::string> cases[] = {
        {"{ type: hmac, string: x, headers: { S: \"${signature}\" } }", "6: error: the credential has no \"key\""},
        {"{ type: hmac, key: \"${secrets.token}\", headers: { S: \"${signature}\" } }",
         "6: error: the credential has no \"string\""},
        {"{ type: hmac, key: \"${secrets.token}\", string: \"${paht}\", headers: { S: \"${signature}\" } }", "53: error: \"string\": a reference is "},
        {"{ type: hmac, key: \"${secrets.token}\", string: \"${path\", headers: { S: \"${signature}\" } }",
         "53: error: \"string\": a reference \"${\" is not closed"},
        {"{ type: hmac, key: \"${secrets.token}\", string: \"${signature}\", headers: { S: \"${signature}\" } }",
         "53: error: \"string\" cannot hold its own signature"},
        {"{ type: hmac, key: \"${secrets.token}\", string: \"${secrets.tokn}\", headers: { S: \"${signature}\" } }",
         "53: error: secret \"tokn\" is not defined, did you mean \"token\"?"},
        {"{ type: hmac, key: \"${secrets.token}\", string: \"\", headers: { S: \"${signature}\" } }",
         "53: error: \"string\" is empty"},
        {"{ type: hmac, key: \"${secrets.token}\", string: x, headers: { S: \"x\" } }",
         "6: error: no header and no query key of the credential holds \"${signature}\""},
        {"{ type: hmac, key: \"${secrets.token}\", string: x }",
         "6: error: no header and no query key of the credential holds \"${signature}\""},
        {"{ type: hmac, key: \"${secrets.token}\", string: x, headers: { Host: \"${signature}\" } }",
         "67: error: \"Host\" is not the name of a header that may carry a credential"},
        {"{ type: hmac, key: \"${secrets.token}\", string: x, query: { \"a&b\": \"${signature}\" } }",
         "65: error: \"a&b\" is not the name of a query key"},
        {"{ type: hmac, key: \"${secrets.token}\", string: x, algorithm: md5, headers: { S: \"${signature}\" } }",
         "67: error: \"algorithm\" is one of sha256, sha1, sha512"},
        {"{ type: hmac, key: \"${secrets.token}\", string: x, timestamp: unxi, headers: { S: \"${signature}\" } }",
         "67: error: \"timestamp\" is one of unix, unix_ms, iso8601, http_date, did you mean \"unix\"?"},
        {"{ type: hmac, key: \"${secrets.token}\", string: x, skew: 25h, headers: { S: \"${signature}\" } }",
         "62: error: \"skew\" is at most 24h"},
    };
    for (const auto& [credential, expected] : cases) {
        EXPECT_EQ(sample::reading_fault(credential).substr(0, expected.size()), expected) << credential;
    }
}

}  // namespace
}  // namespace sallyport::rules
