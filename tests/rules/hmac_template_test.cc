#include "rules/hmac_template.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

TEST(HmacTemplate, ReadsLiteralsAndReferences) {
    const auto parsed = parse_hmac_template("$v1:${method}\n${header.X-Date}${secrets.k}}${body_md5_base64}");
    ASSERT_TRUE(parsed);
    ASSERT_EQ(parsed->size(), 7u);
    EXPECT_EQ((*parsed)[0].text.text, "$v1:");
    EXPECT_EQ((*parsed)[1].kind, HmacPartKind::method);
    EXPECT_EQ((*parsed)[3].kind, HmacPartKind::field);
    EXPECT_EQ((*parsed)[3].text.text, "X-Date");
    EXPECT_EQ((*parsed)[4].text, (secrets::TemplatePart{secrets::PartKind::secret, "k"}));
    EXPECT_EQ((*parsed)[5].text.text, "}");
    EXPECT_EQ((*parsed)[6].kind, HmacPartKind::body_digest);
    EXPECT_EQ((*parsed)[6].digest, secrets::DigestKind::md5);
    EXPECT_EQ((*parsed)[6].encoding, TextEncoding::base64);
    EXPECT_TRUE(parse_hmac_template("")->empty());
}

TEST(HmacTemplate, KnowsEveryNameAndNoOther) {
    for (const auto* name : {"method", "host", "path", "query", "sorted_query", "target", "timestamp", "nonce", "signature",
                             "body", "body_sha256", "body_sha1_base64", "body_sha512", "body_md5", "header.X", "secrets.x",
                             "params.x", "labels.x", "sandbox.id"}) {
        EXPECT_TRUE(parse_hmac_template("${" + std::string(name) + "}")) << name;
    }
    for (const auto* text : {"${", "${}", "${x}", "${Method}", "${body_}", "${body_crc32}", "${body_sha256_hex}", "${header.}",
                             "${header.a b}", "${secrets.}", "${ method}", "${method", "${secrets.${path}}"}) {
        const auto parsed = parse_hmac_template(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, ErrorCode::config_invalid);
    }
}

TEST(HmacTemplate, KnowsWhetherItNeedsTheBody) {
    for (const auto* text : {"${body}", "a${body_sha256}b"}) EXPECT_TRUE(needs_body(*parse_hmac_template(text))) << text;
    for (const auto* text : {"", "${path}", "body"}) EXPECT_FALSE(needs_body(*parse_hmac_template(text))) << text;
    EXPECT_TRUE(mentions(*parse_hmac_template("v1=${signature}"), HmacPartKind::signature));
    EXPECT_FALSE(mentions(*parse_hmac_template("v1=${nonce}"), HmacPartKind::signature));
}

}  // namespace
}  // namespace sallyport::rules
