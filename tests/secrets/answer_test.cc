#include "secrets/answer.h"

#include <gtest/gtest.h>

#include "desk.h"

namespace sallyport::secrets {
namespace {

TEST(Answer, ARequestGoesToTheEndpointAsItIsConfigured) {
    const Endpoint endpoint{"https://vault.internal:8200/", "/etc/ca.pem", true};
    const auto request = request_to(endpoint, "GET", "/v1/x");
    EXPECT_EQ(request.url, "https://vault.internal:8200/v1/x");
    EXPECT_EQ(request.ca_file, "/etc/ca.pem");
    EXPECT_TRUE(request.allow_cleartext);
    EXPECT_EQ(request_to({"https://idp.example/token/"}, "POST").url, "https://idp.example/token/");
}

TEST(Answer, AFieldHasNoSecondLine) {
    HttpRequest request;
    EXPECT_TRUE(add_bearer(request, SecretString("mArKeR")));
    EXPECT_EQ(field_of(request, "Authorization"), "Bearer mArKeR");
    const auto added = add_field(request, "X-Vault-Token", "mArKeR\r\nX-Evil: 1");
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().detail, "what goes into X-Vault-Token holds control characters");
    EXPECT_EQ(request.fields.size(), 1u);
}

TEST(Answer, WhatIsNotAnObjectIsNotQuoted) {
    HttpRequest request;
    request.url = "https://idp.example/token?mArKeR";
    for (const char* body : {"<html>mArKeR</html>", "\"mArKeR\"", "[]", "", "null"}) {
        const auto answer = reply(200, body);
        const auto json = json_object(request, answer);
        ASSERT_FALSE(json);
        EXPECT_EQ(json.error().detail, "https://idp.example answered 200 with something that is not a JSON object");
    }
}

TEST(Answer, AMemberIsAFitValueOrNone) {
    const auto member = [](const std::string& body) {
        const auto value = secret_member(*JsonValue::parse(body), "token");
        return value ? std::string(value->reveal()) : value.error().detail;
    };
    EXPECT_EQ(member(R"({"token":"mArKeR"})"), "mArKeR");
    EXPECT_EQ(member("{}"), "the answer's \"token\" is missing, or there several times");
    EXPECT_EQ(member(R"({"token":["mArKeR"]})"), "the answer's \"token\" is not a text");
    EXPECT_EQ(member(R"({"token":"a\nmArKeR"})"), "the answer's \"token\" cannot be used: the value holds control characters");
    EXPECT_EQ(member(R"({"token":""})"), "the answer's \"token\" cannot be used: the value is empty");
    EXPECT_EQ(member("{\"token\":\"" + std::string(65537, 'x') + "\"}"), "the answer's \"token\" cannot be used: the value is over 64 KiB");
}

TEST(Answer, AStoredSecretMayHaveFields) {
    const auto field = [](std::string_view stored, const std::string& name) {
        const auto value = field_of(stored, name);
        return value ? std::string(value->reveal()) : std::string(tag(value.error().code)) + ": " + value.error().detail;
    };
    EXPECT_EQ(field("plain", ""), "plain");
    EXPECT_EQ(field(R"({"user":"a","port":5432,"tls":true})", "user"), "a");
    EXPECT_EQ(field(R"({"user":"a","port":5432,"tls":true})", "port"), "5432");
    EXPECT_EQ(field(R"({"user":"a","port":5432,"tls":true})", "tls"), "true");
    EXPECT_EQ(field(R"({"user":"a"})", "password"), "denied: the secret has no single field \"password\"");
    EXPECT_EQ(field(R"({"user":["mArKeR"]})", "user"), "secret_unavailable: the answer's \"user\" is not a text");
    EXPECT_EQ(field("mArKeR", "user"), "secret_unavailable: the secret is not a JSON object, so that it has no fields");
}

}  // namespace
}  // namespace sallyport::secrets
