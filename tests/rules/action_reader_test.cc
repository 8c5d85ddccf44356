#include "rules/action_reader.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

Rule rule_of(const std::string& text) {
    const auto parsed = parse_policy_file(sample::file_with({text}), "f");
    return parsed.file ? parsed.file->policies.at("p")->rules.at(0) : Rule{};
}

std::string first_of(const std::string& key, const std::string& value) {
    return sample::first_diagnostic(sample::file_with({"{ host: a.example, " + key + ": " + value + " }"}));
}

TEST(ActionReader, ReadsAnAnswer) {
    const Rule rule = rule_of(
        "{ host: a.example, respond: { status: 404, headers: { Content-Type: text/plain, X-A: \"b c\" }, body: "
        "\"no\\n\" } }");
    ASSERT_TRUE(rule.respond);
    EXPECT_EQ(rule.respond->status, 404);
    EXPECT_EQ(rule.respond->body, "no\n");
    const std::vector<std::pair<std::string, std::string>> headers{{"Content-Type", "text/plain"}, {"X-A", "b c"}};
    EXPECT_EQ(rule.respond->headers, headers);
    const Rule plain = rule_of("{ host: a.example, respond: { body: ok } }");
    EXPECT_EQ(plain.respond->status, 200);
    EXPECT_TRUE(plain.respond->headers.empty());
}

TEST(ActionReader, RefusesAnswersThatAreNone) {
    const std::pair<std::string, std::string> cases[] = {
        {"{}", "37: error: \"respond\" is empty"},
        {"ok", "37: error: \"respond\" must be a mapping"},
        {"{ code: 200 }", "39: error: unknown key \"code\""},
        {"{ status: 101 }", "47: error: \"status\" must be a number from 200 to 599"},
        {"{ status: 600 }", "47: error: \"status\" must be a number from 200 to 599"},
        {"{ status: \"200\" }", "47: error: \"status\" must be a number from 200 to 599"},
        {"{ body: [a] }", "45: error: \"body\" must be a string"},
        {"{ status: 204, body: x }", "58: error: an answer with status 204 has no body"},
        {"{ status: 304, body: x }", "58: error: an answer with status 304 has no body"},
        {"{ headers: { \"a b\": c } }", "50: error: \"a b\" is not the name of a header"},
        {"{ headers: { A: \"b\\nc: d\" } }", "53: error: \"A\" holds a control character"},
        {"{ headers: { A: \" b\" } }", "53: error: \"A\" is not the value of a header"},
        {"{ headers: { A: \"\\u00e4\" } }", "53: error: \"A\" is not the value of a header"},
        {"{ headers: { content-length: 5 } }", "50: error: the header \"content-length\" is written by the gate"},
        {"{ headers: { Transfer-Encoding: chunked } }",
         "50: error: the header \"Transfer-Encoding\" is written by the gate"},
        {"{ headers: { x-sallyport-verdict: allow } }",
         "50: error: the header \"x-sallyport-verdict\" is written by the gate"},
    };
    for (const auto& [value, expected] : cases) EXPECT_EQ(first_of("respond", value), "f.yaml:9:" + expected) << value;
}

TEST(ActionReader, BoundsAnAnswer) {
    const std::string longest(64 * 1024, 'a');
    EXPECT_EQ(first_of("respond", "{ body: " + longest + " }"), "");
    EXPECT_EQ(first_of("respond", "{ body: " + longest + "a }"), "f.yaml:9:45: error: \"body\" is larger than 64 KiB");
    std::string headers = "{ headers: { ";
    for (int i = 0; i < 65; ++i) headers += (i == 0 ? "H" : ", H") + std::to_string(i) + ": v";
    EXPECT_EQ(first_of("respond", headers + " } }"), "f.yaml:9:48: error: an answer has 64 headers at most");
}

TEST(ActionReader, ReadsADestination) {
    const struct {
        std::string text, host;
        http::Scheme scheme;
        int port;
        bool is_address;
    } cases[] = {
        {"https://staging.api.internal:8443", "staging.api.internal", http::Scheme::https, 8443, false},
        {"https://Staging.Example.", "staging.example", http::Scheme::https, 443, false},
        {"http://staging.example/", "staging.example", http::Scheme::http, 80, false},
        {"https://10.1.2.3:8443", "10.1.2.3", http::Scheme::https, 8443, true},
        {"https://[fd00::1]", "fd00::1", http::Scheme::https, 443, true},
    };
    for (const auto& each : cases) {
        const Rule rule = rule_of("{ host: a.example, upstream: \"" + each.text + "\" }");
        ASSERT_TRUE(rule.upstream) << each.text;
        EXPECT_EQ(rule.upstream->scheme, each.scheme);
        EXPECT_EQ(rule.upstream->authority.host, each.host);
        EXPECT_EQ(rule.upstream->authority.port, each.port);
        EXPECT_EQ(rule.upstream->authority.is_address, each.is_address);
    }
}

TEST(ActionReader, RefusesDestinationsThatAreNone) {
    for (const std::string text :
         {"staging.example", "ftp://a.example", "https:/a.example", "https://", "https:///", "https://a.example/v1",
          "https://a.example//", "https://a.example?x", "https://u@a.example", "https://a.example:0",
          "https://*.example", "HTTPS://a.example", "https://a b"}) {
        EXPECT_EQ(first_of("upstream", "\"" + text + "\""), "f.yaml:9:38: error: \"" + text +
                                                                "\" is not a destination: a scheme, a host and perhaps "
                                                                "a port, such as \"https://staging.example:8443\"");
    }
    EXPECT_EQ(first_of("upstream", "{ a: b }"), "f.yaml:9:38: error: \"upstream\" must be a string");
}

TEST(ActionReader, ReadsAHandlersName) {
    const std::string file = "version: 1\npolicies: { p: { script: vcs.js, rules: [ { host: a.example, handler: ";
    const auto parsed = parse_policy_file(file + "vcs } ] } }\n", "f");
    ASSERT_TRUE(parsed.file);
    const auto handler = parsed.file->policies.at("p")->rules[0].handler;
    EXPECT_EQ(handler->kind, HandlerKind::rule);
    EXPECT_EQ(handler->name, "vcs");
    EXPECT_EQ(sample::first_diagnostic(file + std::string(129, 'a') + " } ] } }\n"),
              "f.yaml:2:71: error: a handler's name has 128 bytes at most");
}

}  // namespace
}  // namespace sallyport::rules
