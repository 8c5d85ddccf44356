#include "admin/api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sallyport::admin {
namespace {

TEST(AdminApi, APatternsStarIsAnyRunOfCharacters) {
    const Caller tenant{"a", {"tenant-a-*", "shared"}};
    for (const char* own : {"tenant-a-", "tenant-a-1", "tenant-a-1-2", "shared"}) EXPECT_TRUE(tenant.may_see(own)) << own;
    for (const char* foreign : {"", "tenant-a", "tenant-b-1", "xtenant-a-1", "shared2", "Tenant-a-1"}) {
        EXPECT_FALSE(tenant.may_see(foreign)) << foreign;
    }
    const Caller middle{"m", {"a*b*c"}};
    EXPECT_TRUE(middle.may_see("abc"));
    EXPECT_TRUE(middle.may_see("a-b-b-c"));
    EXPECT_FALSE(middle.may_see("a-c"));
    EXPECT_TRUE((Caller{"op", {}}).may_see("anything"));
}

TEST(AdminApi, AnErrorSaysItsSentenceItsCodeAndItsDetails) {
    const Reply reply = Reply::failed(404, "not_found", "there is none");
    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(reply.body, R"({"error":"there is none","code":"not_found","details":null})");
    EXPECT_EQ(Reply::failed(422, "x", "y", R"({"a":1})").body, R"({"error":"y","code":"x","details":{"a":1}})");
}

TEST(AdminApi, X14_AnErrorsTextCannotBreakOutOfItsJson) {
    const Reply reply = Reply::failed(400, "bad_request", "a\r\n\x1b[31m\"},{\"\x7f\xff\xe2\x80\xa8");
    for (const char c : reply.body) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
    EXPECT_EQ(nlohmann::json::parse(reply.body).size(), 3u);
}

TEST(AdminApi, APreconditionHoldsAsTheStandardSays) {
    const EntityTags seven{false, {"7"}}, any{true, {}};
    Precondition match;
    match.if_match = seven;
    EXPECT_TRUE(match.holds("7"));
    EXPECT_FALSE(match.holds("8"));
    EXPECT_FALSE(match.holds(std::nullopt));
    match.if_match = any;
    EXPECT_TRUE(match.holds("8"));
    EXPECT_FALSE(match.holds(std::nullopt));
    Precondition none;
    none.if_none_match = any;
    EXPECT_FALSE(none.holds("7"));
    EXPECT_TRUE(none.holds(std::nullopt));
    none.if_none_match = seven;
    EXPECT_FALSE(none.holds("7"));
    EXPECT_TRUE(none.holds("8"));
    EXPECT_TRUE(Precondition().holds("7"));
    EXPECT_TRUE(Precondition().holds(std::nullopt));
}

}  // namespace
}  // namespace sallyport::admin
