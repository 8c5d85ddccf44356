#include "cli/admin_json.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/gate.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(AdminJson, X14_IsOneLineOfAsciiWhateverIsInIt) {
    const std::string text = dump({{"a", "x\r\n\x1b[31m\xe2\x80\xa8\xff\""}});
    for (const char c : text) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << text;
    EXPECT_TRUE(json::accept(text));
}

TEST(AdminJson, DiagnosticsSayWhere) {
    EXPECT_EQ(diagnostics_json({}), "");
    const auto list = json::parse(diagnostics_json({{rules::Severity::error, "body", 3, 5, "unknown key"},
                                                    {rules::Severity::warning, "body", 0, 0, "never matches"}}))["diagnostics"];
    EXPECT_EQ(list[0], json({{"severity", "error"}, {"file", "body"}, {"line", 3}, {"column", 5}, {"message", "unknown key"}}));
    EXPECT_EQ(list[1]["severity"], "warning");
}

TEST(AdminJson, EgressIsWhatIsInEffectAndWhatWasSet) {
    rules::SandboxPolicy policy{"p", {"box", {{"tenant", "acme"}}, {{"team", "x"}}}, nullptr};
    EXPECT_EQ(json::parse(describe_egress(policy, nullptr)),
              json::parse(R"({"policy":"p","params":{"tenant":"acme"},"labels":{"team":"x"},"set":null})"));
    EgressDocument document;
    document.json = R"({"params":{"tenant":"acme"},"rules":[{"host":"a.example"}]})";
    const auto described = json::parse(describe_egress(policy, &document));
    EXPECT_EQ(described["rules"][0]["host"], "a.example");
    EXPECT_EQ(described["set"], json::parse(document.json));
    document.json = "not json";
    EXPECT_EQ(json::parse(describe_egress(policy, &document))["set"], nullptr);
}

class AdminJsonSecretsTest : public ScratchTest {};

TEST_F(AdminJsonSecretsTest, X6_SecretsAreNamesPlacesAndAges) {
    std::filesystem::create_directory(directory + "/acme");
    write("acme/pat", "marker-acme");
    setenv("SALLYPORT_JSON_TEST", "marker-variable", 1);
    const auto parsed = rules::parse_policy_file(
        "version: 1\nsecrets: { pat: { file: \"" + directory + "/${params.tenant}/pat\" }, v: { env: SALLYPORT_JSON_TEST } }\n"
        "credentials: { c: { type: bearer, secret: pat }, d: { type: basic, username: \"${secrets.v}\", password: \"${secrets.pat}\" } }\n"
        "policies: { p: { rules: [ { host: a.example, credential: c }, { host: b.example, credential: d } ] } }\n"
        "sandboxes: { one: { policy: p, params: { tenant: acme } }, two: { policy: p, params: { tenant: gone } } }\n", "p.yaml");
    ASSERT_TRUE(parsed.file);
    auto deployment = std::move(*Deployment::create(parsed.file, nullptr));
    ASSERT_TRUE(deployment.add_sandbox("one", ""));
    ASSERT_TRUE(deployment.add_sandbox("two", ""));
    const std::string text = describe_secrets(deployment, {});
    EXPECT_EQ(text.find("marker"), std::string::npos);
    const auto list = json::parse(text)["secrets"];
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0]["name"], "pat");
    EXPECT_EQ(list[0]["source"], "file");
    EXPECT_EQ(list[0]["location"], directory + "/${params.tenant}/pat");
    EXPECT_EQ(list[0]["used_by"], json({"credential c", "credential d"}));
    EXPECT_EQ(list[0]["sandboxes"], 2);
    EXPECT_EQ(list[0]["available"], 1);
    EXPECT_GE(list[0]["age_seconds"].get<int>(), 0);
    EXPECT_EQ(list[1]["source"], "env");
    EXPECT_EQ(list[1]["available"], 2);
}

secrets::Refresher::Status fetched(const std::string& name, bool has_value, std::chrono::seconds age) {
    const auto now = std::chrono::system_clock::now();
    secrets::Refresher::Status status;
    status.name = name;
    status.has_value = has_value;
    status.fetched_at = now - age;
    status.usable_until = now + std::chrono::minutes(10);
    status.fetches = 3;
    status.failures = has_value ? 0 : 2;
    status.last_error = has_value ? "" : "down";
    return status;
}

TEST_F(AdminJsonSecretsTest, WhatAStoreAnsweredIsSaidWithItsAge) {
    const auto parsed = rules::parse_policy_file("version: 1\nsecrets: { s: { command: [pass, show, x] } }\npolicies: { p: { default: deny } }\n", "p.yaml");
    ASSERT_TRUE(parsed.file);
    const auto deployment = std::move(*Deployment::create(parsed.file, nullptr));
    const auto entry = json::parse(describe_secrets(deployment, {fetched("s", true, std::chrono::seconds(90)), fetched("s", false, {})}))["secrets"][0];
    EXPECT_EQ(entry["source"], "command");
    EXPECT_EQ(entry["location"], "command pass");
    EXPECT_EQ(entry["last_error"], "down");
    EXPECT_EQ(entry["fetches"], 6);
    EXPECT_EQ(entry["failures"], 2);
    EXPECT_GE(entry["age_seconds"].get<int>(), 90);
    EXPECT_GT(entry["usable_for_seconds"].get<int>(), 300);
    const auto none = json::parse(describe_secrets(deployment, {}))["secrets"][0];
    EXPECT_EQ(none["age_seconds"], nullptr);
    EXPECT_EQ(none["usable_for_seconds"], nullptr);
}

TEST(AdminJson, MetricsOfSecretsAreOfAllTheirValues) {
    EXPECT_EQ(secret_metrics_text({}, std::chrono::system_clock::now()), "");
    const auto text = secret_metrics_text({fetched("s", true, std::chrono::seconds(95)), fetched("s", false, {})},
                                          std::chrono::system_clock::now());
    EXPECT_NE(text.find("\nsallyport_secret_fetches_total{secret=\"s\"} 6\n"), std::string::npos) << text;
    EXPECT_NE(text.find("\nsallyport_secret_fetch_failures_total{secret=\"s\"} 2\n"), std::string::npos);
    EXPECT_NE(text.find("\nsallyport_secret_values_missing{secret=\"s\"} 1\n"), std::string::npos);
    EXPECT_NE(text.find("\n# TYPE sallyport_secret_age_seconds gauge\nsallyport_secret_age_seconds{secret=\"s\"} 9"), std::string::npos);
}

TEST(AdminJson, AQuestionIsReadStrictly) {
    const auto body = parse_explain_body(
        R"({"sandbox":"box","method":"POST","url":"https://a.example/","headers":{"A":"1","B":["2","3"]}})");
    ASSERT_TRUE(body);
    EXPECT_EQ(body->sandbox, "box");
    EXPECT_EQ(body->question.method, "POST");
    EXPECT_EQ(body->question.headers.size(), 3u);
    EXPECT_EQ(parse_explain_body(R"({"sandbox":"box","url":"u"})")->question.method, "GET");
    const std::pair<const char*, int> cases[] = {
        {"", 400}, {"[]", 400}, {"{}", 422}, {R"({"sandbox":"box"})", 422}, {R"({"url":"u"})", 422},
        {R"({"sandbox":1,"url":"u"})", 422}, {R"({"sandbox":"box","url":"u","method":null})", 422},
        {R"({"sandbox":"box","url":"u","header":{}})", 422}, {R"({"sandbox":"box","url":"u","headers":[]})", 422},
        {R"({"sandbox":"box","url":"u","headers":{"A":1}})", 422}, {R"({"sandbox":"box","url":"u","headers":{"A":[["x"]]}})", 422},
    };
    for (const auto& [text, status] : cases) {
        const auto refused = parse_explain_body(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().status, status) << text;
    }
}

TEST(AdminJson, AConnectionIsAllThatAnOperatorMayKnow) {
    proxy::LiveConnection connection;
    connection.id = "c1";
    connection.sandbox = "box";
    connection.host = "a.example";
    connection.port = 443;
    connection.generation = Generation{9};
    const auto described = describe_connection(connection);
    EXPECT_EQ(described["id"], "c1");
    EXPECT_EQ(described["port"], 443);
    EXPECT_EQ(described["generation"], 9);
}

}  // namespace
}  // namespace sallyport::cli
