#include <algorithm>
#include <functional>

#include "proxy/limits.h"
#include "rules/compiled_policy.h"
#include "rules/issued_tokens.h"
#include "rules/placeholders.h"
#include "tests/http/encode.h"
#include "tests/proxy/handler_fixture.h"

namespace sallyport::proxy {
namespace {

using http::ContentCoding;

constexpr const char* kPolicy = R"(
version: 1
secrets: { token: { env: GATE_TEST_SECRET } }
credentials:
  vcs: { type: bearer, secret: token }
  other: { type: header, name: X-Other, value: "${secrets.token}" }
policies:
  p:
    rules:
      - { name: scans, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, credential: vcs,
          allow_cleartext_credential: true, paths: ["/scan/**"], ranges: scan }
      - { name: refuses, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, credential: vcs,
          allow_cleartext_credential: true, paths: ["/refuse/**"], ranges: refuse, cookies: drop }
      - { name: passes, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, credential: vcs,
          allow_cleartext_credential: true, paths: ["/pass/**"], cookies: pass }
      - { name: others, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, credential: other,
          allow_cleartext_credential: true, paths: ["/other/**"] }
      - { name: bare, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, paths: ["/bare/**"] }
      - { name: vcs, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, credential: vcs,
          allow_cleartext_credential: true }
      - { name: open, host: other.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8 }
)";
const std::string kSecret = kMarkerSecret;
const std::string kStars(kSecret.size(), '*');
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class StreamGuardTest : public GateTest {
protected:
    std::string request(const std::string& first_line, const std::string& more = "", const std::string& host = "vcs.example",
                        const std::string& version = "1.1") const {
        return with_port(first_line + " HTTP/" + version + "\r\nHost: " + host + ":@PORT@\r\n" + more + "\r\n");
    }
    static std::string length(const std::string& body, const std::string& more = "") {
        return "HTTP/1.1 200 OK\r\n" + more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    static std::string chunked(const std::string& body, std::size_t piece, const std::string& more = "", const std::string& trailers = "") {
        std::string text = "HTTP/1.1 200 OK\r\n" + more + "Transfer-Encoding: chunked\r\n\r\n";
        for (std::size_t at = 0; at < body.size(); at += piece) {
            const std::string part = body.substr(at, piece);
            char size[24];
            std::snprintf(size, sizeof size, "%zx\r\n", part.size());
            text += size + part + "\r\n";
        }
        return text + "0\r\n" + trailers + "\r\n";
    }
    // Of a chunked message, without its head; what is not complete is left out.
    static std::string body_of(const std::string& message) {
        const auto head = message.find("\r\n\r\n");
        if (head == std::string::npos) return {};
        std::string body;
        for (std::size_t at = head + 4; at < message.size();) {
            const std::size_t size = std::stoul(message.substr(at), nullptr, 16);
            at = message.find("\r\n", at) + 2;
            body += message.substr(at, size);
            at += size + 2;
            if (size == 0) break;
        }
        return body;
    }
    // Sends one request on a connection of its own; the whole answer, which ends like this.
    std::string answer(const std::string& sent, const std::string& response, const std::string& end) {
        origin.responses = {response};
        TestClient& client = connect();
        client.send(sent);
        run_until([&] { return client.closed || client.received.ends_with(end); });
        return client.received;
    }
    std::string last_request() const {
        const auto& connections = origin.connections;
        return connections.empty() ? "" : connections.back()->peer->received;
    }
    bool is_clean(const std::string& text) const { return text.find(kSecret) == std::string::npos; }
};

TEST_F(StreamGuardTest, R1_AnEchoedCredentialIsOverwrittenAndLengthsStay) {
    start(kPolicy);
    const std::string body = "{\"Authorization\": \"Bearer " + kSecret + "\"}";
    const std::string clean = "{\"Authorization\": \"Bearer " + kStars + "\"}";
    EXPECT_EQ(answer(request("GET /echo"), length(body), "}"), length(clean));
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("\"scrubbed\":1"), std::string::npos) << log_lines()[0];
}

TEST_F(StreamGuardTest, R1_WhereNoSecretHasToDoWithItNothingIsLookedAt) {
    start(kPolicy);
    const std::string response = length("x " + kSecret, "Set-Cookie: a=1\r\n");
    const std::string received = answer(request("GET /", "Accept-Encoding: exotic\r\nRange: bytes=0-1\r\n", "other.example"), response, kSecret);
    EXPECT_EQ(received, response);
    EXPECT_NE(last_request().find("Accept-Encoding: exotic\r\nRange: bytes=0-1\r\n"), std::string::npos);
    run_until_logged(1);
    EXPECT_EQ(log_lines()[0].find("scrubbed"), std::string::npos);
}

TEST_F(StreamGuardTest, R2_OverChunksAndReadsOfEverySize) {
    start(kPolicy);
    const std::string body = "<" + kSecret + "|" + kSecret + ">";
    for (std::size_t piece = 1; piece <= body.size(); ++piece) {
        const std::string received = answer(request("GET /"), chunked(body, piece), "0\r\n\r\n");
        EXPECT_EQ(body_of(received), "<" + kStars + "|" + kStars + ">") << piece;
    }
}

TEST_F(StreamGuardTest, R3_TheSandboxIsGivenNoCodingThatCannotBeRead) {
    start(kPolicy);
    answer(request("GET /", "Accept-Encoding: zstd, exotic;q=0.5, gzip\r\n"), kOk, "ok");
    EXPECT_NE(last_request().find("Accept-Encoding: zstd, gzip\r\n"), std::string::npos) << last_request();
    answer(request("GET /"), kOk, "ok");
    EXPECT_NE(last_request().find("Accept-Encoding: identity\r\n"), std::string::npos) << last_request();
}

TEST_F(StreamGuardTest, R3_WhatIsCodedGoesOnDecodedAndClean) {
    start(kPolicy);
    const std::string body = std::string(200'000, 'a') + kSecret + "end";
    const std::string clean = std::string(200'000, 'a') + kStars + "end";
    for (const auto coding : {ContentCoding::gzip, ContentCoding::deflate, ContentCoding::br, ContentCoding::zstd}) {
        const std::string field = "Content-Encoding: " + std::string(to_string(coding)) + "\r\n";
        const std::string received = answer(request("GET /"), length(http::encode(body, coding), field), "0\r\n\r\n");
        EXPECT_EQ(received.find("Content-Encoding"), std::string::npos);
        EXPECT_EQ(body_of(received), clean) << to_string(coding);
    }
    const std::string old = answer(request("GET /", "", "vcs.example", "1.0"),
                                   length(http::encode(body, ContentCoding::gzip), "Content-Encoding: gzip\r\n"), "end");
    EXPECT_EQ(old, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + clean);
}

TEST_F(StreamGuardTest, R3_AnUnknownCodingIsARefusal) {
    start(kPolicy);
    for (const char* field : {"Content-Encoding: exotic\r\n", "Transfer-Encoding: gzip, chunked\r\n"}) {
        const std::string received = answer(request("GET /"), "HTTP/1.1 200 OK\r\n" + std::string(field) + "Connection: close\r\n\r\n" + kSecret, "}\n");
        EXPECT_TRUE(received.starts_with("HTTP/1.1 502 ")) << received;
        EXPECT_TRUE(is_clean(received));
    }
    EXPECT_NE(log_lines()[0].find("origin_unknown_coding"), std::string::npos);
}

TEST_F(StreamGuardTest, R7_AnAnswerToHeadIsCleanAndSaysWhatOneToGetWould) {
    start(kPolicy);
    const std::string received = answer(request("HEAD /"),
                                        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 70\r\nETag: \"" + kSecret + "\"\r\n\r\n", "\r\n\r\n");
    EXPECT_EQ(received, "HTTP/1.1 200 OK\r\nETag: W/\"" + kStars + "\"\r\n\r\n");
}

TEST_F(StreamGuardTest, R7_OptionsAreCountedOnTheirWay) {
    start(kPolicy);
    answer(request("OPTIONS /", "Max-Forwards: 3\r\n"), length("ok", "X-Echo: " + kSecret + "\r\n"), "ok");
    EXPECT_NE(last_request().find("Max-Forwards: 2\r\n"), std::string::npos);
    const std::size_t before = origin.connections.size();
    const std::string received = answer(request("OPTIONS /", "Max-Forwards: 0\r\n"), kOk, "\r\n\r\n");
    EXPECT_TRUE(received.starts_with("HTTP/1.1 204 ")) << received;
    EXPECT_EQ(origin.connections.size(), before);
    const std::string traced = answer(request("TRACE /"), kOk, "}\n");
    EXPECT_TRUE(traced.starts_with("HTTP/1.1 405 ")) << traced;
}

TEST_F(StreamGuardTest, R8_EveryHeadAndTheTrailersAreClean) {
    start(kPolicy);
    const std::string received = answer(
        request("GET /"),
        "HTTP/1.1 103 Hints " + kSecret + "\r\nLink: <" + kSecret + ">\r\nSet-Cookie: a=1\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /?t=" + kSecret +
            "\r\nWWW-Authenticate: Bearer " + kSecret + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Echo: " + kSecret + "\r\n\r\n",
        "0\r\nX-Echo: " + kStars + "\r\n\r\n");
    EXPECT_EQ(received, "HTTP/1.1 103 Hints " + kStars + "\r\nLink: <" + kStars + ">\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /?t=" + kStars +
                            "\r\nWWW-Authenticate: Bearer " + kStars + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Echo: " + kStars + "\r\n\r\n");
}

TEST_F(StreamGuardTest, R9_WhatIsCutOffLooksCutOffAndItsEndIsDropped) {
    start(kPolicy);
    for (const std::string& head : {std::string("Content-Length: 1000\r\n\r\n"), "Transfer-Encoding: chunked\r\n\r\n30\r\n" + std::string()}) {
        origin.responses = {"HTTP/1.1 200 OK\r\n" + head + "before " + kSecret.substr(0, 12) + "<close>"};
        TestClient& client = connect_tcp("203.0.113.9", origin.port());
        client.send(request("GET /"));
        run_until([&] { return client.closed; });
        EXPECT_TRUE(client.reset);
        EXPECT_EQ(client.received.find(kSecret.substr(0, 4)), std::string::npos) << client.received;
    }
    const std::string cut = http::encode(std::string(5000, 'a') + kSecret, ContentCoding::gzip).substr(0, 30);
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + cut + "<close>"};
    TestClient& client = connect_tcp("203.0.113.9", origin.port());
    client.send(request("GET /"));
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.reset) << "where the end of the connection is the end of the body, too";
}

TEST_F(StreamGuardTest, R14_AnEventIsNotHeldBackLongerThanItsOriginPauses) {
    start(kPolicy);
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"};
    TestClient& client = connect();
    client.send(request("GET /events"));
    run_until([&] { return body_of(client.received) == "data: 1\n\n"; });
    origin.connections[0]->peer->send("9\r\ndata: mar\r\n");
    run_until([&] { return body_of(client.received).ends_with("data: mar"); });
    const std::string rest = kSecret.substr(3) + "\n\n";
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", rest.size());
    origin.connections[0]->peer->send(size + rest + "\r\n0\r\n\r\n");
    run_until([&] { return client.received.ends_with("0\r\n\r\n"); });
    EXPECT_TRUE(body_of(client.received).ends_with("data: mar" + kStars.substr(3) + "\n\n")) << client.received;
}

// X15: what a few bytes decode to waits for a client that does not read, and takes no memory while it waits.
TEST_F(StreamGuardTest, X15_ABombWaitsUndecodedForASlowClient) {
    start(kPolicy);
    std::string body;
    for (int i = 0; i < 400'000; ++i) body += "line " + std::to_string(i % 5000) + " of a long and boring list\n";
    const std::string coded = http::encode(body, ContentCoding::gzip);
    ASSERT_GT(body.size(), 10 * coded.size());
    origin.responses = {length(coded, "Content-Encoding: gzip\r\n")};
    TestClient& client = connect();
    client.stop_reading();
    client.send(request("GET /"));
    run_until([&] { return !origin.connections.empty() && origin.connections[0]->answered > 0; });
    int rounds = 0;
    run_until([&] { return ++rounds > 30; });
    std::vector<LiveConnection> live;
    egress->list(live);
    ASSERT_EQ(live.size(), 1u);
    // What the kernel holds for the client, and what waits for it here: not the whole.
    EXPECT_LT(live[0].bytes_out, body.size() / 10);
    client.start_reading();
    run_until([&] { return client.received.ends_with("0\r\n\r\n"); });
    EXPECT_EQ(body_of(client.received), body);
}

TEST_F(StreamGuardTest, R6_RangesAreStrippedOrRefusedOrLookedThrough) {
    start(kPolicy);
    answer(request("GET /", "Range: bytes=3-5\r\nIf-Range: \"x\"\r\n"), length("all of it", "Accept-Ranges: bytes\r\n"), "all of it");
    EXPECT_EQ(last_request().find("ange:"), std::string::npos) << last_request();
    const std::string refused = answer(request("GET /refuse/x", "Range: bytes=3-5\r\n"), kOk, "}\n");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 403 ")) << refused;
    EXPECT_NE(refused.find("range_refused"), std::string::npos);
    const std::string unasked = answer(request("GET /"), "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nab", "}\n");
    EXPECT_TRUE(unasked.starts_with("HTTP/1.1 502 ")) << unasked;
}

TEST_F(StreamGuardTest, R6_APartThatBeginsInASecretIsCleanAndOfItsSize) {
    start(kPolicy);
    // Told what is asked for by its first request, so that the second can be answered.
    answer(request("GET /scan/x", "Range: bytes=2010-2019\r\n"), kOk, "ok");
    const std::string asked = last_request().substr(last_request().find("Range: bytes=") + 13);
    const std::size_t first = std::stoul(asked);
    const std::size_t last = std::stoul(asked.substr(asked.find('-') + 1));
    ASSERT_LT(first, 2001u);
    ASSERT_GT(last, 2030u);
    std::string whole(10'000, 'a');
    whole.replace(2000, kSecret.size(), kSecret);
    const std::string part = whole.substr(first, last - first + 1);
    const std::string received =
        answer(request("GET /scan/x", "Range: bytes=2010-2019\r\n"),
               "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(first) + "-" + std::to_string(last) +
                   "/10000\r\nContent-Length: " + std::to_string(part.size()) + "\r\n\r\n" + part,
               "**********");
    EXPECT_EQ(received, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2010-2019/10000\r\nContent-Length: 10\r\n\r\n**********");
}

TEST_F(StreamGuardTest, R11_ASessionStaysOutsideAndIsSentForTheSandbox) {
    start(kPolicy);
    const std::string set = answer(request("GET /login"), length("welcome marker-session-0123456789", "Set-Cookie: sid=marker-session-0123456789; Path=/\r\n"), "*");
    EXPECT_EQ(set, length("welcome *************************"));
    answer(request("GET /repos", "Cookie: sid=own\r\n"), kOk, "ok");
    EXPECT_NE(last_request().find("\r\nCookie: sid=marker-session-0123456789\r\n"), std::string::npos) << last_request();
    EXPECT_EQ(last_request().find("own"), std::string::npos);
    answer(request("GET /other/x"), kOk, "ok");
    EXPECT_EQ(last_request().find("Cookie"), std::string::npos) << "beside another credential";
    answer(request("GET /", "", "other.example"), kOk, "ok");
    EXPECT_EQ(last_request().find("Cookie"), std::string::npos);
}

TEST_F(StreamGuardTest, R11_CookiesAreDroppedOrPassedWhereTheRuleSaysSo) {
    start(kPolicy);
    EXPECT_EQ(answer(request("GET /refuse/x"), length("ok", "Set-Cookie: a=1\r\n"), "ok"), kOk);
    EXPECT_TRUE(egress->kept().cookies().empty());
    const std::string passed = length("ok", "Set-Cookie: a=1\r\n");
    EXPECT_EQ(answer(request("GET /pass/x", "Cookie: b=2\r\n"), passed, "ok"), passed);
    EXPECT_TRUE(egress->kept().cookies().empty());
    EXPECT_NE(last_request().find("Cookie: b=2\r\n"), std::string::npos) << last_request();
}

// D14: what is left of the sandbox's own must not speak beside the credential.
TEST_F(StreamGuardTest, D14_ExceptForPassedCookiesTheSandboxHasNoSayBesideACredential) {
    start(kPolicy);
    answer(request("GET /pass/x?access_token=own1", "Cookie: b=2\r\nX-Api-Key: own2\r\nAuthorization: Basic own3\r\n"), kOk, "ok");
    EXPECT_EQ(last_request().find("own"), std::string::npos) << last_request();
    EXPECT_NE(last_request().find("Authorization: Bearer " + kSecret), std::string::npos);
}

TEST_F(StreamGuardTest, R11_ASessionEndsWithItsCredential) {
    start(kPolicy);
    answer(request("GET /login"), length("ok", "Set-Cookie: sid=1; Path=/\r\n"), "ok");
    publish(kPolicy, Generation{2});
    EXPECT_EQ(egress->kept().cookies().size(), 1u) << "a reload, or a secret that rotates, is the same credential";
    std::string changed = kPolicy;
    changed.replace(changed.find("type: bearer, secret: token"), 27, "type: header, name: X-Vcs, value: \"${secrets.token}\"");
    publish(changed, Generation{3});
    EXPECT_TRUE(egress->kept().cookies().empty());
}

// R15: what one response was is never another's answer.
TEST_F(StreamGuardTest, R15_ThereIsNoSharedCache) {
    start(kPolicy);
    const std::string cached = length("1", "Cache-Control: public, max-age=9999\r\nVary: Authorization\r\n");
    EXPECT_EQ(answer(request("GET /same"), cached, "1"), cached);
    EXPECT_EQ(answer(request("GET /same"), length("2"), "2"), length("2"));
}

TEST_F(StreamGuardTest, R17_WithASecretOrWithoutTheLengthIsTheSame) {
    start(kPolicy);
    const std::string with = answer(request("GET /"), length("[" + kSecret + "]"), "]");
    const std::string without = answer(request("GET /"), length("[" + std::string(kSecret.size(), 'x') + "]"), "]");
    EXPECT_EQ(with.size(), without.size());
}

TEST_F(StreamGuardTest, R14_AWebSocketBesideACredentialHasNoExtensionsAndIsClean) {
    start(kPolicy);
    const std::string switched = "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    const std::string handshake =
        request("GET /ws", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                           "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    origin.responses = {switched + "X-Echo: " + kSecret + "\r\n\r\n"};
    TestClient& client = connect();
    client.send(handshake);
    run_until([&] { return client.received.ends_with("\r\n\r\n"); });
    EXPECT_TRUE(is_clean(client.received));
    EXPECT_EQ(last_request().find("Extensions"), std::string::npos) << last_request();
    EXPECT_NE(last_request().find("Authorization: Bearer " + kSecret), std::string::npos);
    const std::string frame = "\x81" + std::string(1, static_cast<char>(kSecret.size())) + kSecret;
    for (const char c : frame) origin.connections[0]->peer->send(std::string(1, c));
    run_until([&] { return client.received.ends_with(kStars); });
    EXPECT_TRUE(is_clean(client.received));
    client.send(std::string("\x81\x85\0\0\0\0hello", 11));
    run_until([&] { return last_request().ends_with("hello"); });
    origin.connections[0]->peer->send(std::string("\x83\0", 2));
    run_until([&] { return client.closed; });
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("origin_bad_frame"), std::string::npos) << log_lines()[0];
    EXPECT_NE(log_lines()[0].find("\"scrubbed\":2"), std::string::npos) << log_lines()[0];
    origin.responses = {switched + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"};
    TestClient& insisted = connect();
    insisted.send(handshake);
    run_until([&] { return insisted.received.ends_with("}\n"); });
    EXPECT_TRUE(insisted.received.starts_with("HTTP/1.1 502 ")) << insisted.received;
}

// What a credential does to a request, said by a test.
struct TestAction final : rules::CredentialAction {
    rules::BodyUse use = rules::BodyUse::untouched;
    std::function<Result<void>(rules::OutgoingRequest&)> put_in = [](rules::OutgoingRequest&) { return Result<void>(); };
    const rules::TokenSwap* swap = nullptr;

    rules::BodyUse body_use(const http::RequestHead&) const override { return use; }
    Result<void> apply(rules::OutgoingRequest& request) const override { return put_in(request); }
    void collect(rules::NeedleTexts& texts) const override { texts.secrets.push_back(kMarkerSecret); }
    const rules::TokenSwap* token_swap(const http::CanonicalRequest& request) const override {
        return request.target.path == "/token" ? swap : nullptr;
    }
};

struct TestKind final : rules::CredentialKind {
    explicit TestKind(TestAction made) : action(std::move(made)) {}
    std::string_view type() const override { return "test"; }
    void visit_templates(const std::function<void(const secrets::TemplateText&)>&) const override {}
    bool is_per_sandbox() const override { return true; }
    Result<std::unique_ptr<const rules::CredentialAction>> render(const rules::RenderContext&) const override {
        return std::make_unique<const TestAction>(action);
    }

    TestAction action;
};

// "ab" to "aabb"; '!' cannot be read.
class Doubler final : public rules::BodyRewriter {
public:
    Result<void> feed(std::string_view bytes, Buffer& out) override {
        for (const char c : bytes) {
            if (c == '!') return failure(ErrorCode::body_unreadable);
            out.append(std::string(2, c));
        }
        return {};
    }
    Result<void> finish(Buffer&) override { return {}; }
};

class RequestSecretsTest : public StreamGuardTest {
protected:
    void start_with(TestAction action) {
        start(kPolicy);
        use(std::move(action));
    }
    void use(TestAction action) {
        rules::PolicyFile file = *rules::parse_policy_file(with_port(kPolicy), "test.yaml").file;
        auto policy = std::make_shared<rules::CompiledPolicy>(*file.policies["p"]);
        for (rules::CredentialSpec& spec : policy->credentials) {
            if (spec.name == "vcs") spec.kind = std::make_shared<TestKind>(std::move(action));
        }
        file.policies["p"] = policy;
        const secrets::Identity identity{"box", {}, {}};
        egress->publish(*rules::make_snapshot(file, {"p", identity}, secrets::SecretSnapshot::load(file.secrets, identity), Generation{++generation_}));
    }
    // Signs all of the body, and adds to it.
    static TestAction signing() {
        TestAction action;
        action.use = rules::BodyUse::whole;
        action.put_in = [](rules::OutgoingRequest& request) -> Result<void> {
            request.head.headers.add("X-Signed", std::string(request.body->view()));
            if (request.body->empty()) return {};
            request.body->append("+");
            request.head.body = {http::BodyKind::length, request.body->size()};
            return {};
        };
        return action;
    }
    static TestAction doubling(http::BodyFraming framing = {http::BodyKind::chunked, 0}) {
        TestAction action;
        action.use = rules::BodyUse::rewritten;
        action.put_in = [framing](rules::OutgoingRequest& request) -> Result<void> {
            request.head.body = framing;
            request.body_rewriter = std::make_unique<Doubler>();
            return {};
        };
        return action;
    }
    // The loop has had time for whatever it wanted to do.
    void run_a_while() {
        int rounds = 0;
        run_until([&] { return ++rounds > 20; });
    }

private:
    std::uint64_t generation_ = 1;
};

TEST_F(RequestSecretsTest, AHeadThatNeedsTheBodyWaitsForAllOfIt) {
    start_with(signing());
    origin.responses = {kOk};
    TestClient& client = connect();
    client.send(request("POST /up", "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n");
    run_a_while();
    EXPECT_TRUE(origin.connections.empty()) << "nothing goes out before it is known what";
    client.send("2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n");
    run_until([&] { return client.received.ends_with("ok"); });
    const std::string sent = last_request();
    EXPECT_NE(sent.find("X-Signed: abcde\r\n"), std::string::npos) << sent;
    EXPECT_TRUE(sent.ends_with("Content-Length: 6\r\n\r\nabcde+")) << sent;
    client.received.clear();
    origin.responses = {kOk};
    client.send(request("GET /none"));
    run_until([&] { return client.received.ends_with("ok"); });
    EXPECT_NE(last_request().find("X-Signed: \r\n"), std::string::npos);
    EXPECT_EQ(origin.connections.size(), 1u) << "the connection is in order";
}

TEST_F(RequestSecretsTest, AClientThatAsksFirstIsToldToSendTheBody) {
    start_with(signing());
    origin.responses = {kOk};
    TestClient& client = connect();
    client.send(request("POST /up", "Content-Length: 2\r\nExpect: 100-continue\r\n"));
    run_until([&] { return client.received == "HTTP/1.1 100 Continue\r\n\r\n"; });
    client.send("hi");
    run_until([&] { return client.received.ends_with("ok"); });
    EXPECT_EQ(client.received, "HTTP/1.1 100 Continue\r\n\r\n" + kOk);
}

TEST_F(RequestSecretsTest, ABodyThatWaitsIsBounded) {
    start_with(signing());
    TestClient& announced = connect();
    announced.send(request("POST /up", "Content-Length: " + std::to_string(kBufferedBodyBytesMax + 1) + "\r\n"));
    run_until([&] { return announced.received.ends_with("}\n"); });
    EXPECT_TRUE(announced.received.starts_with("HTTP/1.1 413 ")) << announced.received;
    EXPECT_NE(announced.received.find("body_too_large"), std::string::npos);
    TestClient& grown = connect();
    char size[24];
    std::snprintf(size, sizeof size, "%zx\r\n", kBufferedBodyBytesMax + 1);
    grown.send(request("POST /up", "Transfer-Encoding: chunked\r\n") + size + std::string(kBufferedBodyBytesMax + 1, 'x'));
    run_until([&] { return grown.received.ends_with("}\n"); });
    EXPECT_TRUE(grown.received.starts_with("HTTP/1.1 413 ")) << grown.received;
    EXPECT_TRUE(origin.connections.empty());
}

TEST_F(RequestSecretsTest, P20_WhatWaitsForItsBodyIsCutByANewPolicyThatDeniesIt) {
    start_with(signing());
    TestClient& client = connect();
    client.send(request("POST /up", "Content-Length: 5\r\n") + "abc");
    run_a_while();
    publish("version: 1\npolicies: { p: { rules: [ { host: nobody.example } ] } }\n", Generation{3});
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 403 ")) << client.received;
    EXPECT_TRUE(origin.connections.empty());
}

TEST_F(RequestSecretsTest, ABodyIsRewrittenAsItPassesAndFramedAsTheActionSays) {
    start_with(doubling());
    origin.responses = {""};
    TestClient& client = connect();
    client.send(request("POST /up", "Content-Length: 4\r\n") + "ab");
    run_until([&] { return last_request().ends_with("4\r\naabb\r\n"); });
    client.send("cd");
    run_until([&] { return last_request().ends_with("4\r\nccdd\r\n0\r\n\r\n"); });
    EXPECT_EQ(last_request().find("Content-Length"), std::string::npos);
    origin.connections[0]->peer->send(kOk);
    run_until([&] { return client.received.ends_with("ok"); });
}

TEST_F(RequestSecretsTest, ABodyThatCannotBeRewrittenNeverLooksComplete) {
    start_with(doubling());
    origin.responses = {""};
    TestClient& client = connect();
    client.send(request("POST /up", "Transfer-Encoding: chunked\r\n") + "2\r\nab\r\n");
    run_until([&] { return last_request().ends_with("aabb\r\n"); });
    client.send("1\r\n!\r\n0\r\n\r\n");
    run_until([&] { return client.received.ends_with("}\n") && origin.connections[0]->peer->closed; });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 403 ")) << client.received;
    EXPECT_NE(client.received.find("body_unreadable"), std::string::npos);
    EXPECT_TRUE(last_request().ends_with("aabb\r\n")) << last_request();
}

// One byte more would be another request.
TEST_F(RequestSecretsTest, ABodyOfAnotherLengthThanItsHeadSaysIsCut) {
    start(kPolicy);
    for (const std::uint64_t length : {3, 5}) {
        use(doubling({http::BodyKind::length, length}));
        origin.responses = {""};
        TestClient& client = connect();
        client.send(request("POST /up", "Content-Length: 2\r\n") + "ab");
        run_until([&] { return client.received.ends_with("}\n"); });
        EXPECT_TRUE(client.received.starts_with("HTTP/1.1 500 ")) << client.received;
        run_until([&] { return egress->pool().size() == 0; });
    }
}

TEST_F(RequestSecretsTest, MessagesOfAWebSocketAreRewrittenOnTheirWayOut) {
    TestAction action;
    action.put_in = [](rules::OutgoingRequest& request) -> Result<void> {
        request.websocket_rewriter = std::make_unique<Doubler>();
        return {};
    };
    start_with(std::move(action));
    origin.responses = {"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"};
    TestClient& client = connect();
    client.send(request("GET /ws", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    run_until([&] { return client.received.ends_with("\r\n\r\n"); });
    const std::size_t before = last_request().size();
    client.send(std::string("\x81\x82\0\0\0\0ab", 8));
    run_until([&] { return last_request().size() >= before + 10; });
    const std::string frame = last_request().substr(before);
    ASSERT_EQ(frame.size(), 10u);
    EXPECT_EQ(frame.substr(0, 2), "\x81\x84");
    std::string text = frame.substr(6);
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(text[i] ^ frame[2 + i % 4]);
    EXPECT_EQ(text, "aabb");
}

TEST_F(RequestSecretsTest, R16_APlaceholderInTheWrongPlaceBlocksAnyRequest) {
    start(kPolicy);
    const std::string guessed = std::string(rules::kPlaceholderMark) + std::string(40, 'a');
    for (const std::string& sent : {request("GET /", "X-Any: " + guessed + "\r\n", "other.example"), request("GET /?k=" + guessed, "", "other.example"),
                                    request("GET /", "X-Any: " + guessed + "\r\n")}) {
        const std::string received = answer(sent, kOk, "}\n");
        EXPECT_TRUE(received.starts_with("HTTP/1.1 403 ")) << received;
        EXPECT_NE(received.find("placeholder_misused"), std::string::npos);
    }
    EXPECT_EQ(origin.received().find(guessed), std::string::npos);
}

TEST_F(RequestSecretsTest, R10_ATokenInAnAnswerStaysOutsideAndDoesNotComeBack) {
    const rules::TokenSwap swap;
    TestAction action;
    action.swap = &swap;
    start_with(std::move(action));
    const std::string token = "marker-token-0123456789abcdef";
    const std::string login = answer(request("POST /token"), chunked("{\"access_token\": \"" + token + "\"}", 7, "Content-Type: application/json\r\n"), "}");
    EXPECT_EQ(login.find(token), std::string::npos);
    EXPECT_EQ(login.find("chunked"), std::string::npos) << "its length is known";
    const auto at = login.find(rules::kPlaceholderMark);
    ASSERT_NE(at, std::string::npos) << login;
    EXPECT_EQ(answer(request("GET /pass/x"), length("you said " + token), "*"), length("you said " + std::string(token.size(), '*')));
    // D12: it is exchanged over TLS only, and for no other host.
    const std::string stand_in = login.substr(at, login.find('"', at) - at);
    for (const char* host : {"vcs.example", "other.example"}) {
        const std::string refused = answer(request("GET /bare/x", "Authorization: Bearer " + stand_in + "\r\n", host), kOk, "}\n");
        EXPECT_NE(refused.find("placeholder_misused"), std::string::npos) << refused;
    }
    EXPECT_EQ(origin.received().find(stand_in), std::string::npos);
}

TEST_F(RequestSecretsTest, R10_AnAnswerThatCannotBeReadIsA502) {
    const rules::TokenSwap swap;
    TestAction action;
    action.swap = &swap;
    start_with(std::move(action));
    for (const std::string& body : {std::string("{\"access_token\": \"marker-token-0123"), std::string(2 * kTokenAnswerBytesMax, ' ')}) {
        const std::string received = answer(request("POST /token"), length(body, "Content-Type: application/json\r\n"), "}\n");
        EXPECT_TRUE(received.starts_with("HTTP/1.1 502 ")) << received;
        EXPECT_EQ(received.find("marker-token"), std::string::npos);
    }
}

class HandlerGuardTest : public HandlerTest {};

TEST_F(HandlerGuardTest, R1_WhatAHandlerWasGivenDoesNotComeBackThroughItsAnswer) {
    start_with_handlers(R"(
version: 1
secrets: { seen: { env: GATE_TEST_ENV_SECRET } }
policies:
  p:
    script: handlers/vcs.js
    env: { SECRET: seen }
    rules: [ { host: nobody.example } ]
)");
    TestClient& client = connect_for("vcs.example");
    client.send(get("vcs.example", "/", "Accept-Encoding: exotic\r\n"));
    EXPECT_EQ(field(call().received, "Accept-Encoding"), "identity");
    const std::string secret = kEnvSecret;
    handlers.connections[0]->send("HTTP/1.1 200 OK\r\nX-Key: " + secret + "\r\nContent-Length: " + std::to_string(secret.size()) + "\r\n\r\n" + secret);
    run_until([&] { return client.received.ends_with(std::string(secret.size(), '*')); });
    EXPECT_EQ(client.received.find(secret), std::string::npos);
}

}  // namespace
}  // namespace sallyport::proxy
