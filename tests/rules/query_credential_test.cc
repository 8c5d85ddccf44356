#include "rules/query_credential.h"

#include <gtest/gtest.h>

#include "tests/rules/credentialed.h"

namespace sallyport::rules {
namespace {

using sample::send;

TEST(QueryCredential, IsAddedAfterTheSandboxsOwnIsRemoved) {
    const std::string key = "{ type: query, name: key, value: \"${secrets.token}\" }";
    const std::string value = "key=" + std::string(sample::kMarker);
    const std::pair<std::string, std::string> cases[] = {
        {"/x", "/x?" + value},
        {"/x?", "/x?" + value},
        {"/x?a=1", "/x?a=1&" + value},
        {"/x?key=mine", "/x?" + value},
        {"/x?k%65y=mine&a=1&KEY=mine&key[]=mine", "/x?a=1&" + value},
        {"/x?access_token=mine", "/x?" + value},
        {"/x?a=1;key=mine", "/x?a=1&" + value},
    };
    for (const auto& [before, after] : cases) EXPECT_EQ(send(key, before).head.target, after) << before;
}

TEST(QueryCredential, EncodesWhatAQueryCannotHold) {
    EXPECT_EQ(send("{ type: query, name: k, value: \"${secrets.odd}\" }").head.target,
              "/x?k=o%20d%2Fd%2B%26%3D%25%3B%2C%22%C3%BC");
}

TEST(QueryCredential, RefusesANameThatWouldNeedEncoding) {
    EXPECT_EQ(sample::reading_fault("{ type: query, name: \"a&b\", value: \"${secrets.token}\" }"),
              "27: error: \"a&b\" is not the name of a query key: letters, digits, '-', '.', '_' and '~'");
    EXPECT_EQ(sample::reading_fault("{ type: query, value: \"${secrets.token}\" }"), "6: error: the credential has no \"name\"");
}

TEST(QueryCredential, ThreatR5NamesTheValueAsItIsSent) {
    const auto snapshot =
        sample::snapshot_of(sample::file_with_credential("{ type: query, name: k, value: \"${secrets.odd}\" }"));
    NeedleTexts texts;
    snapshot->action_of(sample::decide(snapshot, "GET https://a.example/"))->collect(texts);
    EXPECT_EQ(texts.secrets, std::vector<std::string_view>{sample::kOdd});
    EXPECT_EQ(texts.rendered, std::vector<std::string_view>{"o%20d%2Fd%2B%26%3D%25%3B%2C%22%C3%BC"});
}

}  // namespace
}  // namespace sallyport::rules
