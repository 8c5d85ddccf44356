#include "rules/mismatch_text.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

struct Case {
    std::string rule;
    Question question;
    std::string expected;
};

std::string why_of(const Case& one) {
    const auto parsed = parse_policy_file(sample::file_with({one.rule}), "f.yaml");
    const auto asked = ask(one.question);
    if (!parsed.file || !asked) return "does not load: " + sample::first_diagnostic(sample::file_with({one.rule}));
    return why(parsed.file->policies.at("p")->rules.at(0), *asked);
}

const Question kGet{"GET", "https://a.example/x?q=1&r=2", {{"H", "v"}}};

TEST(MismatchText, NamesTheConditionThatFails) {
    const std::vector<Case> cases{
        {"{ host: b.example }", kGet, "the host is a.example, and the rule is for b.example"},
        {"{ host: [\"**.b.example\", 192.0.2.1] }", kGet,
         "the host is a.example, and the rule is for **.b.example, 192.0.2.1"},
        {"{ host: \"*.a.example\" }", kGet,
         "the host is a.example, and the rule is for *.a.example (a wildcard is not the name itself)"},
        {"{ host: [b1.x, b2.x, b3.x, b4.x, b5.x, b6.x, b7.x] }", kGet,
         "the host is a.example, and the rule is for b1.x, b2.x, b3.x, b4.x, b5.x, b6.x and 1 more"},
        {"{ cidr: 10.0.0.0/8 }", kGet, "the host is a.example, and the rule is for addresses in 10.0.0.0/8"},
        {"{ tcp: \"a.example:443\" }", kGet, "it is about raw connections, and this is a request"},
        {"{ host: a.example, scheme: http }", kGet, "the scheme is https, and the rule is for http"},
        {"{ host: a.example, port: [8443, 9443] }", kGet, "the port is 443, and the rule is for 8443, 9443"},
        {"{ host: a.example }",
         {"GET", "https://a.example:8443/", {}},
         "the port is 8443, and the rule is for the scheme's own"},
        {"{ host: a.example, tls: passthrough }", kGet, "it passes connections through, and this one is intercepted"},
        {"{ host: a.example, methods: [POST, PUT] }", kGet, "the method is GET, and the rule has POST, PUT"},
        {"{ host: a.example, query: { p: \"1*\" } }", kGet, "there is no query key \"p\""},
        {"{ host: a.example, query: { r: \"1*\" } }", kGet, "a value of the query key \"r\" does not match \"1*\""},
        {"{ host: a.example, query: { r: \"1*\" }, deny: true }", kGet,
         "no value of the query key \"r\" matches \"1*\""},
        {"{ host: a.example, query: { r: \"1*\" } }",
         {"GET", "https://a.example/?a;b", {}},
         "the query holds ';', NUL or a broken percent-encoding: origins would differ"},
        {"{ host: a.example, headers: { g: \"1*\" } }", kGet, "there is no header g"},
        {"{ host: a.example, headers: { h: \"1*\" } }", kGet, "a value of the header h does not match \"1*\""},
        {"{ host: a.example, headers: { h: \"1*\" }, deny: true }", kGet, "no value of the header h matches \"1*\""},
        {"{ host: a.example, paths: [/y, \"/z/**\"] }", kGet, "the path is /x, and the rule has /y, /z/**"},
        {"{ host: a.example, paths: [/x] }",
         {"GET", "https://a.example/a/../x", {}},
         "it looks at the path, and /a/../x could be read as another one"},
        {"{ host: a.example, credential: one }",
         {"GET", "http://a.example/", {}},
         "it would match over https; its credential does not go over cleartext"},
        {"{ host: a.example }", kGet, "it matches"},
        {"{ host: a.example, deny: true }", kGet, "it matches, and a deny wins wherever it stands"},
    };
    for (const Case& one : cases) EXPECT_EQ(why_of(one), one.expected) << one.rule;
}

TEST(MismatchText, DoesNotRepeatValuesThatMayBeSecret) {
    const Question question{"GET", "https://a.example/x?key=s3cret", {{"Authorization", "s3cret"}}};
    for (const std::string condition : {"query: { key: x }", "headers: { authorization: x }"}) {
        for (const std::string deny : {"", ", deny: true"}) {
            const std::string text = why_of({"{ host: a.example, " + condition + deny + " }", question, ""});
            EXPECT_EQ(text.find("s3cret"), text.npos) << text;
        }
    }
}

TEST(MismatchText, SaysWhyARawConnectionIsNotOfARule) {
    const auto raw = [](const std::string& rule, const std::string& host, std::uint16_t port, Traffic traffic) {
        const auto parsed = parse_policy_file(sample::file_with({rule}), "f.yaml");
        return parsed.file ? why_not_raw(parsed.file->policies.at("p")->rules.at(0), traffic, {host, port, false}) : "";
    };
    EXPECT_EQ(raw("{ tcp: \"a.example:5432\" }", "a.example", 5432, Traffic::raw), "it matches");
    EXPECT_EQ(raw("{ tcp: \"a.example:5432\" }", "a.example", 5433, Traffic::raw),
              "the port is 5433, and the rule is for 5432");
    EXPECT_EQ(raw("{ tcp: \"a.example:5432\" }", "b.example", 5432, Traffic::raw),
              "the host is b.example, and the rule is for a.example");
    EXPECT_EQ(raw("{ tcp: \"a.example:443\" }", "a.example", 443, Traffic::https), "it is about raw connections");
    EXPECT_EQ(raw("{ host: a.example, scheme: http, port: 443 }", "a.example", 443, Traffic::https),
              "the rule is for http");
    EXPECT_EQ(raw("{ host: a.example, deny: true }", "a.example", 443, Traffic::https),
              "it denies what goes to this host and port");
}

TEST(MismatchText, NamesCannotColourATerminal) {
    EXPECT_EQ(shown("read-acme"), "read-acme");
    EXPECT_EQ(shown("outboundByHost[\x1b[31m]").find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace sallyport::rules
