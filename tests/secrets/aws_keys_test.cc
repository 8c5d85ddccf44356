#include "secrets/aws_keys.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::secrets {
namespace {

TEST(AwsKeys, AreOneDocument) {
    const auto document = aws_key_document({SecretString("AKIAmArKeR"), SecretString("a/b+\"c"), SecretString("tok==")});
    EXPECT_EQ(document.reveal(), R"({"access_key_id":"AKIAmArKeR","secret_access_key":"a/b+\"c","session_token":"tok=="})");
    const auto keys = parse_aws_key_document(document.reveal());
    ASSERT_TRUE(keys);
    EXPECT_EQ(keys->access_key_id.reveal(), "AKIAmArKeR");
    EXPECT_EQ(keys->secret_access_key.reveal(), "a/b+\"c");
    EXPECT_EQ(keys->session_token.reveal(), "tok==");
}

TEST(AwsKeys, NeedNoSessionToken) {
    const auto document = aws_key_document({SecretString("AKIA"), SecretString("key"), {}});
    EXPECT_EQ(document.reveal(), R"({"access_key_id":"AKIA","secret_access_key":"key"})");
    EXPECT_TRUE(parse_aws_key_document(document.reveal())->session_token.empty());
}

TEST(AwsKeys, WhatIsNoDocumentIsNotQuoted) {
    for (const char* text : {"", "mArKeR", "[]", "{}", R"({"access_key_id":"mArKeR"})", R"({"access_key_id":"mArKeR x","secret_access_key":"y"})",
                             R"({"access_key_id":"x","secret_access_key":["mArKeR"]})",
                             R"({"access_key_id":"x","secret_access_key":"y","session_token":7})"}) {
        const auto keys = parse_aws_key_document(text);
        ASSERT_FALSE(keys) << text;
        EXPECT_EQ(keys.error().code, ErrorCode::secret_unavailable);
        EXPECT_EQ(keys.error().detail.find("mArKeR"), std::string::npos);
    }
}

}  // namespace
}  // namespace sallyport::secrets
