#include "rules/explain.h"

#include <gtest/gtest.h>

#include "rules/compiled_policy.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

Explanation explained(const std::shared_ptr<const PolicySnapshot>& snapshot, const Question& question) {
    const auto asked = ask(question);
    return snapshot != nullptr && asked ? explain(*snapshot, *asked) : Explanation{};
}

Explanation explained(const std::vector<std::string>& rules, const Question& question) {
    return explained(sample::snapshot_of(sample::file_with(rules)), question);
}

std::string trace_of(const Explanation& explanation) {
    std::string text;
    for (const RuleTrace& trace : explanation.earlier) {
        text += (trace.matched ? "* " : "- ") + trace.layer + ' ' + trace.rule + ':' + std::to_string(trace.line) +
                ": " + trace.why + '\n';
    }
    return text;
}

const Question kGet{"GET", "https://a.example/x", {}};

TEST(Explain, NamesTheRuleItsPlaceAndItsCredential) {
    const auto explanation = explained({"{ host: b.example }", "{ name: first, host: a.example, methods: [POST] }",
                                        "{ name: second, host: a.example, credential: one }", "{ host: a.example }"},
                                       kGet);
    EXPECT_TRUE(explanation.allowed);
    EXPECT_EQ(explanation.reason, "rule second matches");
    EXPECT_EQ(explanation.action, "forward");
    EXPECT_EQ(explanation.rule, "second");
    EXPECT_EQ(explanation.file, "f.yaml");
    EXPECT_EQ(explanation.line, 11);
    EXPECT_EQ(explanation.column, 9);
    EXPECT_EQ(explanation.credential, "one");
    EXPECT_EQ(explanation.policy, "p");
    EXPECT_EQ(explanation.generation, 1u);
    EXPECT_EQ(trace_of(explanation),
              "- policy rules[0]:9: the host is a.example, and the rule is for b.example\n"
              "- policy first:10: the method is GET, and the rule has POST\n"
              "* policy second:11: it matches\n");
}

TEST(Explain, ADenyThatComesLaterIsSaid) {
    const auto explanation =
        explained({"{ name: open, host: a.example }", "{ name: closed, host: \"**\", deny: true }"}, kGet);
    EXPECT_FALSE(explanation.allowed);
    EXPECT_EQ(explanation.error, "denied_by_rule");
    EXPECT_EQ(explanation.reason, "rule closed denies it, and a deny wins wherever it stands");
    EXPECT_EQ(explanation.line, 10);
    EXPECT_EQ(trace_of(explanation),
              "* policy open:9: it matches, but a deny wins: closed\n"
              "* policy closed:10: it matches, and a deny wins wherever it stands\n");
}

TEST(Explain, TheReasonIsTheOneThatCounts) {
    struct Case {
        std::string rule;
        Question question;
        std::string error;
        std::string reason;
    };
    const std::vector<Case> cases{
        {"{ host: b.example }", kGet, "denied",
         "no rule matches, and the policy's default is deny (0 of 1 rules are about this host)"},
        {"{ host: a.example, methods: [PUT] }", kGet, "denied",
         "no rule matches, and the policy's default is deny (1 of 1 rules are about this host)"},
        {"{ host: a.example, paths: [/x] }",
         {"GET", "https://a.example/%2e/x", {}},
         "bad_path",
         "rule rules[0] looks at the path, which could be read as another one"},
        {"{ host: a.example, credential: one }",
         {"GET", "http://a.example/", {}},
         "cleartext_credential",
         "rule rules[0] would match over https; its credential does not go over cleartext"},
        {"{ host: a.example, credential: two }", kGet, "secret_unavailable",
         "rule rules[0] matches, but its credential two is not available"},
        {"{ host: a.example }",
         {"GET", "https://192.0.2.1/", {}},
         "address_literal",
         "no rule is about this address, and the default is about names only"},
        {"{ host: a.example, websocket: false }",
         {"GET", "https://a.example/", {{"Upgrade", "websocket"}, {"Connection", "upgrade"}}},
         "upgrade_refused",
         "rule rules[0] has \"websocket: false\""},
        {"{ tcp: \"a.example:5432\" }", kGet, "denied",
         "no rule matches, and the policy's default is deny (1 of 1 rules are about this host)"},
    };
    for (const Case& one : cases) {
        const auto explanation = explained({one.rule}, one.question);
        EXPECT_FALSE(explanation.allowed) << one.rule;
        EXPECT_EQ(explanation.error, one.error) << one.rule;
        EXPECT_EQ(explanation.reason, one.reason) << one.rule;
        EXPECT_EQ(explanation.action, "") << one.rule;
    }
}

TEST(Explain, SaysWhatIsDoneBesideForwarding) {
    const auto answered = explained({"{ host: a.example, respond: { status: 204 } }"}, kGet);
    EXPECT_EQ(answered.action, "respond");
    EXPECT_EQ(answered.reason, "rule rules[0] matches, and answers 204 itself");
    const auto moved = explained({"{ host: a.example, upstream: \"https://b.example:8443\", credential: one }"}, kGet);
    EXPECT_EQ(moved.upstream, "https://b.example:8443");
    EXPECT_EQ(moved.reason, "rule rules[0] matches, and sends it to https://b.example:8443");
    const auto h2c = explained({"{ host: a.example, h2c: true }"}, {"GET", "http://a.example/", {}});
    EXPECT_EQ(h2c.reason, "rule rules[0] matches, in HTTP/2 over cleartext");
    EXPECT_EQ(explained({"{ host: a.example, h2c: true }"}, kGet).reason, "rule rules[0] matches");
    EXPECT_EQ(explained({"{ host: a.example, upstream: \"http://b.example:81\", h2c: true }"}, kGet).reason,
              "rule rules[0] matches, and sends it to http://b.example:81, in HTTP/2 over cleartext");
    const auto lacking =
        explained({"{ host: a.example, upstream: \"https://b.example:8443\", credential: two }"}, kGet);
    EXPECT_EQ(lacking.error, "secret_unavailable");
    EXPECT_EQ(lacking.upstream, "https://b.example:8443");
    const auto inside = explained({"{ host: a.example, cidr: 10.0.0.0/8 }"}, kGet);
    EXPECT_EQ(inside.networks, std::vector<std::string>{"10.0.0.0/8"});
    const auto by_default = explained(sample::snapshot_of(sample::file_with({"{ host: b.example }"}, "allow")), kGet);
    EXPECT_EQ(by_default.reason, "no rule matches, and the policy's default is allow");
    EXPECT_EQ(by_default.rule, "default");
}

TEST(Explain, ConnectionsThatNobodyLooksInto) {
    const auto passed = explained({"{ host: b.example }", "{ name: pinned, host: a.example, tls: passthrough }"}, kGet);
    EXPECT_TRUE(passed.allowed);
    EXPECT_EQ(passed.action, "passthrough");
    EXPECT_EQ(passed.reason, "rule pinned passes TLS through: no request is seen, no credential put in");
    EXPECT_EQ(
        trace_of(passed),
        "- policy rules[0]:9: the host is a.example, and the rule is for b.example\n* policy pinned:10: it matches\n");
    const auto raw = explained({"{ tcp: \"a.example:5432\" }"}, {"GET", "http://a.example:5432/", {}});
    EXPECT_EQ(raw.action, "tcp");
    EXPECT_EQ(raw.reason, "rule rules[0] lets raw connections through: nothing of them is looked at");
    const auto denied =
        explained({"{ host: a.example, tls: passthrough }", "{ host: a.example, paths: [/y], deny: true }"}, kGet);
    EXPECT_FALSE(denied.allowed);
    EXPECT_EQ(denied.error, "denied_by_rule");
}

TEST(Explain, HandlersAreExplainedInTheirOrder) {
    const std::string text =
        sample::file_with({"{ host: a.example, methods: [PUT], deny: true }", "{ host: a.example }",
                           "{ host: r.example, handler: named, credential: one }"}) +
        "    script: handlers/vcs.js\n";
    sample::Extras extras;
    extras.script = ScriptExports{{"a.example"}, {"named"}, true};
    const auto snapshot = sample::snapshot_with(text, extras);
    ASSERT_NE(snapshot, nullptr);
    const auto by_host = explained(snapshot, kGet);
    EXPECT_EQ(by_host.action, "handler");
    EXPECT_EQ(by_host.reason, "outboundByHost[a.example] takes the host before the rules do");
    EXPECT_EQ(trace_of(by_host),
              "- policy rules[0]:9: the method is GET, and the rule has PUT\n"
              "* policy outboundByHost[a.example]:0: it takes the request\n");
    EXPECT_EQ(explained(snapshot, {"PUT", "https://a.example/", {}}).error, "denied_by_rule");
    const auto rest = explained(snapshot, {"GET", "https://b.example/", {}});
    EXPECT_EQ(rest.reason, "no rule matches, and outbound takes the rest");
    EXPECT_EQ(rest.earlier.size(), 4u);
    const auto by_rule = explained(snapshot, {"GET", "https://r.example/", {}});
    EXPECT_EQ(by_rule.reason, "rule rules[2] matches, and hands it to handler named");
    EXPECT_EQ(by_rule.credential, "one");
    EXPECT_EQ(by_rule.handler, "named");
    extras.host_handlers.emplace("a.example", HandlerRef{HandlerKind::named, "named", ""});
    const auto attached = explained(sample::snapshot_with(text, extras), kGet);
    EXPECT_EQ(attached.reason, "handler named takes the host before the rules do");
    EXPECT_EQ(attached.earlier.back().layer, "runtime");
}

TEST(Explain, ASandboxsOwnRulesComeFirst) {
    sample::Extras extras;
    extras.runtime_rules = "[{ host: a.example, methods: [GET], credential: one }]";
    const auto snapshot = sample::snapshot_with(sample::file_with({"{ name: late, host: a.example }"}), extras);
    ASSERT_NE(snapshot, nullptr);
    const auto own = explained(snapshot, kGet);
    EXPECT_EQ(own.rule, "runtime[0]");
    EXPECT_EQ(own.credential, "one");
    EXPECT_EQ(own.earlier.size(), 1u);
    EXPECT_EQ(own.earlier[0].layer, "runtime");
    const auto policys = explained(snapshot, {"PUT", "https://a.example/", {}});
    EXPECT_EQ(policys.rule, "late");
    EXPECT_EQ(policys.earlier.size(), 2u);
}

TEST(Explain, OfThousandsOfRulesItKeepsThoseForTheHost) {
    std::vector<std::string> rules;
    for (int i = 0; i < 1000; ++i) rules.push_back("{ host: h" + std::to_string(i) + ".example }");
    rules.emplace_back("{ host: a.example }");
    const auto explanation = explained(rules, kGet);
    EXPECT_EQ(explanation.earlier.size(), 101u);
    EXPECT_EQ(explanation.left_out, 900u);
    EXPECT_EQ(explanation.earlier.back().rule, "rules[1000]");
}

// The explanation is the decision, whatever it is asked.
TEST(Explain, SaysWhatWouldBeDecided) {
    const auto snapshot = sample::snapshot_of(sample::file_with(
        {"{ host: a.example, paths: [\"/a/**\"], credential: one }", "{ host: \"*.example\", methods: [GET] }",
         "{ host: b.example, query: { q: x }, deny: true }", "{ cidr: 10.0.0.0/8 }"}));
    for (const std::string method : {"GET", "PUT"}) {
        for (const std::string url :
             {"https://a.example/a/b", "http://a.example/a/b", "https://b.example/?q=x", "https://b.example/",
              "https://10.1.1.1/", "https://11.1.1.1/", "https://c.b.example/", "https://a.example//a/b"}) {
            const auto asked = ask({method, url, {}});
            ASSERT_TRUE(asked);
            const auto explanation = explain(*snapshot, *asked);
            const auto decision = snapshot->decide(asked->request, asked->headers);
            EXPECT_EQ(explanation.allowed, decision.verdict == Verdict::allow) << method << url;
            EXPECT_EQ(explanation.rule, decision.rule) << method << url;
            EXPECT_EQ(explanation.error, explanation.allowed ? "" : tag(decision.error)) << method << url;
        }
    }
}

}  // namespace
}  // namespace sallyport::rules
