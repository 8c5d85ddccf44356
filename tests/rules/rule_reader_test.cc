#include "rules/rule_reader.h"

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

TEST(RuleReader, RefusesWhatItDoesNotKnow) {
    const Case cases[] = {
        {"{ hosts: a.example }", "11: error: unknown key \"hosts\", did you mean \"host\"?"},
        {"{ host: a.example, method: [GET] }", "28: error: unknown key \"method\", did you mean \"methods\"?"},
        {"{ host: a.example, credentials: one }",
         "28: error: unknown key \"credentials\", did you mean \"credential\"?"},
        {"{ host: a.example, frobnicate: 1 }", "28: error: unknown key \"frobnicate\""},
        {"{ host: a.example, \"a\\e[31m\": 1 }", "28: error: unknown key \"a\\u001b[31m\""},
        {"{ host: a.example, host: b.example }", "28: error: duplicate key \"host\""},
        {"text", "9: error: rules[0] must be a mapping"},
        {"{}", "9: error: rules[0] is empty"},
        {"{ name: x }", "9: error: a rule needs \"host\" or \"cidr\""},
    };
    expect_diagnostics(cases);
}

TEST(RuleReader, RefusesWhatThisVersionDoesNotHave) {
    for (const std::string key : {"handler", "tcp", "tls", "upstream", "respond", "limit"}) {
        const Case cases[] = {
            {"{ host: a.example, " + key + ": x }", "28: error: \"" + key + "\" is not supported by this version"}};
        expect_diagnostics(cases);
    }
    const Case cases[] = {{"{ tcp: \"db.internal:5432\" }", "11: error: \"tcp\" is not supported by this version"}};
    expect_diagnostics(cases);
}

TEST(RuleReader, ReadsNamesOfRules) {
    const Case cases[] = {
        {"{ name: read-acme, host: a.example }", ""},
        {"{ name: \"read acme\", host: a.example }", ""},
        {"{ name: 7, host: a.example }", ""},
        {"{ name: default, host: a.example }", "17: error: \"default\" may not be the name of a rule"},
        {"{ name: \"rules[1]\", host: a.example }", "17: error: \"rules[1]\" may not be the name of a rule"},
        {"{ name: \"\", host: a.example }", "17: error: \"name\" is empty"},
        {"{ name: \"a\\nb\", host: a.example }", "17: error: \"name\" holds a control character"},
        {"{ name: ~, host: a.example }", "11: error: \"name\" must be a string"},
        {"{ name: [a], host: a.example }", "17: error: \"name\" must be a string"},
    };
    expect_diagnostics(cases);
}

TEST(RuleReader, ReadsHosts) {
    const Case cases[] = {
        {"{ host: a.example }", ""},
        {"{ host: A.Example. }", ""},
        {"{ host: [a.example, \"*.b.example\", \"**.c.example\"] }", ""},
        {"{ host: \"*\" }", ""},
        {"{ host: \"**\" }", ""},
        {"{ host: 192.0.2.1 }", ""},
        {"{ host: \"[2001:db8::1]\" }", ""},
        {"{ host: [] }", "17: error: \"host\" is an empty list"},
        {"{ host: { a: b } }", "17: error: \"host\" must be one value or a list"},
        {"{ host: }", "11: error: \"host\" must be one value or a list"},
        {"{ host: \"\" }", "17: error: \"host\" is empty"},
        {"{ host: [a.example, [b.example]] }", "29: error: \"host\" must be a string"},
        {"{ host: \"a b\" }", "17: error: \"a b\" is not a host name"},
        {"{ host: \"https://a.example\" }",
         "17: error: \"https://a.example\" is not a host name: scheme, port, path and network have keys of their own"},
        {"{ host: \"a.example:8080\" }",
         "17: error: \"a.example:8080\" is not a host name: scheme, port, path and network have keys of their own"},
        {"{ host: \"api-*.example.com\" }",
         "17: error: \"api-*.example.com\" is not a host pattern: \"*\" and \"**\" stand for "
         "whole leading labels of a name"},
        {"{ host: \"a.*.example.com\" }",
         "17: error: \"a.*.example.com\" is not a host pattern: \"*\" and \"**\" stand for "
         "whole leading labels of a name"},
        {"{ host: 0x7f.1 }", "17: error: \"0x7f.1\" is not a host name"},
        {"{ host: 2130706433 }", "17: error: \"2130706433\" is not a host name"},
    };
    expect_diagnostics(cases);
}

TEST(RuleReader, ReadsNetworks) {
    const Case cases[] = {
        {"{ host: a.example, cidr: 10.20.0.0/16 }", ""},
        {"{ host: a.example, cidr: [10.20.0.0/16, \"fd00::/8\"] }", ""},
        {"{ cidr: 10.1.2.3 }", ""},
        {"{ host: 10.20.1.1, cidr: 10.20.0.0/16 }", ""},
        {"{ host: 10.21.1.1, cidr: 10.20.0.0/16 }", "17: error: \"10.21.1.1\" is not inside the rule's \"cidr\""},
        {"{ cidr: [] }", "17: error: \"cidr\" is an empty list"},
        {"{ cidr: 10.20.0.0/33 }", "17: error: \"10.20.0.0/33\" is not a network: write it as \"10.20.0.0/16\""},
        {"{ cidr: internal }", "17: error: \"internal\" is not a network: write it as \"10.20.0.0/16\""},
        {"{ cidr: 10.20.3.0/16 }",
         "17: error: \"10.20.3.0/16\" has bits beyond its prefix, did you mean \"10.20.0.0/16\"?"},
        {"{ cidr: 10.0.0.0/8, deny: true }",
         "17: warning: this denies address literals, not names that resolve into the network"},
        {"{ host: a.example, cidr: 10.0.0.0/8, deny: true }",
         "34: error: a rule with \"deny\" has either \"host\" or \"cidr\": it is decided before the name is resolved"},
    };
    expect_diagnostics(cases);
}

TEST(RuleReader, ReadsPortsAndSchemes) {
    const Case cases[] = {
        {"{ host: a.example, port: 8443 }", ""},
        {"{ host: a.example, port: [80, 65535] }", ""},
        {"{ host: a.example, port: 0 }", "34: error: \"port\" must be a number from 1 to 65535"},
        {"{ host: a.example, port: 65536 }", "34: error: \"port\" must be a number from 1 to 65535"},
        {"{ host: a.example, port: -1 }", "34: error: \"port\" must be a number from 1 to 65535"},
        {"{ host: a.example, port: 0443 }", "34: error: \"port\" must be a number from 1 to 65535"},
        {"{ host: a.example, port: \"443\" }", "34: error: \"port\" must be a number from 1 to 65535"},
        {"{ host: a.example, port: 443.0 }", "34: error: \"port\" must be a number from 1 to 65535"},
        {"{ host: a.example, port: [] }", "34: error: \"port\" is an empty list"},
        {"{ host: a.example, scheme: http }", ""},
        {"{ host: a.example, scheme: htps }",
         "36: error: \"scheme\" must be http or https, not \"htps\", did you mean \"https\"?"},
        {"{ host: a.example, scheme: HTTPS }", "36: error: \"scheme\" must be http or https, not \"HTTPS\""},
        {"{ host: a.example, scheme: [http] }", "36: error: \"scheme\" must be a string"},
    };
    expect_diagnostics(cases);
}

TEST(RuleReader, ReadsMethods) {
    const Case cases[] = {
        {"{ host: a.example, methods: [GET, HEAD, PURGE] }", ""},
        {"{ host: a.example, methods: [] }", "37: error: \"methods\" is an empty list"},
        {"{ host: a.example, methods: GET }", "37: error: \"methods\" must be a list"},
        {"{ host: a.example, methods: [get] }",
         "38: error: \"get\" is not a method: methods are upper case, did you mean \"GET\"?"},
        {"{ host: a.example, methods: [\"GET \"] }", "38: error: \"GET \" is not a method"},
        {"{ host: a.example, methods: [GTE] }", "38: error: \"GTE\" is not a method that is supported, did you mean \"GET\"?"},
    };
    expect_diagnostics(cases);
}

TEST(RuleReader, ReadsPaths) {
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

TEST(RuleReader, ReadsQueryAndHeaders) {
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

TEST(RuleReader, ThreatP22BooleansAreTrueOrFalseOnly) {
    const Case cases[] = {
        {"{ host: a.example, deny: true }", ""},
        {"{ host: a.example, deny: no }", "34: error: \"deny\" must be true or false, not \"no\""},
        {"{ host: a.example, deny: yes }", "34: error: \"deny\" must be true or false, not \"yes\""},
        {"{ host: a.example, deny: True }", "34: error: \"deny\" must be true or false, not \"True\""},
        {"{ host: a.example, deny: \"true\" }", "34: error: \"deny\" must be true or false, not \"true\""},
        {"{ host: a.example, deny: 1 }", "34: error: \"deny\" must be true or false, not \"1\""},
        {"{ host: a.example, deny: }", "28: error: \"deny\" must be true or false"},
        {"{ host: a.example, deny: [true] }", "34: error: \"deny\" must be true or false"},
    };
    expect_diagnostics(cases);
}

TEST(RuleReader, ReadsCredentials) {
    const Case cases[] = {
        {"{ host: a.example, credential: one }", ""},
        {"{ host: a.example, credential: onne }",
         "40: error: credential \"onne\" is not defined, did you mean \"one\"?"},
        {"{ host: a.example, credential: [one] }", "40: error: \"credential\" must be a string"},
        {"{ host: a.example, credential: }", "28: error: \"credential\" must be a string"},
        {"{ host: a.example, allow_cleartext_credential: true }",
         "56: error: \"allow_cleartext_credential\" needs \"credential\""},
    };
    expect_diagnostics(cases);
}

}  // namespace
}  // namespace sallyport::rules
