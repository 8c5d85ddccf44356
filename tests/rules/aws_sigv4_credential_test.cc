#include "rules/aws_sigv4_credential.h"

#include <gtest/gtest.h>

#include "rules/aws_sigv4_action.h"
#include "tests/rules/credentialed.h"

namespace sallyport::rules {
namespace {

const std::string kKeys = "access_key_id: AKIAREAL, secret_access_key: \"${secrets.token}\", ";
const std::string kScope = "services: [s3], regions: [eu-west-1]";

TEST(AwsSigv4Credential, SignsARequestAsItsFileSays) {
    const auto sent = sample::send("{ type: aws_sigv4, " + kKeys + "session_token: \"${secrets.odd}\", " + kScope + " }");
    EXPECT_NE(sent.why(), "");  // the odd secret is no session token
    const auto good = sample::send("{ type: aws_sigv4, " + kKeys + kScope + " }", "/k", {{"X-Amz-Date", "20200101T000000Z"}, {"X_Amz_Acl", "x"}});
    ASSERT_EQ(good.why(), "");
    EXPECT_TRUE(good.field("Authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKIAREAL/1970"));
    EXPECT_EQ(good.head.headers.count("X-Amz-Date"), 1u);
    EXPECT_EQ(good.field("X-Amz-Date"), "19700101T000000Z");  // the clock of these tests
    EXPECT_FALSE(good.head.headers.has("X_Amz_Acl"));
}

TEST(AwsSigv4Credential, KnowsItsDummyKey) {
    const auto authorization = [](const std::string& id) {
        return sample::Fields{{"Authorization", "AWS4-HMAC-SHA256 Credential=" + id +
                                                    "/20200101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0"}};
    };
    const auto usual = "{ type: aws_sigv4, " + kKeys + kScope + " }";
    const auto own = "{ type: aws_sigv4, " + kKeys + kScope + ", dummy_access_key_id: MINE }";
    EXPECT_EQ(sample::send(usual, "/k", authorization(std::string(kDummyAccessKeyId))).why(), "");
    EXPECT_NE(sample::send(usual, "/k", authorization("MINE")).why(), "");
    EXPECT_EQ(sample::send(own, "/k", authorization("MINE")).why(), "");
    EXPECT_NE(sample::send(own, "/k", authorization(std::string(kDummyAccessKeyId))).why(), "");
}

TEST(AwsSigv4Credential, TakesItsKeysFromOneDocument) {
    setenv("SALLYPORT_RULES_TEST_ODD", R"({"access_key_id":"ASIADOC","secret_access_key":"s3cr3t","session_token":"t0k3n"})", 1);
    const std::string text =
        "version: 1\nsecrets: { role: { env: SALLYPORT_RULES_TEST_ODD } }\ncredentials: { c: { type: aws_sigv4, keys: role, " + kScope +
        " } }\npolicies: { p: { rules: [ { host: a.example, credential: c } ] } }\n";
    const auto snapshot = sample::snapshot_with(text, {{"s", {}, {}}, ""});
    ASSERT_NE(snapshot, nullptr);
    http::RequestHead head;
    head.method = "GET";
    head.target = "/k";
    ASSERT_TRUE(sample::apply(*snapshot, sample::decide(snapshot, "GET https://a.example/"), head));
    EXPECT_EQ(head.headers.get("X-Amz-Security-Token"), "t0k3n");
    EXPECT_NE(head.headers.get("Authorization")->find("Credential=ASIADOC/"), std::string_view::npos);
}

TEST(AwsSigv4Credential, D18MayBeForTheSandboxsOwnBucketOnly) {
    const auto credential = "{ type: aws_sigv4, " + kKeys + kScope + ", endpoint: a.example, buckets: [\"data-${params.tenant}\"] }";
    const secrets::Identity acme{"s", {{"tenant", "acme"}}, {}};
    const sample::Fields host{{"Host", "a.example"}};
    EXPECT_EQ(sample::send(credential, "/data-acme/k", host, acme).why(), "");
    EXPECT_EQ(sample::send(credential, "/data-other/k", host, acme).why(),
              "signature_refused: the credential is not for this bucket");
    EXPECT_NE(sample::render_fault(credential, {"s", {}, {}}), "");
}

TEST(AwsSigv4Credential, IsUnavailableWithoutItsSecrets) {
    EXPECT_NE(sample::render_fault("{ type: aws_sigv4, access_key_id: A, secret_access_key: \"${secrets.absent}\", " + kScope + " }"), "");
    EXPECT_NE(sample::render_fault("{ type: aws_sigv4, keys: absent, " + kScope + " }"), "");
    EXPECT_NE(sample::render_fault("{ type: aws_sigv4, keys: odd, " + kScope + " }"), "");
    EXPECT_NE(sample::render_fault("{ type: aws_sigv4, access_key_id: \"a,b\", secret_access_key: \"${secrets.token}\", " + kScope + " }"), "");
    EXPECT_EQ(sample::render_fault("{ type: aws_sigv4, " + kKeys + kScope + " }"), "");
}

TEST(AwsSigv4Credential, ReportsWhatIsWrongWithItsEntry) {
    EXPECT_EQ(sample::reading_fault("{ type: aws_sigv4, keys: token, " + kScope +
                                    ", buckets: b, accounts: \"111122223333\", endpoint: minio.test, sigv4a: true }"),
              "");
    const std::pair<std::string, std::string> cases[] = {
        {"{ type: aws_sigv4, " + kScope + " }", "6: error: the credential has no \"access_key_id\""},
        {"{ type: aws_sigv4, keys: token, regions: [a] }", "6: error: the credential has no \"services\""},
        {"{ type: aws_sigv4, keys: token, services: [a] }", "6: error: the credential has no \"regions\""},
        {"{ type: aws_sigv4, keys: token, services: [], regions: [a] }", "48: error: \"services\" is an empty list"},
        {"{ type: aws_sigv4, keys: tokn, " + kScope + " }", "31: error: secret \"tokn\" is not defined, did you mean \"token\"?"},
        {"{ type: aws_sigv4, keys: token, access_key_id: A, " + kScope + " }", "53: error: \"access_key_id\" does not go with \"keys\""},
        {"{ type: aws_sigv4, keys: token, services: [\"s3/x\"], regions: [a] }",
         "49: error: \"s3/x\" is not the name of a service or region"},
        {"{ type: aws_sigv4, keys: token, " + kScope + ", accounts: [1234] }",
         "87: error: \"1234\" is not an account's number of twelve digits"},
        {"{ type: aws_sigv4, keys: token, " + kScope + ", endpoint: \"a b\" }", "86: error: \"a b\" is not the name of a host"},
        {"{ type: aws_sigv4, keys: token, " + kScope + ", sigv4a: maybe }", "84: error: \"sigv4a\" must be true or false, not \"maybe\""},
        {"{ type: aws_sigv4, keys: token, " + kScope + ", bucket: a }", "76: error: unknown key \"bucket\", did you mean \"buckets\"?"},
        {"{ type: aws_sigv4, keys: token, " + kScope + ", dummy_access_key_id: \"a,b\" }",
         "97: error: \"a,b\" cannot be the id of an access key"},
    };
    for (const auto& [credential, expected] : cases) EXPECT_EQ(sample::reading_fault(credential), expected) << credential;
}

}  // namespace
}  // namespace sallyport::rules
