#include "rules/auth_family.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

bool spare_none(std::string_view) { return false; }

TEST(AuthFamily, ThreatD14RemovesTheSandboxsOwnFields) {
    for (const auto* name : {"Authorization",
                             "authorization",
                             "PROXY-AUTHORIZATION",
                             "Cookie",
                             "X-Api-Key",
                             "X_Api_Key",
                             "Api-Key",
                             "X-Auth-Token",
                             "X-Auth-Key",
                             "X-Goog-Api-Key",
                             "X-Amz-Date",
                             "x-amz-security-token",
                             "X-Access-Token",
                             "Private-Token",
                             "PRIVATE_TOKEN",
                             "Job-Token",
                             "X-HTTP-Method-Override",
                             "X-HTTP-Method",
                             "X-Method-Override",
                             "Ocp-Apim-Subscription-Key",
                             "X-Authorization",
                             "CF-Access-Client-Secret",
                             "X-Own",
                             "x_own"}) {
        http::HeaderMap headers;
        headers.add("Accept", "*/*");
        headers.add(name, "mine");
        headers.add("Host", "a.example");
        headers.add(name, "mine too");
        remove_auth_fields(headers, {{}, {{"X-Own"}, {}}}, spare_none);
        ASSERT_EQ(headers.size(), 2u) << name;
        EXPECT_EQ(headers.at(0).name, "Accept");
        EXPECT_EQ(headers.at(1).name, "Host");
    }
}

TEST(AuthFamily, LeavesOtherFields) {
    http::HeaderMap headers;
    for (const auto* name :
         {"Accept", "Authorizations", "X-Amz", "Content-Type", "User-Agent", "X-Request-Id", "Key"}) {
        headers.add(name, "x");
    }
    remove_auth_fields(headers, {}, spare_none);
    EXPECT_EQ(headers.size(), 7u);
}

TEST(AuthFamily, ThreatD14RemovesTheSandboxsOwnQueryKeys) {
    const std::pair<std::string, std::string> cases[] = {
        {"/p", "/p"},
        {"/p?", "/p?"},
        {"/p?a=1", "/p?a=1"},
        {"/p?a=1&&b", "/p?a=1&&b"},
        {"/p?access_token=x", "/p"},
        {"/p?access_token", "/p"},
        {"/p?a=1&access_token=x&b=2", "/p?a=1&b=2"},
        {"/p?access_token=x&b=2", "/p?b=2"},
        {"/p?a=1&ACCESS_TOKEN=x", "/p?a=1"},
        {"/p?a=1&%61ccess%5ftoken=x", "/p?a=1"},
        {"/p?a=1;access_token=x;b=2", "/p?a=1;b=2"},
        {"/p?access_token[]=x&access-token=y&access.token=z&+access_token=w", "/p"},
        {"/p?access_token%00x=1", "/p"},
        {"/p?api_key=1&apikey=2&auth_token=3&api-key=4", "/p"},
        {"/p?X-Amz-Signature=1&x-amz-credential=2&a=3", "/p?a=3"},
        {"/p?X-Goog-Signature=1&GoogleAccessId=2&subscription-key=3&a=4", "/p?a=4"},
        {"/p?key=1&token=2&sig=3", "/p?key=1&token=2&sig=3"},
        {"/p?q=access_token=x", "/p?q=access_token=x"},
        {"/p?a=1?access_token=x", "/p?a=1?access_token=x"},
        {"/access_token=x", "/access_token=x"},
        {"/p?%", "/p?%"},
    };
    for (const auto& [before, after] : cases) {
        std::string target = before;
        remove_auth_query(target, {}, spare_none);
        EXPECT_EQ(target, after) << before;
    }
}

}  // namespace
}  // namespace sallyport::rules
