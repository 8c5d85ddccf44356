#include "admin/entity_tag.h"

#include <gtest/gtest.h>

namespace sallyport::admin {
namespace {

using Tags = std::vector<std::string>;

TEST(EntityTag, ListsAreReadAsTheStandardSays) {
    const auto strong = [](std::string_view list) { return parse_entity_tags(list, Comparison::strong)->tags; };
    EXPECT_EQ(strong(R"("7")"), Tags({"7"}));
    EXPECT_EQ(strong(R"("7","8" , "9")"), Tags({"7", "8", "9"}));
    EXPECT_EQ(strong(R"(, "a,b",, "" ,)"), Tags({"a,b", ""}));
    EXPECT_TRUE(parse_entity_tags(" * ", Comparison::strong)->any);
}

TEST(EntityTag, AWeakTagMatchesNothingStrongly) {
    EXPECT_EQ(parse_entity_tags(R"(W/"7", "8")", Comparison::strong)->tags, Tags({"8"}));
    EXPECT_EQ(parse_entity_tags(R"(W/"7")", Comparison::strong)->tags, Tags());
    EXPECT_EQ(parse_entity_tags(R"(W/"7", "8")", Comparison::weak)->tags, Tags({"7", "8"}));
}

TEST(EntityTag, WhatIsNoListIsRefused) {
    for (const char* bad : {"", " ", ",", "7", R"("7)", R"("7"x)", R"("7" "8")", R"(w/"7")", R"(*, "7")", R"("7", *)",
                            "\"a b\"", "\"a\x01\"", R"(""7"")"}) {
        EXPECT_FALSE(parse_entity_tags(bad, Comparison::strong)) << bad;
    }
}

TEST(EntityTag, FieldsOfOneNameAreOneList) {
    http::HeaderMap headers;
    headers.add("If-Match", R"("7")");
    headers.add("if-match", R"("8")");
    headers.add("If-None-Match", "*");
    const auto precondition = parse_precondition(headers);
    ASSERT_TRUE(precondition);
    EXPECT_EQ(precondition->if_match->tags, Tags({"7", "8"}));
    EXPECT_TRUE(precondition->if_none_match->any);
    headers.add("If-Match", "*");
    EXPECT_FALSE(parse_precondition(headers));
    EXPECT_TRUE(parse_precondition({})->empty());
}

TEST(EntityTag, ATagIsWrittenInQuotes) { EXPECT_EQ(quoted_tag("7"), "\"7\""); }

}  // namespace
}  // namespace sallyport::admin
