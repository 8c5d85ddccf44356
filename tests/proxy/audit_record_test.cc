#include "proxy/audit_record.h"

#include <random>

#include "proxy/access_log.h"
#include "tests/proxy/audit_fixture.h"

namespace sallyport::proxy {
namespace {

using nlohmann::json;

json json_of(const AuditedDecision& decision, ReplayMode mode = ReplayMode::off) {
    std::string body;
    write_decision(body, decision, mode);
    return json::parse("{" + body + "}");
}

http::CanonicalRequest request_for(const std::string& target) {
    http::CanonicalRequest request{"GET", http::Scheme::https, {"api.example.com", 443, false}, {}};
    const auto canonical = http::canonical_target(target);
    EXPECT_TRUE(canonical.has_value());
    request.target = canonical.value_or(http::CanonicalTarget{});
    return request;
}

TEST(AuditRecord, SaysWhatWasDecided) {
    const json line = json_of(sample_decision());
    EXPECT_EQ(line, json::parse(R"({"type": "decision", "request_id": ")" + to_string(RequestId{7}) + R"(",
        "sandbox": "agent-47", "policy": "coding-agent", "generation": 3, "method": "GET", "scheme": "https",
        "host": "api.example.com", "port": 443, "target": "/repos/acme/x", "verdict": "allow", "rule": "read-acme",
        "credential": "vcs", "action": "forward"})"));
}

TEST(AuditRecord, SaysWhyItWasDenied) {
    AuditedDecision decision = sample_decision();
    const Error error{ErrorCode::private_address, "10.0.0.1"};
    decision.allowed = false;
    decision.error = &error;
    const json line = json_of(decision);
    EXPECT_EQ(line["verdict"], "deny");
    EXPECT_EQ(line["error"], "private_address");
    EXPECT_EQ(line["blame"], "policy");
    EXPECT_EQ(line["detail"], "10.0.0.1");
}

TEST(AuditRecord, SaysWhoDidWhat) {
    AuditedAct act;
    act.caller = "token ci";
    act.act = "put_policy";
    act.object = "coding-agent";
    act.generation = Generation{9};
    act.detail = "line 3: unknown key";
    std::string body = "left over";
    write_act(body, act);
    EXPECT_EQ(json::parse("{" + body + "}"), json::parse(R"({"type": "act", "caller": "token ci", "act": "put_policy",
        "object": "coding-agent", "done": false, "generation": 9, "detail": "line 3: unknown key"})"));
}

TEST(AuditRecord, MasksTheAuthenticationFamily) {
    const std::string marker = "MARKER-SECRET";
    http::HeaderMap headers;
    for (const char* name :
         {"Authorization", "cookie", "X-Api-Key", "x_api_key", "X-Amz-Security-Token", "X-Vault-Token"}) {
        headers.add(name, marker);
    }
    headers.add("Accept", "text/html");
    const auto request =
        request_for("/x?access_token=" + marker + "&a=1;api%5fkey=" + marker + "&token&API.KEY=" + marker);
    const std::string target = request.target.path + "?" + request.target.query;
    AuditedDecision decision = sample_decision();
    decision.target = target;
    decision.request = &request;
    decision.headers = &headers;
    const json line = json_of(decision, ReplayMode::on);
    EXPECT_EQ(line.dump().find(marker), std::string::npos) << line.dump();
    EXPECT_EQ(line["target"], "/x?access_token=***&a=1;api%5fkey=***&token&API.KEY=***");
    EXPECT_EQ(line["request"]["query"], "access_token=***&a=1;api%5fkey=***&token&API.KEY=***");
    EXPECT_EQ(line["request"]["headers"][0], json::parse(R"(["Authorization", "***"])"));
    EXPECT_EQ(line["request"]["headers"][6], json::parse(R"(["Accept", "text/html"])"));
}

TEST(AuditRecord, ShowsNoneOfWhatAHandlerPutIntoItsFetch) {
    http::HeaderMap headers;
    headers.add("X-Own-Scheme", "MARKER-SECRET");
    const auto request = request_for("/x?anything=MARKER-SECRET");
    AuditedDecision decision = sample_decision();
    decision.target = "/x?anything=MARKER-SECRET";
    decision.request = &request;
    decision.headers = &headers;
    decision.by_handler = true;
    const json line = json_of(decision, ReplayMode::on);
    EXPECT_EQ(line.dump().find("MARKER-SECRET"), std::string::npos) << line.dump();
    EXPECT_EQ(line["by_handler"], true);
    EXPECT_FALSE(line.contains("request"));
}

TEST(AuditRecord, RecordsTheRequestOnlyInReplayMode) {
    const auto request = request_for("/a/./b");
    AuditedDecision decision = sample_decision();
    decision.request = &request;
    EXPECT_FALSE(json_of(decision, ReplayMode::off).contains("request"));
    EXPECT_EQ(json_of(decision, ReplayMode::on)["request"], json::parse(R"({"scheme": "https", "method": "GET",
        "host": "api.example.com", "port": 443, "path": "/a/b", "raw_path": "/a/./b", "ambiguous": true})"));
    decision.request = nullptr;
    EXPECT_FALSE(json_of(decision, ReplayMode::on).contains("request"));
}

std::string random_bytes(std::mt19937& random) {
    std::string bytes(random() % 12, '\0');
    for (char& c : bytes)
        c = static_cast<char>(random() % 3 == 0 ? random() % 256 : "a\"\\{}\n\x1b,:/?&"[random() % 12]);
    return bytes;
}

// Everything that replay decides on comes back byte by byte, whatever the bytes are.
TEST(AuditRecord, ReadsBackWhatWasWritten) {
    std::mt19937 random(14);
    for (int round = 0; round < 2000; ++round) {
        http::CanonicalRequest request;
        request.method = random_bytes(random);
        request.scheme = random() % 2 == 0 ? http::Scheme::https : http::Scheme::http;
        request.authority = {random_bytes(random), static_cast<std::uint16_t>(random()), random() % 2 == 0};
        request.target.path = random_bytes(random);
        request.target.raw_path = random() % 2 == 0 ? request.target.path : random_bytes(random);
        request.target.has_query = random() % 2 == 0;
        if (request.target.has_query) request.target.query = "q" + random_bytes(random);
        request.target.ambiguous = random() % 2 == 0;
        http::HeaderMap headers;
        for (std::size_t count = random() % 4; count-- > 0;)
            headers.add("x" + random_bytes(random), random_bytes(random));
        const Error error{ErrorCode::denied, random_bytes(random)};
        AuditedDecision decision = sample_decision();
        decision.request = &request;
        decision.headers = &headers;
        decision.allowed = random() % 2 == 0;
        if (!decision.allowed) decision.error = &error;

        std::string body;
        write_decision(body, decision, ReplayMode::on);
        const auto read = read_record("{\"seq\":5," + body + "}");
        ASSERT_TRUE(read.has_value()) << body;
        ASSERT_TRUE(read->is_decision && read->has_request);
        const rules::RecordedDecision& again = read->decision;
        EXPECT_EQ(again.sequence, 5u);
        EXPECT_EQ(again.sandbox, "agent-47");
        EXPECT_EQ(again.policy, "coding-agent");
        EXPECT_EQ(again.rule, "read-acme");
        EXPECT_EQ(again.credential, "vcs");
        EXPECT_EQ(again.allowed, decision.allowed);
        EXPECT_EQ(again.error, decision.allowed ? "" : "denied");
        EXPECT_EQ(again.request.method, request.method);
        EXPECT_EQ(again.request.scheme, request.scheme);
        EXPECT_EQ(again.request.authority, request.authority);
        EXPECT_EQ(again.request.target.path, request.target.path);
        EXPECT_EQ(again.request.target.raw_path, request.target.raw_path);
        EXPECT_EQ(again.request.target.query, request.target.query);
        EXPECT_EQ(again.request.target.has_query, request.target.has_query);
        EXPECT_EQ(again.request.target.ambiguous, request.target.ambiguous);
        ASSERT_EQ(again.headers.size(), headers.size());
        for (std::size_t i = 0; i < headers.size(); ++i) {
            EXPECT_EQ(again.headers.at(i).name, headers.at(i).name);
            EXPECT_EQ(again.headers.at(i).value, headers.at(i).value);
        }
    }
}

TEST(AuditRecord, RefusesWhatIsNoRecord) {
    for (
        const char* line :
        {"", "{", "[]", "{}", "null", R"({"type":7})", R"({"type":"decision"})",
         R"({"type":"decision","seq":1,"sandbox":"a","policy":"p","verdict":"allow","request":[]})",
         R"({"type":"decision","seq":1,"sandbox":"a","policy":"p","verdict":"allow","request":{"method":["x","00"]}})"}) {
        const auto record = read_record(line);
        ASSERT_FALSE(record.has_value()) << line;
        EXPECT_EQ(record.error().code, ErrorCode::config_invalid);
    }
}

TEST(AuditRecord, OtherTypesAreNoDecisions) {
    std::string body;
    write_recovered(body, 12);
    EXPECT_EQ(body, R"("type":"recovered","cut_bytes":12)");
    EXPECT_FALSE(read_record("{" + body + "}")->is_decision);
    write_resumed(body, 3);
    EXPECT_EQ(body, R"("type":"resumed","unrecorded":3)");
    EXPECT_FALSE(read_record("{" + body + "}")->is_decision);
}

}  // namespace
}  // namespace sallyport::proxy
