#include "rules/query.h"

#include <gtest/gtest.h>

#include <span>

namespace sallyport::rules {
namespace {

struct Case {
    const char* query;
    bool allow;
    bool deny;
};

void expect_matches(const char* name, const char* value, std::span<const Case> cases) {
    const QueryCondition condition{name, *Glob::compile(value, GlobKind::text)};
    for (const Case& each : cases) {
        EXPECT_EQ(matches_query(condition, each.query, Purpose::allow), each.allow) << each.query;
        EXPECT_EQ(matches_query(condition, each.query, Purpose::deny), each.deny) << each.query;
    }
}

TEST(Query, ReadsPairs) {
    const Case cases[] = {
        {"", false, false},     {"a=x", true, true},     {"b=1&a=x", true, true}, {"a=y", false, false},
        {"aa=x", false, false}, {"b=a=x", false, false}, {"%61=%78", true, true}, {"a", false, false},
        {"a=", false, false},   {"a=x&", true, true},    {"&a=x", true, true},    {"a=xx", false, false},
    };
    expect_matches("a", "x", cases);
}

TEST(Query, ThreatP11RepeatedKeysMustAgree) {
    const Case cases[] = {
        {"a=x&a=x", true, true},         {"a=x&a=y", false, true}, {"a=y&a=x", false, true},
        {"a=x&a", false, true},          {"a=x&A=y", false, true}, {"A=x", false, true},
        {"a=x&a[]=y", false, true},      {"a[]=x", false, true},   {"a=x&%61=y", false, true},
        {"a=x&a%5b0%5d=y", false, true}, {"a=x&A=x", true, true},
    };
    expect_matches("a", "x", cases);
}

TEST(Query, ThreatP11WhatOriginsReadDifferentlyFailsClosed) {
    const Case cases[] = {
        {"b=1;a=x", false, true},   {"a=x;b=1", false, true}, {"a=x&b=%", false, true},
        {"a=x&b=%zz", false, true}, {"a=x%00", false, true},  {"b=%00&a=x", false, true},
    };
    expect_matches("a", "x", cases);
}

TEST(Query, ReadsPlusBothWays) {
    const Case as_space[] = {{"a=x+y", false, true}, {"a=x%20y", true, true}, {"a=x%2by", false, false}};
    expect_matches("a", "x y", as_space);
    const Case as_plus[] = {{"a=x+y", false, true}, {"a=x%2by", true, true}};
    expect_matches("a", "x+y", as_plus);
    const Case as_either[] = {{"a=x+y", true, true}};
    expect_matches("a", "x*y", as_either);
}

}  // namespace
}  // namespace sallyport::rules
