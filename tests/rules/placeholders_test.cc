#include "rules/placeholders.h"

#include <gtest/gtest.h>

#include <set>

#include "rules/base64.h"
#include "tests/rules/counting_random.h"

namespace sallyport::rules {
namespace {

std::shared_ptr<const Placeholders> made(const std::vector<PlaceholderNeed>& needs, const Placeholders* earlier,
                                         Random& random) {
    return Placeholders::make(needs, earlier, random);
}

http::RequestHead head_with(std::string target, const std::vector<std::pair<std::string, std::string>>& fields) {
    http::RequestHead head;
    head.method = "GET";
    head.target = std::move(target);
    for (const auto& [name, value] : fields) head.headers.add(name, value);
    return head;
}

std::string base64(std::string_view text) {
    Buffer out;
    append_base64(out, text);
    return std::string(out.view());
}

TEST(Placeholders, R17_OneIsAsLongAsItsSecretWhereThatIsLongEnough) {
    CountingRandom random;
    EXPECT_EQ(make_placeholder("sk-ant-", 108, random).size(), 108u);
    EXPECT_EQ(make_placeholder("", 34, random).size(), 34u);
    EXPECT_EQ(make_placeholder("", 33, random).size(), 34u);
    EXPECT_EQ(make_placeholder("sk-", 0, random).size(), 37u);
    EXPECT_EQ(make_placeholder("", 100'000, random).size(), kPlaceholderBytesMax);
}

TEST(Placeholders, R16_OneHasAMarkAndAtLeast130RandomBits) {
    CountingRandom random;
    std::set<std::string> seen;
    for (int i = 0; i < 200; ++i) {
        const std::string text = make_placeholder("sk-ant-", 40, random);
        ASSERT_TRUE(text.starts_with("sk-ant-sallyp0x"));
        EXPECT_EQ(text.substr(15).find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), std::string::npos);
        EXPECT_GE(text.size() - 15, 26u);
        EXPECT_TRUE(seen.insert(text).second);
    }
}

TEST(Placeholders, StayForTheSandboxAndAreNewForTheNextOfItsName) {
    CountingRandom random;
    const auto first = made({{"a", "A_KEY", "sk-", 60}}, nullptr, random);
    const std::string a(first->of("a"));
    const auto second = made({{"a", "A_KEY", "sk-", 80}, {"b", "B_KEY", "", 0}}, first.get(), random);
    EXPECT_EQ(second->of("a"), a);
    EXPECT_EQ(second->entries().at("b").variable, "B_KEY");
    EXPECT_EQ(second->of("b").size(), kPlaceholderMark.size() + kPlaceholderRandomDefault);
    EXPECT_EQ(second->of("c"), "");
    const auto fewer = made({}, second.get(), random);
    EXPECT_EQ(fewer->of("a"), a);
    const auto other = made({{"a", "A_KEY", "pk-", 60}}, second.get(), random);
    EXPECT_TRUE(other->of("a").starts_with("pk-sallyp0x"));
    EXPECT_NE(made({{"a", "A_KEY", "sk-", 60}}, nullptr, random)->of("a"), a);
}

TEST(Placeholders, AreFoundWithAllThatBelongsToThem) {
    EXPECT_EQ(find_placeholder("Bearer sk-sallyp0xabc234-x"), "sallyp0xabc234");
    EXPECT_EQ(find_placeholder("sallyp0xa sallyp0xb", 1), "sallyp0xb");
    EXPECT_EQ(find_placeholder("sallyp0"), "");
    EXPECT_EQ(find_placeholder(""), "");
}

TEST(Placeholders, R16_OneIsNoticedAnywhereInAHead) {
    const std::string placeholder = "sallyp0xabcdefghijklmnopqrstuvwxyz";
    EXPECT_TRUE(mentions_placeholder(head_with("/a?x=" + placeholder, {})));
    EXPECT_TRUE(mentions_placeholder(head_with("/" + placeholder, {})));
    EXPECT_TRUE(mentions_placeholder(head_with("/", {{"X-Any", "a " + placeholder}})));
    EXPECT_TRUE(mentions_placeholder(head_with("/", {{placeholder, "a"}})));
    for (const std::string& pair : std::vector<std::string>{"u:" + placeholder, placeholder + ":p", "uu:" + placeholder, "uuu:" + placeholder}) {
        EXPECT_TRUE(mentions_placeholder(head_with("/", {{"Authorization", "basic  " + base64(pair)}}))) << pair;
        EXPECT_TRUE(mentions_placeholder(head_with("/", {{"Proxy-Authorization", "Basic " + base64(pair)}})));
    }
    const auto clean = head_with("/sallyp0?a=b", {{"Authorization", "Basic " + base64("u:p")}, {"X", "sally p0x"}});
    EXPECT_FALSE(mentions_placeholder(clean));
    EXPECT_TRUE(refuse_placeholders(clean));
    EXPECT_EQ(refuse_placeholders(head_with("/" + placeholder, {})).error().code, ErrorCode::placeholder_misused);
}

}  // namespace
}  // namespace sallyport::rules
