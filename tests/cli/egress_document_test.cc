#include "cli/egress_document.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "rules/compiled_policy.h"

namespace sallyport::cli {
namespace {

using testing::HasSubstr;

std::shared_ptr<const rules::PolicyFile> file() {
    return rules::parse_policy_file(
               "version: 1\nsecrets: { s: { env: SALLYPORT_EGRESS_TEST } }\ncredentials: { c: { type: bearer, secret: s } }\n"
               "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n",
               "p.yaml")
        .file;
}

EgressDocument good(std::string_view text) {
    auto document = parse_egress_document(text, *file());
    EXPECT_TRUE(document) << text << ": " << (document ? "" : document.error().message);
    return document ? std::move(*document) : EgressDocument{};
}

TEST(EgressDocument, SaysWhatItSets) {
    const EgressDocument document = good(R"({"policy":"p","params":{"tenant":"acme"},"labels":{"team":"x"},
        "rules":[{"host":"b.example","deny":true},{"host":"c.example","credential":"c"}],
        "hosts":{"D.example.":{"handler":"h","params":{"n":1}}},"handler":{"handler":"all"}})");
    EXPECT_EQ(document.policy, "p");
    EXPECT_EQ(document.params->at("tenant"), "acme");
    EXPECT_EQ(document.labels->at("team"), "x");
    ASSERT_TRUE(document.runtime);
    EXPECT_EQ(document.runtime->own->rules.size(), 2u);
    EXPECT_EQ(document.runtime->host_handlers.at("d.example").name, "h");
    EXPECT_EQ(document.runtime->host_handlers.at("d.example").params_json, "{\"n\":1}");
    EXPECT_EQ(document.runtime->catch_all->name, "all");
    EXPECT_THAT(document.json, HasSubstr("\"d.example\"")) << "kept in canonical form, however it was written";
}

TEST(EgressDocument, NothingSetIsNoRuntimeRules) {
    for (const char* text : {"{}", R"({"rules":[]})", R"({"hosts":{}})"}) EXPECT_FALSE(good(text).runtime) << text;
}

TEST(EgressDocument, P22_WhatIsNotUnderstoodIsRefused) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "not valid JSON"},
        {"[]", "must be a JSON object"},
        {R"({"rule":[]})", "unknown key \"rule\""},
        {R"({"policy":1})", "\"policy\" must be"},
        {R"({"params":[]})", "\"params\" must be an object of strings"},
        {R"({"params":{"a":1}})", "\"params\" must be an object of strings"},
        {R"({"params":{"a b":"x"}})", "is not a name"},
        {R"({"labels":{"":"x"}})", "is not a name"},
        {R"({"rules":[{"hosts":"b.example"}]})", "the rules are not valid"},
        {R"({"rules":{}})", "the rules are not valid"},
        {R"({"rules":null})", "the rules are not valid"},
        {R"({"rules":[{"host":"b.example","credential":"nosuch"}]})", "the rules are not valid"},
        {R"({"hosts":{"a b":{"handler":"h"}}})", "not a host name"},
        {R"({"hosts":{"*.example":{"handler":"h"}}})", "not a host name"},
        {R"({"hosts":{"a.example":{"handler":"h"},"A.EXAMPLE":{"handler":"g"}}})", "the same host"},
        {R"({"hosts":{"a.example":"h"}})", "a handler must be"},
        {R"({"hosts":{"a.example":{"handler":""}}})", "the name of a handler"},
        {R"({"handler":{"handler":"h","parms":{}}})", "unknown key \"parms\""},
        {R"({"handler":{"handler":"h","params":[]}})", "must be an object"},
        {"{\"policy\":\"\xff\"}", "not valid JSON"},
    };
    for (const auto& [text, message] : cases) {
        const auto document = parse_egress_document(text, *file());
        ASSERT_FALSE(document) << text;
        EXPECT_THAT(document.error().message, HasSubstr(message)) << text;
    }
}

TEST(EgressDocument, BadRulesAreExplainedAsTheFilesAre) {
    const auto document = parse_egress_document(R"({"rules":[{"host":"b.example","methds":["GET"]}]})", *file());
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().status, 422);
    ASSERT_FALSE(document.error().diagnostics.empty());
    EXPECT_THAT(document.error().diagnostics.front().message, HasSubstr("did you mean \"methods\"?"));
}

TEST(EgressDocument, HandlersAreSetAndRemovedOneByOne) {
    const auto body = std::optional<std::string>(R"({"handler":"h"})");
    const std::string with_host = *with_handler("", "a.example", body);
    EXPECT_EQ(good(with_host).runtime->host_handlers.at("a.example").name, "h");
    const std::string with_both = *with_handler(with_host, "", body);
    EXPECT_EQ(good(with_both).runtime->catch_all->name, "h");
    EXPECT_EQ(*with_handler(with_both, "", std::nullopt), with_host);
    EXPECT_EQ(*with_handler(with_host, "a.example", std::nullopt), "{}") << "what was there is there again";
    EXPECT_EQ(*with_handler("{}", "a.example", std::nullopt), "{}");
    EXPECT_FALSE(with_handler("{}", "a.example", R"({"handler":7})"));
    EXPECT_FALSE(with_handler("{}", "a.example", R"(not json)"));
}

struct Narrowing {
    const char* present;  // null for nothing
    const char* asked;
    bool narrows;
};

TEST(EgressDocument, X2_ACallerThatIsNoOperatorCanOnlyAddDenials) {
    constexpr const char* kDenyB = R"({"host":"b.example","deny":true})";
    constexpr const char* kDenyC = R"({"host":"c.example","deny":true})";
    constexpr const char* kAllow = R"({"host":"d.example"})";
    const auto rules = [](std::initializer_list<const char*> list, const std::string& rest = "") {
        std::string text = "{\"rules\":[";
        for (const char* rule : list) text += (text.back() == '[' ? "" : ",") + std::string(rule);
        return text + "]" + rest + "}";
    };
    const std::string tight = R"({"policy":"p"})";
    const std::string deny_b = rules({kDenyB});
    const std::string both = rules({kDenyB, kDenyC});
    const std::string swapped = rules({kDenyC, kDenyB});
    const std::string allow = rules({kAllow});
    const std::string allow_then_deny = rules({kAllow, kDenyB});
    const std::string deny_then_allow = rules({kDenyB, kAllow});
    const std::string deny_with_policy = rules({kDenyB}, R"(,"policy":"p")");
    const std::string with_param = R"({"params":{"tenant":"x"}})";
    const std::string with_hosts = R"({"hosts":{"a.example":{"handler":"h"}}})";
    const std::string with_handler = R"({"handler":{"handler":"h"}})";
    const Narrowing cases[] = {
        {nullptr, "{}", true},
        {nullptr, deny_b.c_str(), true},
        {nullptr, both.c_str(), true},
        {deny_b.c_str(), both.c_str(), true},
        {both.c_str(), both.c_str(), true},
        {tight.c_str(), deny_with_policy.c_str(), true},
        {allow.c_str(), allow_then_deny.c_str(), true},
        {nullptr, allow.c_str(), false},
        {nullptr, deny_then_allow.c_str(), false},
        {nullptr, tight.c_str(), false},
        {nullptr, with_param.c_str(), false},
        {nullptr, with_hosts.c_str(), false},
        {nullptr, with_handler.c_str(), false},
        {deny_b.c_str(), "{}", false},                         // what an operator has denied is allowed again
        {both.c_str(), deny_b.c_str(), false},
        {both.c_str(), swapped.c_str(), false},                // and what a limit has counted is counted anew
        {tight.c_str(), "{}", false},                          // back to a wider policy
        {tight.c_str(), deny_b.c_str(), false},
        {with_param.c_str(), "{}", false},
        {allow.c_str(), "{}", false},                          // a later rule, with a credential, may be the first then
        {allow.c_str(), deny_then_allow.c_str(), false},
    };
    for (const auto& [present, asked, narrows] : cases) {
        const EgressDocument before = good(present != nullptr ? present : "{}");
        EXPECT_EQ(only_narrows(present != nullptr ? &before : nullptr, good(asked)), narrows)
            << (present != nullptr ? present : "nothing") << " to " << asked;
    }
    EgressDocument broken = good("{}");
    broken.is_broken = true;
    EXPECT_FALSE(only_narrows(&broken, good(deny_b))) << "a broken one denies everything";
}

}  // namespace
}  // namespace sallyport::cli
