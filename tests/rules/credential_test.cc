#include "rules/credential.h"

#include <gtest/gtest.h>

#include "tests/rules/credentialed.h"

namespace sallyport::rules {
namespace {

TEST(Credential, SaysWhichOneCannotBeHad) {
    EXPECT_EQ(sample::render_fault("{ type: bearer, secret: token }"), "");
    EXPECT_EQ(sample::render_fault("{ type: bearer, secret: absent }"),
              "credential \"c\": secret \"absent\" is not defined");
}

TEST(Credential, ThreatD14TheFamilyIsRemovedButForWhatIsKept) {
    const sample::Fields own = {{"Authorization", "mine"}, {"Cookie", "a=b"}, {"X-Api-Key", "mine"}, {"X-More", "mine"}};
    const std::string target = "/x?access_token=mine&api_key=mine&more=mine&a=1";
    const auto plain = sample::send("{ type: header, name: X-Key, value: \"${secrets.token}\" }", target, own);
    EXPECT_EQ(plain.head.headers.size(), 2u);
    EXPECT_EQ(plain.field("X-More"), "mine");
    EXPECT_EQ(plain.head.target, "/x?more=mine&a=1");
    const auto chosen = sample::send(
        "{ type: header, name: X-Key, value: \"${secrets.token}\", keep: [Cookie, \"query:api_key\"], strip: [\"header:x-more\", "
        "\"query:more\"] }",
        target, own);
    EXPECT_EQ(chosen.head.headers.size(), 2u);
    EXPECT_EQ(chosen.field("Cookie"), "a=b");
    EXPECT_EQ(chosen.head.target, "/x?api_key=mine&a=1");
}

TEST(Credential, ThreatD14CookiesAreTheSandboxsOwnWhereTheRulePassesThem) {
    const std::string credential = "{ type: bearer, secret: token }";
    EXPECT_EQ(sample::send(credential, "/x", {{"Cookie", "a=b"}}).field("Cookie"), "");
    EXPECT_EQ(sample::send(credential, "/x", {{"Cookie", "a=b"}}, {"s", {}, {}}, ", cookies: pass").field("Cookie"), "a=b");
}

TEST(Credential, ASelectorChoosesTheRuleAndIsNotSent) {
    const std::string credential = "{ type: bearer, secret: token }";
    const auto selected = sample::send(credential, "/x", {{"X-Account", "work"}}, {"s", {}, {}}, ", selector: { X-Account: work }");
    EXPECT_TRUE(selected.outcome);
    EXPECT_FALSE(selected.head.headers.has("X-Account"));
    EXPECT_EQ(sample::send(credential, "/x", {{"X-Account", "home"}}, {"s", {}, {}}, ", selector: { X-Account: work }").why(),
              "denied: denied");
}

}  // namespace
}  // namespace sallyport::rules
