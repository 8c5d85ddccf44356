#include "rules/pack_paths.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

Node list_of(std::initializer_list<std::string> texts) {
    Node list;
    list.kind = NodeKind::list;
    for (const std::string& text : texts) {
        Node item;
        item.kind = NodeKind::scalar;
        item.text = text;
        list.items.push_back(std::move(item));
    }
    return list;
}

bool is_within(const std::string& own, std::initializer_list<std::string> pack) {
    std::set<std::string, std::less<>> found;
    const Node within = paths_within(list_of({own}), list_of(pack), found);
    EXPECT_EQ(within.items.size(), found.size());
    return found.contains(own);
}

TEST(PackPaths, KnowsWhatIsInsideAPattern) {
    EXPECT_TRUE(is_within("/v1/messages", {"/v1/messages", "/v1/models"}));
    EXPECT_TRUE(is_within("/v1/files/*", {"/v1/**"}));
    EXPECT_TRUE(is_within("/v1/**", {"/v1/**"}));
    EXPECT_TRUE(is_within("/repos/acme/**", {"/", "/repos/**"}));
}

TEST(PackPaths, KnowsWhatIsWiderThanAPattern) {
    EXPECT_FALSE(is_within("/**", {"/v1/**"}));
    EXPECT_FALSE(is_within("/v1/**", {"/v1/*"}));
    EXPECT_FALSE(is_within("/v1/**", {"/v1/*/**"}));
    EXPECT_FALSE(is_within("/v1", {"/v1/**"}));
    EXPECT_FALSE(is_within("/v2/x", {"/v1/**"}));
}

TEST(PackPaths, WhatIsNoPathIsInsideNothing) {
    EXPECT_FALSE(is_within("v1", {"/**"}));
    EXPECT_FALSE(is_within("/a/../b", {"/**"}));
    EXPECT_FALSE(is_within("/a?b", {"/**"}));
    EXPECT_FALSE(is_within("/a b", {"/**"}));
}

}  // namespace
}  // namespace sallyport::rules
