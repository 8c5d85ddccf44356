#include "admin/routes.h"

#include <gtest/gtest.h>

namespace sallyport::admin {
namespace {

tl::expected<Match, Reply> find(std::string_view method, std::string_view target) {
    return match_route(method, *http::canonical_target(target));
}
int status_of(std::string_view method, std::string_view target) {
    const auto match = find(method, target);
    return match ? 200 : match.error().status;
}
tl::expected<EventQuery, Reply> query(std::string_view target) {
    return parse_query(*find("GET", target)->route, *http::canonical_target(target));
}

TEST(Routes, NamesInThePathAreDecoded) {
    const auto match = find("PUT", "/v1/sandbox/agent-47/egress/hosts/%2a.example.com");
    ASSERT_TRUE(match);
    EXPECT_EQ(match->route->operation, Operation::put_host_handler);
    EXPECT_EQ(match->names, std::vector<std::string>({"agent-47", "*.example.com"}));
    EXPECT_EQ(find("GET", "/v1/policies/%70%C3%A4")->names.front(), "p\xc3\xa4");
}

TEST(Routes, HeadIsGetButForEvents) {
    EXPECT_EQ(find("HEAD", "/v1/policies")->route->operation, Operation::list_policies);
    EXPECT_EQ(status_of("HEAD", "/v1/events"), 405);
}

TEST(Routes, AnotherMethodIsToldWhichThereAre) {
    const auto match = find("POST", "/v1/policies/a");
    ASSERT_FALSE(match);
    EXPECT_EQ(match.error().status, 405);
    ASSERT_EQ(match.error().headers.size(), 1u);
    EXPECT_EQ(match.error().headers[0], std::pair(std::string("Allow"), std::string("DELETE, GET, HEAD, PUT")));
}

TEST(Routes, WhatIsNoPathIsNotFound) {
    for (const char* path : {"/", "/v1", "/v1/", "/v2/policies", "/v1/policies/a/b", "/v1/sandbox/a", "/V1/policies",
                             "/v1/sandbox/a/egress/hosts", "/v1/events/x", "/healthzz", "/v1/policies/"}) {
        EXPECT_EQ(status_of("GET", path), 404) << path;
    }
}

TEST(Routes, APathThatCanBeReadInTwoWaysIsRefused) {
    for (const char* path : {"/v1/policies/../secrets", "/v1//policies", "/v1/policies/a%2fb", "/v1/policies/%2e%2e",
                             "/v1/policies/a%5cb", "/v1/policies/a%00"}) {
        EXPECT_EQ(status_of("GET", path), 400) << path;
    }
}

TEST(Routes, NamesAreBoundedAndPrintable) {
    EXPECT_EQ(status_of("GET", "/v1/policies/" + std::string(253, 'a')), 200);
    EXPECT_EQ(status_of("GET", "/v1/policies/" + std::string(254, 'a')), 400);
    for (const char* path : {"/v1/policies/a%0d%0ab", "/v1/policies/%1b[31m", "/v1/policies/%7f"}) {
        EXPECT_EQ(status_of("GET", path), 400) << path;
    }
}

TEST(Routes, OnlyTheEventsHaveAQuery) {
    EXPECT_EQ(query("/v1/events?sandbox=a%2A&type=policy,egress")->sandbox, "a*");
    EXPECT_EQ(query("/v1/events?type=policy,egress")->types, std::vector<std::string>({"policy", "egress"}));
    EXPECT_TRUE(query("/v1/events"));
    EXPECT_TRUE(query("/v1/policies?"));
    for (const char* target : {"/v1/policies?a=b", "/v1/events?Type=policy", "/v1/events?type=nothing", "/v1/events?type",
                               "/v1/events?sandbox=", "/v1/events?type=policy&type=egress", "/v1/events?&",
                               "/v1/events?sandbox=a%0a"}) {
        ASSERT_FALSE(query(target)) << target;
        EXPECT_EQ(query(target).error().status, 400) << target;
    }
}

TEST(Routes, EveryCallOfTheTableIsFoundByItsOwnPath) {
    for (const Route& route : routes()) {
        std::string path(route.path);
        for (std::size_t at; (at = path.find('{')) != std::string::npos;) {
            path.replace(at, path.find('}') - at + 1, "name");
        }
        const auto match = find(route.method, path);
        ASSERT_TRUE(match) << path;
        EXPECT_EQ(match->route, &route) << path;
        EXPECT_EQ(route.body != BodyForm::none, route.body_bytes_max > 0) << path;
    }
}

}  // namespace
}  // namespace sallyport::admin
