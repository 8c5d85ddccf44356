// Rows of the threat catalogue that the rule language answers for, as whole stories over a file and requests to it.
#include <gtest/gtest.h>

#include <random>

#include "http/authority.h"
#include "http/path.h"
#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

using sample::file_with;
using sample::snapshot_of;
using sample::verdict_of;

class Words {
public:
    explicit Words(unsigned seed) : random_(seed) {}
    std::string join(std::span<const char* const> parts, std::size_t most) {
        std::string text;
        for (std::size_t count = random_() % (most + 1); count > 0; --count) text += parts[random_() % parts.size()];
        return text;
    }

private:
    std::mt19937 random_;
};

// ASCII in both cases, full-width letters and dots, soft hyphens, ligatures, combining marks, digits of other scripts.
constexpr const char* kHostParts[] = {
    "a",      "B",      "example", "Com",    "xn--",   "xn--bcher-kva", "-",      "_",      "1",       "0x7f",
    "127",    ".",      ".",       ".",      "\uff0e", "\u3002",        "\uff21", "\u00fc", "u\u0308", "\u00df",
    "\ufb01", "\u00ad", "\u200d",  "\u0130", "\u212a", "\u2460",        "\u0661", "%41",    "@",       ":",
    "/",      " ",      "*",
};

TEST(ThreatRows, D6_TheCanonicalHostIsItsOwnCanonicalForm) {
    Words words(1);
    std::size_t canonicals = 0;
    for (int i = 0; i < 200'000; ++i) {
        const std::string text = words.join(kHostParts, 7);
        const auto once = http::canonical_host(text);
        if (!once) continue;
        ++canonicals;
        const auto twice = http::canonical_host(*once);
        ASSERT_TRUE(twice) << text;
        ASSERT_EQ(*twice, *once) << text;
        for (const char c : *once)
            ASSERT_TRUE((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_') << text;
    }
    EXPECT_GT(canonicals, 10'000u);
}

TEST(ThreatRows, D6_EverySpellingOfAHostMeetsTheSameRule) {
    const auto snapshot = snapshot_of(file_with({"{ name: deny, host: b\u00fccher.example, deny: true }"}, "allow"));
    ASSERT_TRUE(snapshot);
    for (const std::string host :
         {"b\u00fccher.example", "B\u00dcCHER.EXAMPLE", "xn--bcher-kva.example", "XN--BCHER-KVA.example.",
          "bu\u0308cher.example", "b\u00fccher\uff0eexample", "\uff42\u00fccher.example"}) {
        const auto canonical = http::canonical_host(host);
        ASSERT_TRUE(canonical) << host;
        EXPECT_EQ(verdict_of(snapshot, "GET https://" + *canonical + "/"), "denied_by_rule deny") << host;
    }
}

constexpr const char* kPathParts[] = {"/",   "/",      "a",   "B",   ".", "..", "%2e", "%2E", "%2f", "%5c", "%41",
                                      "%7e", "%c3%a4", "%00", "%25", ";", "~",  "*",   "?",   "&",   "=",   "+"};

TEST(ThreatRows, D6_TheCanonicalPathIsItsOwnCanonicalForm) {
    Words words(2);
    std::size_t canonicals = 0;
    for (int i = 0; i < 200'000; ++i) {
        const std::string text = '/' + words.join(kPathParts, 9);
        const auto once = http::canonical_target(text);
        if (!once) continue;
        ++canonicals;
        const auto twice = http::canonical_target(once->path);
        ASSERT_TRUE(twice) << text;
        ASSERT_EQ(twice->path, once->path) << text;
    }
    EXPECT_GT(canonicals, 10'000u);
}

TEST(ThreatRows, D7_AWildcardIsBoundedByLabels) {
    const auto snapshot =
        snapshot_of(file_with({"{ name: one, host: \"*.a.example\" }", "{ name: more, host: \"**.b.example\" }"}));
    const std::pair<const char*, const char*> cases[] = {
        {"x.a.example", "allow one"},          {"a.example", "denied default"},
        {"y.x.a.example", "denied default"},   {"evila.example", "denied default"},
        {"x.evila.example", "denied default"}, {"x.a.example.evil", "denied default"},
        {"x.b.example", "allow more"},         {"y.x.b.example", "allow more"},
        {"b.example", "denied default"},       {"evilb.example", "denied default"},
    };
    for (const auto& [host, expected] : cases) {
        EXPECT_EQ(verdict_of(snapshot, std::string("GET https://") + host + "/"), expected) << host;
    }
}

TEST(ThreatRows, D7_NoCredentialIsForADomainOfManyOwners) {
    for (const std::string host : {"*.com",
                                   "**.co.uk",
                                   "*.github.io",
                                   "**.gitlab.io",
                                   "*.ghe.com",
                                   "*.s3.amazonaws.com",
                                   "*.s3.eu-west-1.amazonaws.com",
                                   "**.amazonaws.com",
                                   "*.execute-api.eu-west-1.amazonaws.com",
                                   "*.blob.core.windows.net",
                                   "*.azurewebsites.net",
                                   "*.cloudfront.net",
                                   "*.herokuapp.com",
                                   "*.vercel.app",
                                   "*.netlify.app",
                                   "*.pages.dev",
                                   "*.workers.dev",
                                   "*.r2.dev",
                                   "*.web.app",
                                   "*.firebaseapp.com",
                                   "**.run.app",
                                   "*.storage.googleapis.com",
                                   "**.digitaloceanspaces.com",
                                   "*.ngrok.io",
                                   "*.ngrok-free.app",
                                   "*.trycloudflare.com",
                                   "*.myshopify.com",
                                   "*.my.salesforce.com",
                                   "*.atlassian.net",
                                   "*.okta.com",
                                   "*.fly.dev",
                                   "*.onrender.com",
                                   "*.nip.io",
                                   "*.on.aws",
                                   "**.azure.com"}) {
        const std::string message = sample::first_error(file_with({"{ host: \"" + host + "\", credential: one }"}));
        EXPECT_NE(message.find("error: a credential for \"" + host + "\" would go to anyone with a name under"),
                  std::string::npos)
            << host << ": " << message;
        EXPECT_EQ(sample::first_error(file_with({"{ host: \"" + host + "\" }"})), "") << host;
    }
    for (const std::string host :
         {"*.example.com", "*.api.github.com", "acme.github.io", "*.acme.ghe.com", "bucket.s3.amazonaws.com"}) {
        EXPECT_EQ(sample::first_error(file_with({"{ host: \"" + host + "\", credential: one }"})), "") << host;
    }
}

TEST(ThreatRows, D18_RulesCanTellOwnersRepositoriesAndWritesApart) {
    const auto snapshot = snapshot_of(file_with(
        {"{ name: read, host: api.github.com, methods: [GET, HEAD], paths: [\"/repos/acme/**\"], credential: one }",
         "{ name: comment, host: api.github.com, methods: [POST], paths: [\"/repos/acme/app/issues/*/comments\"], "
         "credential: one }",
         "{ name: push, host: github.com, methods: [GET, POST], paths: [\"/acme/app.git/**\"], credential: one }",
         "{ name: bucket, host: acme-builds.s3.amazonaws.com, methods: [PUT], paths: [\"/ci/*\"], credential: one, "
         "limit: { bytes_out: 10MB/h } }"}));
    ASSERT_TRUE(snapshot);
    const std::pair<const char*, const char*> cases[] = {
        {"GET https://api.github.com/repos/acme/app/pulls", "allow read"},
        {"GET https://api.github.com/repos/evil/app/pulls", "denied default"},
        {"GET https://api.github.com/repos/acme-evil/app", "denied default"},
        {"GET https://api.github.com/gists", "denied default"},
        {"POST https://api.github.com/gists", "denied default"},
        {"POST https://api.github.com/repos/acme/app/issues", "denied default"},
        {"POST https://api.github.com/repos/acme/app/issues/7/comments", "allow comment"},
        {"POST https://api.github.com/repos/acme/app/issues/7/8/comments", "denied default"},
        {"DELETE https://api.github.com/repos/acme/app", "denied default"},
        {"GET https://api.github.com/repos/acme/../evil/app", "bad_path read"},
        {"GET https://api.github.com/repos/acme/%2e%2e/evil/app", "bad_path read"},
        {"POST https://github.com/acme/app.git/git-receive-pack", "allow push"},
        {"POST https://github.com/evil/app.git/git-receive-pack", "denied default"},
        {"PUT https://acme-builds.s3.amazonaws.com/ci/x", "allow bucket"},
        {"PUT https://evil.s3.amazonaws.com/ci/x", "denied default"},
        {"GET https://acme-builds.s3.amazonaws.com/ci/x", "denied default"},
    };
    for (const auto& [request, expected] : cases) EXPECT_EQ(verdict_of(snapshot, request), expected) << request;
    EXPECT_EQ(sample::decide(snapshot, "PUT https://acme-builds.s3.amazonaws.com/ci/x").limit->bytes_out->amount,
              10'000'000u);
}

TEST(ThreatRows, P9_AGlobReadsEachCharacterOnce) {
    for (const std::string unit : {"**a*", "*a", "**/*", "*", "a*a*"}) {
        std::string pattern = "/";
        while (pattern.size() < 900) pattern += unit;
        const auto glob = Glob::compile(pattern + 'b', GlobKind::path);
        ASSERT_TRUE(glob);
        const std::string text = '/' + std::string(20'000, 'a');
        std::size_t reads = 0;
        const bool matches = glob->matches_each([&] {
            const std::size_t at = reads++;
            return at < text.size() ? static_cast<int>(text[at]) : -1;
        });
        EXPECT_FALSE(matches) << unit;
        EXPECT_LE(reads, text.size() + 1) << unit;
    }
}

TEST(ThreatRows, P9_NothingOfAPatternIsARegularExpression) {
    const auto snapshot = snapshot_of(file_with({"{ host: a.example, paths: [\"/v1.0/(x|y)/[ab]+\", \"/one/*\"] }"}));
    EXPECT_EQ(verdict_of(snapshot, "GET https://a.example/v1.0/(x|y)/[ab]+"), "allow rules[0]");
    EXPECT_EQ(verdict_of(snapshot, "GET https://a.example/v1x0/x/a"), "denied default");
    EXPECT_EQ(verdict_of(snapshot, "GET https://a.example/one/two"), "allow rules[0]");
    EXPECT_EQ(verdict_of(snapshot, "GET https://a.example/one/two/three"), "denied default");
}

TEST(ThreatRows, P10_AMethodIsAnExactToken) {
    const auto snapshot = snapshot_of(file_with({"{ host: a.example, methods: [GET] }"}));
    EXPECT_EQ(verdict_of(snapshot, "GET https://a.example/"), "allow rules[0]");
    for (const char* method : {"get", "Get", "gEt", "GETX", "GE", "HEAD", "POST", "PROPFIND", "FROBNICATE"}) {
        EXPECT_EQ(verdict_of(snapshot, std::string(method) + " https://a.example/"), "denied default") << method;
    }
}

TEST(ThreatRows, P10_NoHeaderMakesAnotherMethodOfACredentialedRequest) {
    const auto snapshot = snapshot_of(file_with({"{ host: a.example, methods: [GET, POST], credential: one }"}));
    for (const char* name : {"X-HTTP-Method-Override", "x-http-method-override", "X_HTTP_Method_Override",
                             "X-HTTP-Method", "X-Method-Override"}) {
        http::RequestHead head;
        head.method = "POST";
        head.target = "/";
        head.headers.add(name, "DELETE");
        ASSERT_TRUE(sample::apply(*snapshot, sample::decide(snapshot, "POST https://a.example/"), head));
        EXPECT_FALSE(head.headers.get(name)) << name;
    }
}

TEST(ThreatRows, P11_ARepeatedQueryKeyMustAgree) {
    const auto snapshot = snapshot_of(file_with({"{ host: a.example, query: { ref: main } }"}));
    const std::pair<const char*, bool> cases[] = {
        {"ref=main", true},
        {"x=1&ref=main", true},
        {"ref=main&ref=main", true},
        {"ref=main&ref=evil", false},
        {"ref=evil&ref=main", false},
        {"ref=main&REF=evil", false},
        {"ref=main;ref=evil", false},
        {"x=1;ref=main", false},
        {"ref[]=main", false},
        {"ref=main&ref[]=evil", false},
        {"ref=main&ref[0]=evil", false},
        {"ref=main&%72ef=evil", false},
        {"ref=main&r%65f[]=evil", false},
        {"", false},
    };
    for (const auto& [query, allowed] : cases) {
        EXPECT_EQ(verdict_of(snapshot, std::string("GET https://a.example/?") + query),
                  allowed ? "allow rules[0]" : "denied default")
            << query;
    }
}

TEST(ThreatRows, P11_ADenyIsMetByAnyOfARepeatedKey) {
    const auto snapshot = snapshot_of(file_with(
        {"{ name: no, host: a.example, query: { admin: \"1\" }, deny: true }", "{ name: yes, host: a.example }"}));
    for (const char* query : {"admin=1", "admin=0&admin=1", "admin=1&admin=0", "ADMIN=1", "admin[]=1", "x=1;admin=1",
                              "%61dmin=1", "admin=%31"}) {
        EXPECT_EQ(verdict_of(snapshot, std::string("GET https://a.example/?") + query), "denied_by_rule no") << query;
    }
    EXPECT_EQ(verdict_of(snapshot, "GET https://a.example/?admin=0"), "allow yes");
}

TEST(ThreatRows, P21_DenyWinsWhereverItStandsAndWhicheverLayerItIsIn) {
    const std::string deny = "{ name: no, host: b.a.example, deny: true }";
    const std::string allow = "{ name: yes, host: \"**.a.example\" }";
    for (const auto& rules : {std::vector{deny, allow}, std::vector{allow, deny}}) {
        EXPECT_EQ(verdict_of(snapshot_of(file_with(rules)), "GET https://b.a.example/"), "denied_by_rule no");
    }
    sample::Extras extras;
    extras.runtime_rules = "[ " + deny + " ]";
    EXPECT_EQ(verdict_of(sample::snapshot_with(file_with({allow}), extras), "GET https://b.a.example/"),
              "denied_by_rule no");
    extras.runtime_rules = "[ " + allow + " ]";
    EXPECT_EQ(verdict_of(sample::snapshot_with(file_with({deny}), extras), "GET https://b.a.example/"),
              "denied_by_rule no");
}

TEST(ThreatRows, P21_AnAmbiguousCredentialDoesNotLoad) {
    const auto parsed = parse_policy_file(
        file_with({"{ host: a.example, credential: one }", "{ host: a.example, credential: two }"}), "f");
    EXPECT_EQ(parsed.file, nullptr);
}

TEST(ThreatRows, P22_WhatIsEmptyMisspeltOrOfTheWrongKindDoesNotLoad) {
    for (const std::string rule :
         {"{ host: [] }", "{ host: a.example, methods: [] }", "{ host: a.example, paths: [] }",
          "{ host: a.example, query: {} }", "{ host: a.example, headers: {} }", "{ host: a.example, port: [] }",
          "{ host: a.example, cidr: [] }", "{ host: a.example, limit: {} }", "{ host: a.example, respond: {} }",
          "{ host: a.example, deny: no }", "{ host: a.example, deny: yes }", "{ host: a.example, deny: 1 }",
          "{ host: a.example, deny: }", "{ host: a.example, websocket: off }", "{ host: a.example, method: [GET] }",
          "{ Host: a.example }", "{ host: a.example, allow_cleartext_credential: yes, credential: one }", "{ host: ~ }",
          "{}"}) {
        EXPECT_EQ(parse_policy_file(file_with({rule}), "f").file, nullptr) << rule;
    }
    for (const std::string policy : {"{}", "{ default: no }", "{ default: }", "{ rules: [] }", "{ rules: }",
                                     "{ Default: allow }", "[]", "allow"}) {
        EXPECT_EQ(parse_policy_file("version: 1\npolicies: { p: " + policy + " }\n", "f").file, nullptr) << policy;
    }
    const auto empty = snapshot_of("version: 1\npolicies: { p: { default: deny } }\n");
    EXPECT_EQ(verdict_of(empty, "GET https://a.example/"), "denied default");
}

}  // namespace
}  // namespace sallyport::rules
