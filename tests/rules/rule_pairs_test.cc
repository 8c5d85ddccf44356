#include "rules/rule_pairs.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

using nlohmann::ordered_json;

// "0-0 -1 2- 1-2*": before and after, '*' where it was moved.
std::string paired(const char* before, const char* after) {
    std::string text;
    for (const RulePair& pair : pair_rules(ordered_json::parse(before), ordered_json::parse(after))) {
        text += (text.empty() ? "" : " ") + (pair.before ? std::to_string(*pair.before) : "") + '-' +
                (pair.after ? std::to_string(*pair.after) : "") + (pair.is_moved ? "*" : "");
    }
    return text;
}

TEST(RulePairs, ANameSaysWhichRuleItIs) {
    EXPECT_EQ(paired(R"([{"name":"a","host":"x"},{"name":"b","host":"x"}])",
                     R"([{"name":"b","host":"y"},{"name":"c","host":"x"}])"),
              "1-0 -1 0-");
}

TEST(RulePairs, WithoutANameWhatItSaysOrWhomItIsAbout) {
    EXPECT_EQ(paired(R"([{"host":"x"},{"host":"y"}])", R"([{"host":"new"},{"host":"x"},{"host":"y"}])"), "-0 0-1 1-2");
    EXPECT_EQ(
        paired(R"([{"host":"x","port":1},{"host":"x","port":2}])", R"([{"host":"x","port":2},{"host":"x","port":3}])"),
        "1-0* 0-1");
    EXPECT_EQ(paired(R"([{"tcp":"x:1"},{"cidr":"10.0.0.0/8"}])", R"([{"cidr":"10.0.0.0/8","port":1},{"host":"x"}])"),
              "1-0 -1 0-");
}

TEST(RulePairs, SaysWhichOnesMovedPastOthers) {
    EXPECT_EQ(paired(R"([{"host":"a"},{"host":"b"},{"host":"c"}])", R"([{"host":"c"},{"host":"a"},{"host":"b"}])"),
              "2-0* 0-1 1-2");
    EXPECT_EQ(paired(R"([{"host":"a"},{"host":"b"}])", R"([{"host":"b"}])"), "1-0 0-");
    EXPECT_EQ(paired("[]", "[]"), "");
}

TEST(RulePairs, TellsWhatDiffersKeyByKey) {
    const auto told = [](const char* before, const char* after) {
        return difference(ordered_json::parse(before), ordered_json::parse(after));
    };
    EXPECT_EQ(told(R"({"methods":["GET","HEAD"],"port":8443})", R"({"methods":["GET"],"deny":true})"),
              "methods: GET, HEAD → GET; port: 8443 → not set; deny: not set → true");
    EXPECT_EQ(told(R"({"query":{"a":"1"}})", R"({"query":{"a":"2"}})"), R"(query: {"a":"1"} → {"a":"2"})");
    EXPECT_EQ(told(R"({"a":1})", R"({"a":1})"), "");
    const std::string text = told(R"({"body":"\u001b[31m"})", R"({"body":""})");
    EXPECT_EQ(text.find('\x1b'), text.npos);
    const std::string one = R"({"body":")" + std::string(300, 'a') + "1\"}";
    const std::string two = R"({"body":")" + std::string(300, 'a') + "2\"}";
    EXPECT_EQ(told(one.c_str(), two.c_str()), "body: changed");
}

}  // namespace
}  // namespace sallyport::rules
