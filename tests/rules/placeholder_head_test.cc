#include "rules/placeholder_head.h"

#include <gtest/gtest.h>

#include "rules/base64.h"
#include "rules/placeholders.h"
#include "tests/rules/counting_random.h"

namespace sallyport::rules {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

const std::string kSecret = "mArKeR-7f3a/9c";

std::string base64(std::string_view text) {
    Buffer out;
    append_base64(out, text);
    return std::string(out.view());
}

class PlaceholderHeadTest : public testing::Test {
protected:
    // All fields, a line each, and the target; or the error's tag.
    std::string swapped(const std::string& target, const Fields& fields, unsigned count = 4) {
        http::RequestHead head;
        head.target = target;
        for (const auto& [name, value] : fields) head.headers.add(name, value);
        auto outcome = HeadSwap(places_, placeholder_, kSecret, count).apply(head);
        if (outcome) outcome = refuse_placeholders(head);
        if (!outcome) return std::string(tag(outcome.error().code));
        std::string text = head.target;
        for (const http::HeaderMap::Field field : head.headers) text.append("|").append(field.name).append("=").append(field.value);
        return text;
    }

    CountingRandom random_;
    std::string placeholder_ = make_placeholder("sk-", 40, random_);
    std::string foreign_ = make_placeholder("sk-", 40, random_);
    PlaceholderPlaces places_;
};

TEST_F(PlaceholderHeadTest, FieldsAndBasicInsideOfThem) {
    places_.fields = {"x-api-key", "Authorization"};
    EXPECT_EQ(swapped("/", {{"X-Api-Key", placeholder_}}), "/|X-Api-Key=" + kSecret);
    EXPECT_EQ(swapped("/", {{"A", "1"}, {"authorization", "Bearer " + placeholder_}, {"B", "2"}}),
              "/|A=1|authorization=Bearer " + kSecret + "|B=2");
    EXPECT_EQ(swapped("/", {{"Authorization", "OAuth oauth_token=\"" + placeholder_ + "\""}}),
              "/|Authorization=OAuth oauth_token=\"" + kSecret + "\"");
    EXPECT_EQ(swapped("/", {{"Authorization", "Basic " + base64(placeholder_ + ":")}}),
              "/|Authorization=Basic " + base64(kSecret + ":"));
    EXPECT_EQ(swapped("/", {{"Authorization", "basic " + base64("u:" + placeholder_)}}),
              "/|Authorization=Basic " + base64("u:" + kSecret));
    EXPECT_EQ(swapped("/", {{"X-Api-Key", placeholder_}, {"X-Api-Key", placeholder_}}),
              "/|X-Api-Key=" + kSecret + "|X-Api-Key=" + kSecret);
}

TEST_F(PlaceholderHeadTest, OneSideOfBasicOnly) {
    places_.basic_password = true;
    EXPECT_EQ(swapped("/", {{"Authorization", "Basic " + base64("x:" + placeholder_)}}),
              "/|Authorization=Basic " + base64("x:" + kSecret));
    EXPECT_EQ(swapped("/", {{"Authorization", "Basic " + base64(placeholder_ + ":x")}}), "placeholder_misused");
    EXPECT_EQ(swapped("/", {{"Authorization", "Bearer " + placeholder_}}), "placeholder_misused");
    EXPECT_EQ(swapped("/", {{"Authorization", "Basic " + base64(placeholder_)}}), "placeholder_misused");
}

TEST_F(PlaceholderHeadTest, QueryKeys) {
    places_.query_keys = {"key"};
    EXPECT_EQ(swapped("/p?a=1&key=" + placeholder_ + "&b=%20", {}), "/p?a=1&key=mArKeR-7f3a%2F9c&b=%20");
    EXPECT_EQ(swapped("/p?k%65y=s%6B" + placeholder_.substr(2), {}), "/p?k%65y=mArKeR-7f3a%2F9c");
    EXPECT_EQ(swapped("/p?key=own&a=1", {}), "/p?key=own&a=1");
    EXPECT_EQ(swapped("/p?", {}), "/p?");
    for (const std::string& query : std::vector<std::string>{"other=" + placeholder_, "key=x" + placeholder_, "a;key=" + placeholder_,
                                                             placeholder_ + "=key", placeholder_}) {
        EXPECT_EQ(swapped("/p?" + query, {}), "placeholder_misused") << query;
    }
    EXPECT_EQ(swapped("/" + placeholder_ + "?key=1", {}), "placeholder_misused");
}

TEST_F(PlaceholderHeadTest, D14_TheSandboxsOwnKeysAreRemovedFromDeclaredPlaces) {
    places_.fields = {"x-api-key", "Authorization", "X-Plain"};
    places_.query_keys = {"api_key", "q"};
    EXPECT_EQ(swapped("/?api_key=own&q=own", {{"X-Api-Key", placeholder_}, {"Authorization", "Bearer own"}, {"X-Plain", "own"}}),
              "/?q=own|X-Api-Key=" + kSecret + "|X-Plain=own");
    EXPECT_EQ(swapped("/", {{"Authorization", "Basic " + base64("own:own")}}), "/");
}

TEST_F(PlaceholderHeadTest, R16_ForeignMisplacedAndGuessedOnesAreRefused) {
    places_.fields = {"Authorization"};
    for (const std::string& value : std::vector<std::string>{foreign_, placeholder_ + "a", "a" + placeholder_, placeholder_.substr(3),
                                                             placeholder_.substr(0, 39), placeholder_ + " " + foreign_}) {
        EXPECT_EQ(swapped("/", {{"Authorization", "Bearer " + value}}), "placeholder_misused") << value;
        EXPECT_EQ(swapped("/", {{"Authorization", "Basic " + base64("u:" + value)}}), "placeholder_misused") << value;
    }
    EXPECT_EQ(swapped("/", {{"X-Webhook-Secret", placeholder_}}), "placeholder_misused");
    EXPECT_EQ(swapped("/", {{placeholder_, "x"}}), "placeholder_misused");
}

TEST_F(PlaceholderHeadTest, R12_ItIsExchangedSoOftenAndNoMore) {
    places_.fields = {"X-A"};
    EXPECT_EQ(swapped("/", {{"X-A", placeholder_ + "," + placeholder_}}, 2), "/|X-A=" + kSecret + "," + kSecret);
    EXPECT_EQ(swapped("/", {{"X-A", placeholder_ + "," + placeholder_}}, 1), "placeholder_misused");
    places_.query_keys = {"k"};
    EXPECT_EQ(swapped("/?k=" + placeholder_, {{"X-A", placeholder_}}, 1), "placeholder_misused");
}

}  // namespace
}  // namespace sallyport::rules
