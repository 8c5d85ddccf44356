#include "rules/pack_template.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

Node scalar(std::string text) {
    Node node;
    node.kind = NodeKind::scalar;
    node.text = std::move(text);
    return node;
}

std::vector<std::string> filled(const Node& texts, const PackValues& values) {
    std::vector<std::string> all;
    for (const Node& item : fill_in(texts, values, {7, 3}).items) {
        EXPECT_EQ(item.place, (Place{7, 3}));
        all.push_back(item.text);
    }
    return all;
}

using Texts = std::vector<std::string>;

TEST(PackTemplate, MakesATextOfEveryValue) {
    EXPECT_EQ(filled(scalar("/${repos}/x"), {{"repos", {"a/b", "c/d"}}}), (Texts{"/a/b/x", "/c/d/x"}));
}

TEST(PackTemplate, CombinesTheValuesOfSeveralKeys) {
    const PackValues values{{"b", {"x", "y"}}, {"r", {"1", "2"}}};
    EXPECT_EQ(filled(scalar("${b}.s3.${r}"), values), (Texts{"x.s3.1", "x.s3.2", "y.s3.1", "y.s3.2"}));
}

TEST(PackTemplate, AKeyStandsForOneValueInOneText) {
    EXPECT_EQ(filled(scalar("${r}/${r}"), {{"r", {"1", "2"}}}), (Texts{"1/1", "2/2"}));
}

TEST(PackTemplate, LeavesOutWhatHasNoValue) {
    Node list;
    list.kind = NodeKind::list;
    list.items = {scalar("/plain"), scalar("/${absent}"), scalar("/plain")};
    EXPECT_EQ(filled(list, {}), Texts{"/plain"});
}

TEST(PackTemplate, FindsReferences) {
    Node list;
    list.kind = NodeKind::list;
    list.items = {scalar("/${a}/${b}/${a}"), scalar("${c"), scalar("$d")};
    EXPECT_EQ(references_in(list), (Texts{"a", "b"}));
}

}  // namespace
}  // namespace sallyport::rules
