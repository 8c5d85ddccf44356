#include "rules/prove.h"

#include <gtest/gtest.h>

#include <random>

#include "rules/compiled_policy.h"
#include "rules/place_pattern.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

std::shared_ptr<const PolicyFile> parsed(const std::string& text) {
    auto file = parse_policy_file(text, "f.yaml").file;
    EXPECT_NE(file, nullptr) << sample::first_diagnostic(text);
    return file;
}

std::string described(const Proof& proof) {
    if (proof.outcome == ProofOutcome::proved) return "proved";
    if (proof.outcome == ProofOutcome::undecided) return "undecided: " + proof.why;
    std::string text = proof.rule + ": " + proof.counterexample.method + ' ' + proof.counterexample.url;
    for (const auto& header : proof.counterexample.headers) text += ' ' + header.first + '=' + header.second;
    if (proof.sent_to != proof.counterexample.url) text += " to " + proof.sent_to;
    return text;
}

std::string proved(const std::vector<std::string>& rules, const std::vector<std::string>& places) {
    const auto file = parsed(sample::file_with(rules));
    const auto proof = file ? prove(*file, {"one", places, ""}) : Result<Proof>(Proof{});
    return proof ? described(*proof) : proof.error().detail;
}

// Whether the very code that decides allows the counterexample, with the credential.
bool is_confirmed(const std::string& text, const Proof& proof, const sample::Extras& extras = {}) {
    const auto snapshot = sample::snapshot_with(text, extras);
    const auto asked = ask(proof.counterexample);
    if (snapshot == nullptr || !asked) return false;
    const auto explanation = explain(*snapshot, *asked, proof.by_handler ? Handlers::skip : Handlers::consult);
    return explanation.allowed && explanation.credential == "one" && explanation.rule == proof.rule;
}

TEST(Prove, ACredentialStaysWhereItsRulesAre) {
    const std::vector<std::string> rules{
        "{ name: read, host: api.github.com, methods: [GET, HEAD], paths: [\"/repos/acme/**\"], credential: one }",
        "{ host: \"*.npmjs.org\" }", "{ host: \"**.evil.example\", deny: true }"};
    EXPECT_EQ(proved(rules, {"api.github.com/**"}), "proved");
    EXPECT_EQ(proved(rules, {"api.github.com/repos/**"}), "proved");
    EXPECT_EQ(proved(rules, {"api.github.com/repos/acme/*", "api.github.com/repos/acme/*/**"}), "proved");
    EXPECT_EQ(proved(rules, {"api.github.com/repos/acme/*"}), "read: GET https://api.github.com/repos/acme/x/");
}

TEST(Prove, D17_ACredentialForTheApiNeverGoesOutsideOfIt) {
    const std::string text =
        "version: 1\n"
        "secrets: { pat: { env: SALLYPORT_RULES_TEST_TOKEN } }\n"
        "credentials: { one: { type: bearer, secret: pat }, git: { type: basic, username: x-access-token, password: "
        "\"${secrets.pat}\" } }\n"
        "policies:\n"
        "  coding-agent:\n"
        "    rules:\n"
        "      - { name: read-acme, host: api.github.com, methods: [GET, HEAD], paths: [\"/repos/acme/**\"], "
        "credential: one }\n"
        "      - { name: open-issues, host: api.github.com, methods: [POST], paths: [\"/repos/acme/*/issues\"], "
        "credential: one }\n"
        "      - { name: push, host: github.com, paths: [\"/acme/**\"], credential: git }\n"
        "      - { host: [raw.githubusercontent.com, objects.githubusercontent.com, gist.github.com] }\n"
        "      - { host: \"*.npmjs.org\" }\n"
        "      - { host: \"**.evil.example\", deny: true }\n";
    const auto file = parsed(text);
    ASSERT_NE(file, nullptr);
    const auto outcome = [&](const std::string& credential, const std::vector<std::string>& places) {
        return described(prove(*file, {credential, places, ""}).value());
    };
    EXPECT_EQ(outcome("one", {"api.github.com/**"}), "proved");
    EXPECT_EQ(outcome("one", {"api.github.com/repos/acme/**"}), "proved");
    EXPECT_EQ(outcome("git", {"github.com/acme/**"}), "proved");
    EXPECT_EQ(outcome("git", {"api.github.com/**"}), "push: GET https://github.com/acme/x");
    EXPECT_EQ(outcome("one", {"api.github.com/repos/acme/site/**"}),
              "read-acme: GET https://api.github.com/repos/acme/x");
    const auto proof = prove(*file, {"one", {"api.github.com/**"}, "coding-agent"});
    EXPECT_EQ(proof->rules_looked_at, 2u);
}

TEST(Prove, D17_ACredentialForEveryUploadHostIsRefusedOrRefuted) {
    EXPECT_NE(sample::first_diagnostic(sample::file_with({"{ host: \"*.githubusercontent.com\", credential: one }"})),
              "");
    const std::vector<std::string> rules{"{ host: [api.github.com, \"*.actions.acme.example\"], credential: one }"};
    EXPECT_EQ(proved(rules, {"api.github.com/**"}), "rules[0]: GET https://other.actions.acme.example/");
}

TEST(Prove, D7_AWildcardReachesNamesOfItsOwnDepthOnly) {
    EXPECT_EQ(proved({"{ host: \"*.acme.example\", credential: one }"}, {"*.acme.example"}), "proved");
    EXPECT_EQ(proved({"{ host: \"*.acme.example\", credential: one }"}, {"**.acme.example"}), "proved");
    EXPECT_EQ(proved({"{ host: \"**.acme.example\", credential: one }"}, {"*.acme.example"}),
              "rules[0]: GET https://other.other.acme.example/");
    EXPECT_EQ(proved({"{ host: \"**.acme.example\", credential: one }"}, {"*.acme.example", "**.*.acme.example"}),
              "proved");
    EXPECT_EQ(proved({"{ host: [acme.example, \"*.acme.example\"], credential: one }"}, {"*.acme.example"}),
              "rules[0]: GET https://acme.example/");
    EXPECT_EQ(proved({"{ host: \"*.acme.example\", credential: one }"}, {"acme.example", "other.acme.example"}),
              "rules[0]: GET https://another.acme.example/");
}

TEST(Prove, CountsDeniesAndEarlierRulesAsWalls) {
    const std::string wide = "{ name: wide, host: a.acme.example, credential: one }";
    EXPECT_EQ(proved({"{ host: a.acme.example, paths: [\"/admin/**\"], deny: true }", wide}, {"a.acme.example/x"}),
              "wide: GET https://a.acme.example/");
    EXPECT_EQ(proved({wide, "{ host: \"**\", methods: [GET], deny: true }"}, {"b.acme.example"}),
              "wide: POST https://a.acme.example/");
    EXPECT_EQ(proved({"{ host: \"*.acme.example\" }", wide}, {"b.acme.example"}), "proved");
    EXPECT_EQ(proved({wide, "{ host: \"*.acme.example\", deny: true }"}, {"b.acme.example"}), "proved");
    EXPECT_EQ(proved({"{ host: a.acme.example, tls: passthrough }", wide}, {"b.acme.example"}), "proved");
    EXPECT_EQ(proved({"{ host: a.acme.example, paths: [\"/**\"] }", wide}, {"b.acme.example"}),
              "wide: OPTIONS https://a.acme.example");
    EXPECT_EQ(proved({"{ host: a.acme.example, query: { q: \"a*\" }, credential: one }",
                      "{ host: a.acme.example, query: { Q: \"*\" }, deny: true }"},
                     {"b.acme.example"}),
              "proved");
    EXPECT_EQ(proved({"{ host: a.acme.example, headers: { h: \"a*\" }, credential: one }",
                      "{ host: a.acme.example, headers: { H: \"*x\" }, deny: true }"},
                     {"b.acme.example"}),
              "rules[0]: GET https://a.acme.example/ h=axyz");
}

TEST(Prove, IsAboutPortsAndSchemesToo) {
    EXPECT_EQ(proved({"{ host: a.acme.example, port: [443, 8443], credential: one }"}, {"a.acme.example"}),
              "rules[0]: GET https://a.acme.example:8443/");
    EXPECT_EQ(
        proved({"{ host: a.acme.example, allow_cleartext_credential: true, credential: one }"}, {"a.acme.example"}),
        "rules[0]: GET http://a.acme.example/");
    EXPECT_EQ(proved({"{ host: a.acme.example, allow_cleartext_credential: true, credential: one }"},
                     {"a.acme.example", "http://a.acme.example"}),
              "proved");
}

TEST(Prove, TheCredentialGoesWhereTheRequestIsSent) {
    const std::vector<std::string> rules{
        "{ host: a.acme.example, upstream: \"https://b.acme.example:8443\", credential: one }"};
    EXPECT_EQ(proved(rules, {"b.acme.example:8443"}), "proved");
    EXPECT_EQ(proved(rules, {"a.acme.example"}),
              "rules[0]: GET https://a.acme.example/ to https://b.acme.example:8443/");
    EXPECT_EQ(proved(rules, {"b.acme.example:8443/v1/**"}),
              "rules[0]: GET https://a.acme.example/ to https://b.acme.example:8443/");
}

TEST(Prove, APathThatCouldBeReadAsAnotherIsInsideOnlyWhereEveryPathIs) {
    const std::vector<std::string> rules{"{ host: a.acme.example, methods: [GET], credential: one }"};
    EXPECT_EQ(proved(rules, {"a.acme.example/**"}), "proved");
    EXPECT_EQ(proved(rules, {"a.acme.example/", "a.acme.example/*", "a.acme.example/*/**"}),
              "rules[0]: GET https://a.acme.example/a//b");
}

TEST(Prove, HandlersFetchByTheRules) {
    const std::string script = "    script: handlers/vcs.js\n";
    const auto outcome = [&](const std::string& text, const std::vector<std::string>& places) {
        const auto file = parsed(text);
        const auto proof = prove(*file, {"one", places, ""}).value();
        sample::Extras extras;
        extras.script = ScriptExports{{"a.acme.example"}, {"named"}, true};
        EXPECT_TRUE(proof.outcome != ProofOutcome::refuted || is_confirmed(text, proof, extras));
        return described(proof) + (proof.by_handler ? " by a handler" : "");
    };
    // Whatever the script exports.
    const auto by_rule = sample::file_with({"{ host: a.acme.example, handler: named, credential: one }"}) + script;
    EXPECT_EQ(outcome(by_rule, {"a.acme.example"}), "proved");
    EXPECT_EQ(outcome(by_rule, {"a.acme.example/x"}), "rules[0]: GET https://a.acme.example/ by a handler");
    // A handler makes connections of its own to what is passed through.
    const auto passed =
        sample::file_with({"{ host: a.acme.example, tls: passthrough }", "{ host: a.acme.example, credential: one }"}) +
        script;
    EXPECT_EQ(outcome(passed, {"b.acme.example"}), "rules[1]: GET https://a.acme.example/ by a handler");
    const auto given =
        sample::file_with({"{ host: a.acme.example, credential: one }"}) + script + "    env: { SECRET: token }\n";
    EXPECT_EQ(outcome(given, {"a.acme.example"}), "undecided: policy \"p\" hands the secret \"token\" to its handlers");
    EXPECT_EQ(outcome(given, {"b.acme.example"}), "rules[0]: GET https://a.acme.example/ by a handler");
}

TEST(Prove, WhatIsNotCertainIsNotProved) {
    EXPECT_EQ(proved({"{ host: a.acme.example, headers: { host: \"a*\" }, deny: true }",
                      "{ name: r, host: a.acme.example, credential: one }"},
                     {"b.acme.example"}),
              "undecided: whether some request gets through to rule \"r\" could not be decided");
    // Together they hold every path, but that takes too long to find out.
    std::vector<std::string> places{"a.acme.example/", "a.acme.example/*", "a.acme.example/*/**"};
    for (char c = 'a'; c <= 'r'; ++c) places.push_back(std::string("a.acme.example/**") + c + "**" + c + "**");
    EXPECT_EQ(proved({"{ name: r, host: a.acme.example, methods: [GET], credential: one }"}, places),
              "undecided: the search takes too many steps (rule \"r\")");
}

TEST(Prove, SaysWhatIsNotThere) {
    const auto file = parsed(sample::file_with({"{ host: a.acme.example, credential: one }"}));
    EXPECT_EQ(prove(*file, {"oen", {"a.example"}, ""}).error().detail, "credential \"oen\" is not defined");
    EXPECT_EQ(prove(*file, {"one", {"a.example"}, "q"}).error().detail, "policy \"q\" is not defined");
    EXPECT_EQ(prove(*file, {"one", {"ftp://a.example"}, ""}).error().code, ErrorCode::config_invalid);
    const ParsedRules own = parse_runtime_rules("[{ host: a.example }]", "own", *file);
    auto runtime = std::make_shared<RuntimeRules>();
    runtime->own = own.rules;
    EXPECT_FALSE(prove(*file, {"one", {"a.example"}, "", runtime}).has_value());
    // No rule uses it: it goes nowhere.
    EXPECT_EQ(described(prove(*file, {"three", {}, ""}).value()), "proved");
    EXPECT_EQ(described(prove(*file, {"one", {}, ""}).value()), "rules[0]: GET https://a.acme.example/");
}

// Random policies, and every request over few hosts, ports, methods, paths and values: what gets the credential outside
// of the places is found, and what is found does.
class ProveOracle : public testing::Test {
protected:
    ProveOracle() {
        const std::vector<std::string> origins{"https://", "http://"};
        const std::vector<std::string> hosts{"acme.example",     "x.acme.example",   "z.acme.example",
                                             "y.x.acme.example", "z.x.acme.example", "z.z.acme.example"};
        for (const std::string& scheme : origins) {
            for (const std::string& host : hosts) {
                for (const std::string port : {"", ":8443"}) add(scheme + host + port);
            }
        }
    }

    std::string pick(const std::vector<std::string>& from) { return from[random_() % from.size()]; }
    bool once_in(unsigned times) { return random_() % times == 0; }

    std::string random_rule() {
        std::string text = "{ host: \"" +
                           pick({"acme.example", "x.acme.example", "*.acme.example", "**.acme.example",
                                 "*.x.acme.example", "y.x.acme.example"}) +
                           "\"";
        const bool denies = once_in(4);
        const bool passes = !denies && once_in(12);
        if (once_in(4)) text += ", port: " + pick({"8443", "[443, 8443]", "[80, 8443]"});
        if (passes) return text + ", scheme: https, tls: passthrough }";
        if (once_in(3)) text += ", methods: [" + pick({"GET", "PUT", "GET, PUT"}) + "]";
        if (once_in(3)) text += ", paths: [" + pick({"/a", "\"/*\"", "\"/**\"", "\"/a/**\"", "/, \"/a*\""}) + "]";
        if (once_in(4)) text += ", query: { q: \"" + pick({"*", "a", "b*"}) + "\" }";
        if (once_in(4)) text += ", headers: { h: \"" + pick({"*", "a"}) + "\" }";
        if (denies) return text + ", deny: true }";
        if (once_in(2))
            text += once_in(4) ? ", credential: one, allow_cleartext_credential: true" : ", credential: one";
        if (once_in(5)) text += ", upstream: \"https://x.acme.example:8443\"";
        return text + " }";
    }
    std::vector<std::string> random_rules(unsigned most) {
        std::vector<std::string> rules;
        for (unsigned i = random_() % most + 1; i > 0; --i) rules.push_back(random_rule());
        return rules;
    }

    static bool is_outside(const std::vector<std::string>& places, const AskedRequest& asked,
                           const std::string& upstream) {
        Origin origin{asked.request.scheme, asked.request.authority.host, false, asked.request.authority.port};
        if (!upstream.empty()) origin = {http::Scheme::https, "x.acme.example", false, 8443};
        for (const std::string& text : places) {
            const auto place = parse_place_pattern(text).value();
            if (!place.holds(origin)) continue;
            if (!place.path) return false;
            const auto& target = asked.request.target;
            if (target.path != "*" && !target.ambiguous && place.path->matches(target.path)) return false;
        }
        return true;
    }

    // Whether the credential goes outside with this request.
    static bool leaks(const PolicySnapshot& snapshot, const AskedRequest& asked,
                      const std::vector<std::string>& places) {
        const http::Authority& to = asked.request.authority;
        if (snapshot.decide(asked.request, asked.headers).credential != "one") return false;
        if (snapshot.reach(asked.request.scheme, to.host, false, to.port) != Reach::intercept) return false;
        const Explanation explanation = explain(snapshot, asked);
        return explanation.allowed && is_outside(places, asked, explanation.upstream);
    }

    void add(const std::string& origin) {
        for (const std::string method : {"GET", "PUT", "OPTIONS"}) {
            for (const std::string path : {"/", "/a", "/c", "/a/", "/a/c", "/c/c", "/ac", "", "/a//c"}) {
                if (path.empty() && method != "OPTIONS") continue;
                for (const std::string query : {"", "?q=a", "?q=b", "?q=c"}) {
                    if (path.empty() && !query.empty()) continue;
                    for (const std::string header : {"", "a", "b"}) {
                        Question question{method, origin + path + query, {}};
                        if (!header.empty()) question.headers.emplace_back("h", header);
                        all_.push_back(ask(question).value());
                    }
                }
            }
        }
    }

    std::mt19937 random_{31};
    std::vector<AskedRequest> all_;
};

TEST_F(ProveOracle, AgreesWithTryingEveryRequest) {
    int proved_count = 0;
    int refuted_count = 0;
    for (int round = 0; round < 250; ++round) {
        const std::string text = sample::file_with(random_rules(5));
        const auto parsed_file = parse_policy_file(text, "f.yaml").file;
        if (parsed_file == nullptr) continue;  // an ambiguous credential, or a passthrough of http
        sample::Extras extras;
        std::string own = "[";
        if (once_in(2)) {
            for (const std::string& rule : random_rules(2)) own += (own.size() > 1 ? ", " : "") + rule;
        }
        const ParsedRules own_rules = parse_runtime_rules(own + "]", "own", *parsed_file);
        auto runtime = std::make_shared<RuntimeRules>();
        if (own.size() > 1 && own_rules.rules != nullptr) {
            extras.runtime_rules = own + "]";
            runtime->own = own_rules.rules;
        }
        std::vector<std::string> places;
        for (unsigned i = random_() % 3 + 1; i > 0; --i) {
            places.push_back(pick({"x.acme.example", "*.acme.example/a/**", "**.acme.example", "x.acme.example:8443",
                                   "http://x.acme.example", "acme.example/a", "*.acme.example", "**.x.acme.example/*",
                                   "acme.example", "x.acme.example:8443/a/**"}));
        }
        const auto snapshot = sample::snapshot_with(text, extras);
        ASSERT_NE(snapshot, nullptr);
        const Proof proof = prove(*parsed_file, {"one", places, "p", runtime}).value();
        std::string what = text + own + "] " + described(proof) + " for";
        for (const std::string& place : places) what += ' ' + place;
        ASSERT_NE(proof.outcome, ProofOutcome::undecided) << what;
        const auto leak = std::find_if(all_.begin(), all_.end(),
                                       [&](const AskedRequest& asked) { return leaks(*snapshot, asked, places); });
        if (proof.outcome == ProofOutcome::proved) {
            ++proved_count;
            EXPECT_TRUE(leak == all_.end()) << what << ' ' << to_string(leak->request);
        } else {
            ++refuted_count;
            EXPECT_TRUE(is_confirmed(text, proof, extras)) << what;
            EXPECT_TRUE(leaks(*snapshot, ask(proof.counterexample).value(), places)) << what;
        }
    }
    RecordProperty("proved", proved_count);
    EXPECT_GT(proved_count, 30);
    EXPECT_GT(refuted_count, 30);
}

}  // namespace
}  // namespace sallyport::rules
