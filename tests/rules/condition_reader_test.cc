#include "rules/condition_reader.h"

#include <gtest/gtest.h>

#include <span>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

struct Case {
    std::string rule;
    std::string diagnostic;  // the first one, from its place on; empty for none
};

void expect_diagnostics(std::span<const Case> cases) {
    for (const Case& each : cases) {
        const std::string expected = each.diagnostic.empty() ? "" : "f.yaml:9:" + each.diagnostic;
        EXPECT_EQ(sample::first_diagnostic(sample::file_with({each.rule})), expected) << each.rule;
    }
}

TEST(ConditionReader, ReadsMethods) {
    const Case cases[] = {
        {"{ host: a.example, methods: [GET, HEAD, PURGE] }", ""},
        {"{ host: a.example, methods: [] }", "37: error: \"methods\" is an empty list"},
        {"{ host: a.example, methods: GET }", "37: error: \"methods\" must be a list"},
        {"{ host: a.example, methods: [get] }",
         "38: error: \"get\" is not a method: methods are upper case, did you mean \"GET\"?"},
        {"{ host: a.example, methods: [\"GET \"] }", "38: error: \"GET \" is not a method"},
        {"{ host: a.example, methods: [GTE] }",
         "38: error: \"GTE\" is not a method that is supported, did you mean \"GET\"?"},
    };
    expect_diagnostics(cases);
}

TEST(ConditionReader, ReadsPaths) {
    const Case cases[] = {
        {"{ host: a.example, paths: [/, /a/**, \"*\", \"/%7euser/*\"] }", ""},
        {"{ host: a.example, paths: [] }", "35: error: \"paths\" is an empty list"},
        {"{ host: a.example, paths: /a }", "35: error: \"paths\" must be a list"},
        {"{ host: a.example, paths: [repos/**] }",
         "36: error: \"repos/**\" is not a path pattern: it must begin with '/'"},
        {"{ host: a.example, paths: [\"/a?b=c\"] }",
         "36: error: \"/a?b=c\" is not a path pattern: it ends before '?', use the key \"query\""},
        {"{ host: a.example, paths: [/a/../b] }",
         "36: error: \"/a/../b\" is not a path pattern: requests with such a path are refused as ambiguous"},
        {"{ host: a.example, paths: [/a//b] }",
         "36: error: \"/a//b\" is not a path pattern: requests with such a path are refused as ambiguous"},
        {"{ host: a.example, paths: [\"/a b\"] }",
         "36: error: \"/a b\" is not a path pattern: no request has such a path"},
    };
    expect_diagnostics(cases);
}

TEST(ConditionReader, ReadsQueryAndHeaders) {
    const Case cases[] = {
        {"{ host: a.example, query: { page: 1, sort: \"*\", empty: \"\" } }", ""},
        {"{ host: a.example, query: {} }", "35: error: \"query\" is empty"},
        {"{ host: a.example, query: { \"a\\nb\": x } }", "37: error: \"a\\u000ab\" is not a query key"},
        {"{ host: a.example, query: [a] }", "35: error: \"query\" must be a mapping"},
        {"{ host: a.example, query: { a: [1] } }", "40: error: \"a\" must be a string"},
        {"{ host: a.example, query: { a: ~ } }", "37: error: \"a\" must be a string"},
        {"{ host: a.example, headers: { accept: \"*\" } }", ""},
        {"{ host: a.example, headers: {} }", "37: error: \"headers\" is empty"},
        {"{ host: a.example, headers: { \"a b\": x } }", "39: error: \"a b\" is not the name of a header"},
        {"{ host: a.example, headers: { a: x, A: y } }", "45: error: duplicate key \"A\": header names have no case"},
    };
    expect_diagnostics(cases);
}

}  // namespace
}  // namespace sallyport::rules
