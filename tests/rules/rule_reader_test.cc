#include "rules/rule_reader.h"

#include <gtest/gtest.h>

#include <span>

#include "rules/metadata_spec.h"
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
        {"{ name: x }", "9: error: a rule needs \"host\", \"cidr\" or \"tcp\""},
    };
    expect_diagnostics(cases);
}

TEST(RuleReader, RefusesWhatThisVersionDoesNotHave) {
    for (const std::string key : {"scrub", "approval", "budget", "redirect", "placeholder"}) {
        const Case cases[] = {
            {"{ host: a.example, " + key + ": x }", "28: error: \"" + key + "\" is not supported by this version"}};
        expect_diagnostics(cases);
    }
}

TEST(RuleReader, ReadsNamesOfRules) {
    const Case cases[] = {
        {"{ name: read-acme, host: a.example }", ""},
        {"{ name: \"read acme\", host: a.example }", ""},
        {"{ name: 7, host: a.example }", ""},
        {"{ name: default, host: a.example }", "17: error: \"default\" may not be the name of a rule"},
        {"{ name: \"rules[1]\", host: a.example }", "17: error: \"rules[1]\" may not be the name of a rule"},
        {"{ name: outbound, host: a.example }", "17: error: \"outbound\" may not be the name of a rule"},
        {"{ name: \"handler x\", host: a.example }", "17: error: \"handler x\" may not be the name of a rule"},
        {"{ name: \"runtime[0]\", host: a.example }", "17: error: \"runtime[0]\" may not be the name of a rule"},
        {"{ name: \"outboundByHost[x]\", host: a.example }",
         "17: error: \"outboundByHost[x]\" may not be the name of a rule"},
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
         "34: error: a rule with \"deny\" has either a host or \"cidr\": it is decided before the name is resolved"},
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

TEST(RuleReader, ReadsPassthrough) {
    const Case cases[] = {
        {"{ host: a.example, tls: passthrough }", ""},
        {"{ host: a.example, tls: passthrough, port: 8443, cidr: 10.0.0.0/8 }", ""},
        {"{ host: a.example, tls: passthrough, scheme: https }", ""},
        {"{ host: a.example, tls: passthrough, limit: { concurrency: 8, bytes_out: 1MB/h } }", ""},
        {"{ host: a.example, tls: passthru }", "33: error: \"tls\" must be passthrough, not \"passthru\""},
        {"{ host: a.example, tls: true }", "33: error: \"tls\" must be passthrough, not \"true\""},
        {"{ host: a.example, tls: passthrough, scheme: http }", "54: error: \"tls: passthrough\" is about https only"},
        {"{ host: a.example, tls: passthrough, limit: { url_entropy: 1KB/h } }",
         "68: error: a rule with \"tls\" has no use for \"url_entropy\""},
    };
    expect_diagnostics(cases);
}

TEST(RuleReader, APassthroughIsAboutHttpsOnly) {
    const auto file = parse_policy_file(sample::file_with({"{ host: a.example, tls: passthrough }"}), "f").file;
    const Rule& rule = file->policies.at("p")->rules[0];
    EXPECT_TRUE(rule.passthrough);
    EXPECT_TRUE(rule.https);
    EXPECT_FALSE(rule.http);
}

TEST(RuleReader, ReadsTcp) {
    const std::string not_one = "16: error: \"X\" is not a host and a port, such as \"db.internal:5432\"";
    const auto refused = [&](const std::string& text) {
        std::string expected = not_one;
        return Case{"{ tcp: \"" + text + "\" }", expected.replace(expected.find('X'), 1, text)};
    };
    const Case cases[] = {
        {"{ tcp: \"db.internal:5432\" }", ""},
        {"{ tcp: db.internal:5432 }", ""},
        {"{ tcp: \"**.db.internal:5432\", name: db, cidr: 10.0.0.0/8, limit: { bytes_out: 1MB/h } }", ""},
        {"{ tcp: \"db.internal:5432\", deny: true }", ""},
        {"{ tcp: \"192.0.2.1:22\" }", ""},
        {"{ tcp: \"[2001:db8::1]:22\" }", ""},
        {"{ tcp: \"10.1.1.1:22\", cidr: 10.0.0.0/8 }", ""},
        {"{ tcp: \"11.1.1.1:22\", cidr: 10.0.0.0/8 }", "16: error: \"11.1.1.1\" is not inside the rule's \"cidr\""},
        {"{ tcp: \"db.internal:5432\", cidr: 10.0.0.0/8, deny: true }",
         "42: error: a rule with \"deny\" has either a host or \"cidr\": it is decided before the name is resolved"},
        refused("db.internal"),
        refused("db.internal:"),
        refused("db.internal:0"),
        refused("db.internal:65536"),
        refused("db.internal:+1"),
        refused("db.internal:080"),
        refused("2001:db8::1:22"),
        {"{ tcp: \":5432\" }", "16: error: \"\" is not a host name"},
        {"{ tcp: \"postgres://db:5432\" }",
         "16: error: \"postgres://db:5432\" is not a host and a port, such as \"db.internal:5432\""},
        {"{ tcp: [\"a:1\"] }", "16: error: \"tcp\" must be a string"},
        {"{ tcp: \"a.example:1\", limit: { url_entropy: 1KB/h } }",
         "53: error: a rule with \"tcp\" has no use for \"url_entropy\""},
    };
    expect_diagnostics(cases);
    const auto file = parse_policy_file(sample::file_with({"{ tcp: \"*.DB.internal:5432\" }"}), "f").file;
    const Rule& rule = file->policies.at("p")->rules[0];
    EXPECT_TRUE(rule.tcp);
    EXPECT_EQ(rule.ports, std::vector<std::uint16_t>{5432});
    EXPECT_EQ(to_string(rule.hosts.at(0)), "*.db.internal");
}

TEST(RuleReader, ReadsWebSocketAndHandler) {
    const Case cases[] = {
        {"{ host: a.example, websocket: true }", ""},
        {"{ host: a.example, websocket: false }", ""},
        {"{ host: a.example, websocket: no }", "39: error: \"websocket\" must be true or false, not \"no\""},
        {"{ host: a.example, handler: vcs }",
         "37: error: \"handler\" needs the policy's \"script\" or \"handler_socket\""},
        {"{ host: a.example, handler: [a] }", "37: error: \"handler\" must be a string"},
    };
    expect_diagnostics(cases);
}

TEST(RuleReader, H2cNeedsCleartextOnOneSide) {
    const std::string refused = "error: \"h2c\" is about cleartext, and the rule is about https only";
    const Case cases[] = {
        {"{ host: a.example, h2c: true }", ""},
        {"{ host: a.example, scheme: http, h2c: true }", ""},
        {"{ host: a.example, scheme: https, h2c: false }", ""},
        {"{ host: a.example, h2c: [x] }", "33: error: \"h2c\" must be true or false"},
        {"{ host: a.example, scheme: https, h2c: true }", "48: " + refused},
        {"{ host: a.example, scheme: https, upstream: \"http://b.example\", h2c: true }", ""},
        {"{ host: a.example, scheme: https, upstream: \"https://b.example\", h2c: true }", "79: " + refused},
        {"{ host: a.example, upstream: \"https://b.example\", h2c: true }", ""},
        {"{ host: a.example, credential: one, h2c: true }", "50: " + refused},
        {"{ host: a.example, credential: one, allow_cleartext_credential: true, h2c: true }", ""},
        {"{ host: a.example, tls: passthrough, h2c: true }",
         "51: error: with \"tls: passthrough\" nobody looks at the request: a rule with it cannot have \"h2c\""},
        {"{ host: a.example, deny: true, h2c: true }", "45: error: a rule with \"deny\" has no use for \"h2c\""},
    };
    expect_diagnostics(cases);
    const auto file = parse_policy_file(sample::file_with({"{ host: a.example, h2c: true }", "{ host: a.example }"}), "f").file;
    EXPECT_TRUE(file->policies.at("p")->rules[0].h2c);
    EXPECT_FALSE(file->policies.at("p")->rules[1].h2c);
}

TEST(RuleReader, MetadataIsAnAnswerOfTheGates) {
    const auto snapshot = sample::snapshot_of(
        sample::file_with({"{ host: 169.254.169.254, metadata: { aws: one, region: eu-west-1 } }"}));
    ASSERT_NE(snapshot, nullptr);
    const Decision decision = sample::decide(snapshot, "PUT http://169.254.169.254/latest/api/token");
    EXPECT_EQ(decision.action, Action::respond);
    ASSERT_NE(decision.respond->metadata, nullptr);
    EXPECT_EQ(decision.respond->metadata->region, "eu-west-1");
    EXPECT_EQ(sample::first_error(sample::file_with({"{ host: a.example, metadata: { gcp: on } }"})),
              "f.yaml:9:45: error: credential \"on\" is not defined, did you mean \"one\"?");
    EXPECT_NE(sample::first_error(sample::file_with({"{ host: a.example, metadata: { gcp: one }, respond: { body: x } }"})), "");
    EXPECT_NE(sample::first_error(sample::file_with({"{ host: a.example, metadata: { gcp: one }, credential: one }"})), "");
    EXPECT_NE(sample::first_error(sample::file_with({"{ host: a.example, metadata: { gcp: one }, deny: true }"})), "");
}

}  // namespace
}  // namespace sallyport::rules
