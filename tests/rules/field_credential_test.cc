#include "rules/field_credential.h"

#include <gtest/gtest.h>

#include "tests/rules/credentialed.h"

namespace sallyport::rules {
namespace {

using sample::reading_fault;
using sample::render_fault;
using sample::send;

const std::string kMarker(sample::kMarker);

TEST(FieldCredential, HeaderFillsInTheTemplate) {
    const secrets::Identity identity{"s", {{"p", "q"}}, {{"team", "red"}}};
    const auto sent = send("{ type: header, name: X-Key, value: \"a ${secrets.token} ${params.p} ${labels.team}/${sandbox.id}\" }",
                           "/x", {{"X-Key", "mine"}, {"x_key", "mine"}, {"Accept", "*/*"}}, identity);
    EXPECT_EQ(sent.field("X-Key"), "a " + kMarker + " q red/s");
    EXPECT_EQ(sent.head.headers.size(), 2u);
}

TEST(FieldCredential, BearerAndBasicAreAuthorization) {
    EXPECT_EQ(send("{ type: bearer, secret: token }").field("Authorization"), "Bearer " + kMarker);
    // base64("x-access-token:mArKeR-7f3a9c")
    EXPECT_EQ(send("{ type: basic, username: x-access-token, password: \"${secrets.token}\" }").field("Authorization"),
              "Basic eC1hY2Nlc3MtdG9rZW46bUFyS2VSLTdmM2E5Yw==");
}

TEST(FieldCredential, ACookieStandsBesideThoseThatAreKept) {
    const std::string cookie = "{ type: cookie, name: sid, value: \"${secrets.token}\"";
    EXPECT_EQ(send(cookie + " }", "/x", {{"Cookie", "a=b; sid=mine"}}).field("Cookie"), "sid=" + kMarker);
    EXPECT_EQ(send(cookie + ", keep: [cookie] }", "/x", {{"Cookie", "a=b;sid=mine; sid =mine;; c"}}).field("Cookie"),
              "a=b; c; sid=" + kMarker);
    EXPECT_EQ(render_fault("{ type: cookie, name: sid, value: \"${secrets.odd}\" }"),
              "credential \"c\": the value cannot be a cookie's");
}

TEST(FieldCredential, IsUnavailableWhereAPartIsMissing) {
    const auto fault = [](const std::string& value, const secrets::Identity& identity = {"s", {}, {}}) {
        return render_fault("{ type: header, name: X, value: \"" + value + "\" }", identity);
    };
    EXPECT_EQ(fault("${secrets.absent}"), "credential \"c\": secret \"absent\" is not defined");
    EXPECT_EQ(fault("${params.other}"), "credential \"c\": parameter \"other\" is not set");
    EXPECT_EQ(fault("${labels.other}"), "credential \"c\": label \"other\" is not set");
    EXPECT_EQ(fault("${params.p}", {"s", {{"p", ""}}, {}}), "credential \"c\": the value is empty");
}

TEST(FieldCredential, ThreatP13NoValueHoldsAControlCharacter) {
    for (const std::string p : {"a\r\nb c", "a\n", "a\x7f", "\t"}) {
        EXPECT_EQ(render_fault("{ type: header, name: X, value: \"${secrets.token}${params.p}\" }", {"s", {{"p", p}}, {}}),
                  "credential \"c\": the value holds control characters");
        EXPECT_EQ(render_fault("{ type: basic, username: \"${params.p}\", password: \"${secrets.token}\" }", {"s", {{"p", p}}, {}}),
                  "credential \"c\": user name or password hold control characters");
    }
    EXPECT_EQ(render_fault("{ type: basic, username: \"${params.p}\", password: \"${secrets.token}\" }", {"s", {{"p", "a:b"}}, {}}),
              "credential \"c\": the user name holds a ':'");
}

TEST(FieldCredential, NamesWhatMustNotComeBack) {
    const auto snapshot = sample::snapshot_of(
        sample::file_with_credential("{ type: basic, username: user, password: \"${secrets.token}\" }"));
    NeedleTexts texts;
    snapshot->action_of(sample::decide(snapshot, "GET https://a.example/"))->collect(texts);
    EXPECT_EQ(texts.secrets, std::vector<std::string_view>{kMarker});
    EXPECT_EQ(texts.rendered, std::vector<std::string_view>{"Basic dXNlcjptQXJLZVItN2YzYTlj"});
}

TEST(FieldCredential, ReadersRefuseWhatIsWrong) {
    EXPECT_EQ(reading_fault("{ type: cookie, name: \"a b\", value: \"${secrets.token}\" }"),
              "28: error: \"a b\" is not the name of a cookie");
    EXPECT_EQ(reading_fault("{ type: cookie, name: a }"), "6: error: the credential has no \"value\"");
    EXPECT_EQ(reading_fault("{ type: cookie, name: a, value: \"${secrets.token}\", keep: [\"a b\"] }"),
              "65: error: \"a b\" is not the name of a header or, after \"query:\", of a query key");
}

}  // namespace
}  // namespace sallyport::rules
