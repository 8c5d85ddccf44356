// The document against the program: every path and method of it is served and the other way round, and whatever is
// answered, in good times and in bad, is as it says.
#include <gtest/gtest.h>

#include <set>

#include "admin/limits.h"
#include "admin/server.h"
#include "tests/admin/dialogue.h"
#include "tests/admin/json_schema.h"

namespace sallyport::admin {
namespace {

using nlohmann::json;

const json& document() {
    static const json parsed = json::parse(openapi_document());
    return parsed;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

const json& operation_of(const Route& route) {
    return document().at("paths").at(std::string(route.path)).at(lower(route.method));
}

const json& resolved(const json& value) {
    return value.contains("$ref") ? SchemaChecker(document()).resolve(value.at("$ref")) : value;
}

// What the document has against an answer; empty for nothing.
std::string complaint(const Route& route, const Seen& seen) {
    const json& responses = operation_of(route).at("responses");
    const std::string status = std::to_string(seen.status);
    if (!responses.contains(status)) return "does not know the status " + status + ": " + seen.body;
    const json& response = resolved(responses.at(status));
    const json headers = response.value("headers", json::object());
    for (const auto& [name, unused] : headers.items()) {
        if (name != "ETag" && !seen.headers.has(name)) return "promises the header " + name;
    }
    if (!response.contains("content")) return seen.body.empty() ? "" : "promises no content";
    const std::string type = seen.header("Content-Type");
    const auto& content = response.at("content");
    const std::string essence = type.substr(0, type.find(';'));
    if (!content.contains(essence)) return "does not know the type " + type;
    if (essence != "application/json") return {};
    return SchemaChecker(document()).check(content.at(essence).at("schema"), json::parse(seen.body));
}

std::string target_of(const Route& route) {
    std::string path(route.path);
    const std::pair<const char*, const char*> names[] = {
        {"{id}", route.operation == Operation::close_connection ? "c1" : "tenant-a-1"},
        {"{name}", route.operation == Operation::refresh_secret ? "pat" : "open"},
        {"{host}", "a.example"}};
    for (const auto& [from, to] : names) {
        const std::size_t at = path.find(from);
        if (at != std::string::npos) path.replace(at, std::string_view(from).size(), to);
    }
    return path;
}

std::string good_body(const Route& route) {
    switch (route.operation) {
        case Operation::explain: return R"({"sandbox":"tenant-a-1","url":"https://a.example/"})";
        case Operation::put_host_handler:
        case Operation::put_handler: return R"({"handler":"readOnly","params":{"n":1}})";
        case Operation::put_egress: return R"({"policy":"open"})";
        default: return route.body == BodyForm::none ? "" : R"({"default":"deny"})";
    }
}

Seen ask(FakeApi& api, const Route& route, const Peer& peer, std::string_view fields, const std::string& body) {
    Dialogue dialogue(api, peer);
    const std::string type = body.empty() ? "" : "Content-Type: application/json\r\n";
    return dialogue.ask(route.method, target_of(route), type + std::string(fields), body);
}

TEST(OpenApi, TheDocumentIsWellFormed) {
    EXPECT_EQ(document().at("openapi"), "3.1.0");
    EXPECT_TRUE(document().at("info").contains("title"));
    std::set<std::string> ids;
    for (const Route& route : routes()) {
        EXPECT_TRUE(ids.insert(operation_of(route).at("operationId")).second) << route.path;
    }
    const auto& schemes = document().at("components").at("securitySchemes");
    for (const auto& requirement : document().at("security")) {
        for (const auto& [name, unused] : requirement.items()) EXPECT_TRUE(schemes.contains(name)) << name;
    }
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
    const auto visit = [](const auto& self, const json& value) -> void {
        if (value.is_object() && value.contains("$ref")) {
            EXPECT_NO_THROW(SchemaChecker(document()).resolve(value.at("$ref"))) << value.dump();
        }
        for (const auto& member : value) {
            if (member.is_structured()) self(self, member);
        }
    };
    visit(visit, document());
}

TEST(OpenApi, HasTheRoutesOfTheProgramAndNoOthers) {
    std::set<std::string> served, documented;
    for (const Route& route : routes()) served.insert(lower(route.method) + " " + std::string(route.path));
    for (const auto& [path, operations] : document().at("paths").items()) {
        for (const auto& [method, unused] : operations.items()) documented.insert(method + " " + path);
    }
    EXPECT_EQ(served, documented);
}

TEST(OpenApi, EveryNameInAPathAndEveryBodyIsDescribed) {
    for (const Route& route : routes()) {
        const json& operation = operation_of(route);
        std::set<std::string> described;
        for (const json& parameter : operation.value("parameters", json::array())) {
            if (parameter.at("in") == "path") described.insert(parameter.at("name"));
        }
        std::set<std::string> in_path;
        const std::string path(route.path);
        for (std::size_t at = 0; (at = path.find('{', at)) != std::string::npos; ++at) {
            in_path.insert(path.substr(at + 1, path.find('}', at) - at - 1));
        }
        EXPECT_EQ(described, in_path) << path;
        EXPECT_EQ(operation.contains("requestBody"), route.body != BodyForm::none) << path;
        if (route.body == BodyForm::none) continue;
        const json& content = operation.at("requestBody").at("content");
        EXPECT_TRUE(content.contains("application/json")) << path;
        EXPECT_EQ(content.contains("application/yaml"), route.body == BodyForm::policy) << path;
    }
}

TEST(OpenApi, EventTypesAreThoseOfTheProgram) {
    for (const json& parameter : document().at("paths").at("/v1/events").at("get").at("parameters")) {
        if (parameter.at("name") != "type") continue;
        const json& types = parameter.at("schema").at("items").at("enum");
        EXPECT_EQ(types, json(kEventTypes));
        return;
    }
    FAIL() << "there is no parameter type";
}

TEST(OpenApi, EveryCallAnswersAsTheDocumentSays) {
    for (const Route& route : routes()) {
        if (route.operation == Operation::events) continue;  // below
        FakeApi api;
        const std::string body = good_body(route);
        if (!body.empty()) {
            const json& schema =
                operation_of(route).at("requestBody").at("content").at("application/json").at("schema");
            EXPECT_EQ(SchemaChecker(document()).check(schema, json::parse(body)), "") << route.path;
        }
        const Seen seen = ask(api, route, local_operator(), "", body);
        EXPECT_LT(seen.status, 300) << route.path << seen.body;
        EXPECT_EQ(complaint(route, seen), "") << route.method << " " << route.path;
    }
}

TEST(OpenApi, EveryFailureIsAsTheDocumentSays) {
    for (const Route& route : routes()) {
        const auto check = [&](const char* what, int status, const Peer& peer, const std::string& fields,
                               const std::string& body) {
            FakeApi api;
            const Seen seen = ask(api, route, peer, fields, body);
            EXPECT_EQ(complaint(route, seen), "") << route.method << " " << route.path << ": " << what;
            EXPECT_EQ(seen.status, status) << route.method << " " << route.path << ": " << what << seen.body;
        };
        const std::string body = good_body(route);
        check("a stranger", 403, {"uid 9", std::nullopt, false, true}, "", body);
        check("no token", 401, {"127.0.0.1:9", std::nullopt, true, false}, "", body);
        check("a page", 403, local_operator(), "Origin: https://a.example\r\n", body);
        check("another expectation", 417, local_operator(), "Expect: much\r\n", body);
        if (route.body == BodyForm::none) {
            check("a body", 400, local_operator(), "", "{}");
        } else {
            check("a broken body", 400, local_operator(), "", "{");
            check("an encoded body", 415, local_operator(), "Content-Encoding: gzip\r\n", body);
            check("a large body", 413, local_operator(), "", std::string(kBodyBytesMax + 1, ' '));
        }
        if (route.access == Access::operators) check("not an operator", 403, local_tenant("tenant-a"), "", body);
        if (route.access == Access::own_sandbox) check("a foreign sandbox", 404, local_tenant("tenant-b"), "", body);
    }
}

TEST(OpenApi, WhatTheApiMaySayIsInTheDocument) {
    struct Said {
        int status;
        const char* code;
    };
    const auto may_say = [](const Route& route, const Said& said) {
        FakeApi api;
        api.next_reply = Reply::failed(said.status, said.code, "a sentence");
        const Seen seen = ask(api, route, local_operator(), "", good_body(route));
        EXPECT_EQ(complaint(route, seen), "") << route.method << " " << route.path << " " << said.code;
    };
    for (const Route& route : routes()) {
        if (route.operation == Operation::events || route.operation == Operation::openapi) continue;
        for (const Said& said : {Said{404, "not_found"}, {403, "forbidden"}, {500, "internal"}, {503, "audit_unavailable"}}) {
            may_say(route, said);
        }
        const bool changes_policy = route.path.starts_with("/v1/policies/") || route.path.starts_with("/v1/sandbox/{id}/egress");
        if (changes_policy && route.method != "GET") {
            for (const Said& said : {Said{409, "in_use"}, {422, "policy_invalid"}, {422, "egress_invalid"},
                                     {422, "policy_unknown"}, {503, "state_unavailable"}}) {
                may_say(route, said);
            }
        }
        if (route.operation == Operation::make_proxy_credential) may_say(route, {409, "no_proxy"});
        if (route.operation == Operation::explain) {
            for (const Said& said : {Said{422, "explain_invalid"}, {422, "bad_path"}, {422, "bad_authority"}}) {
                may_say(route, said);
            }
        }
    }
}

TEST(OpenApi, EventsAreAnsweredAsTheDocumentSays) {
    FakeApi api;
    Dialogue dialogue(api, local_operator());
    dialogue.session().feed(Dialogue::request("GET", "/v1/events"));
    const auto seen = dialogue.answers();
    ASSERT_EQ(seen.size(), 1u);
    for (const Route& route : routes()) {
        if (route.operation == Operation::events) {
            EXPECT_EQ(complaint(route, seen[0]), "");
        }
    }
}

TEST(OpenApi, TheCheckerSeesWhatIsWrong) {
    const SchemaChecker checker(document());
    const json& error = document().at("components").at("schemas").at("Error");
    EXPECT_EQ(checker.check(error, json::parse(R"({"error":"a","code":"not_found","details":null})")), "");
    for (const char* wrong : {R"({"error":"a","code":"not_found"})", R"({"error":1,"code":"not_found","details":null})",
                              R"({"error":"a","code":"made_up","details":null})", "[]",
                              R"({"error":"a","code":"not_found","details":null,"more":1})",
                              R"({"error":"a","code":"not_found","details":{"diagnostics":[{}]}})"}) {
        EXPECT_NE(checker.check(error, json::parse(wrong)), "") << wrong;
    }
    EXPECT_NE(checker.check(json::parse(R"({"pattern":"x"})"), json("x")), "");
}

}  // namespace
}  // namespace sallyport::admin
