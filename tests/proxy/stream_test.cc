#include "proxy/stream.h"

#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy = R"(
version: 1
secrets: { token: { env: GATE_TEST_SECRET } }
credentials: { vcs: { type: header, name: X-Auth-Token, value: "${secrets.token}" } }
policies:
  p:
    rules:
      - { name: vcs, host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, credential: vcs,
          allow_cleartext_credential: true, paths: ["/repos/**", "/up"] }
      - { name: open, host: other.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8 }
      - { name: never, host: other.example, port: @PORT@, scheme: http, paths: ["/secret/**"], deny: true }
)";
constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class StreamTest : public GateTest {
protected:
    std::string request(std::string_view first_line, std::string_view more = "", std::string_view host = "vcs.example") {
        return with_port(std::string(first_line) + " HTTP/1.1\r\nHost: " + std::string(host) + ":@PORT@\r\n" + std::string(more) + "\r\n");
    }
    static std::size_t count(std::string_view text, std::string_view part) {
        std::size_t found = 0;
        for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
        return found;
    }
};

TEST_F(StreamTest, PutsTheCredentialInAndPassesTheResponseBack) {
    start(kPolicy);
    origin.responses = {kOk};
    TestClient& client = connect();
    client.send(request("GET /repos/a", "X-Auth-Token: mine\r\nAuthorization: Bearer mine\r\nX-Kept: yes\r\n"));
    run_until([&] { return client.received.ends_with("ok"); });
    EXPECT_EQ(client.received, kOk);
    const std::string received = origin.received();
    EXPECT_NE(received.find(std::string("X-Auth-Token: ") + kMarkerSecret + "\r\n"), std::string::npos) << received;
    EXPECT_EQ(received.find("mine"), std::string::npos);
    EXPECT_NE(received.find("X-Kept: yes\r\n"), std::string::npos);
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find(R"("verdict":"allow","rule":"vcs","credential":"vcs","status":200)"), std::string::npos) << log_lines()[0];
}

TEST_F(StreamTest, ReusesTheUpstreamConnectionForTheNextRequest) {
    start(kPolicy);
    origin.responses = {kOk, kOk};
    TestClient& client = connect();
    client.send(request("GET /repos/a"));
    run_until([&] { return count(client.received, "200 OK") == 1; });
    client.send(request("GET /repos/b"));
    run_until([&] { return count(client.received, "200 OK") == 2; });
    EXPECT_EQ(origin.connections.size(), 1u);
    run_until_logged(2);
    EXPECT_NE(log_lines()[1].find(R"("reused":true)"), std::string::npos);
}

// X9: connections are not shared between credentials.
TEST_F(StreamTest, X9_ConnectionsAreNotSharedBetweenRulesWithOtherCredentials) {
    start(kPolicy);
    origin.responses = {kOk, kOk};
    TestClient& client = connect();
    client.send(request("GET /repos/a"));
    run_until([&] { return count(client.received, "200 OK") == 1; });
    client.send(request("GET /", "", "other.example"));
    run_until([&] { return count(client.received, "200 OK") == 2; });
    EXPECT_EQ(origin.connections.size(), 2u);
    EXPECT_EQ(origin.connections[1]->peer->received.find(kMarkerSecret), std::string::npos);
}

// P19: each request of a connection is decided on its own.
TEST_F(StreamTest, P19_APipelinedRequestDoesNotRideOnTheFirstOnesDecision) {
    start(kPolicy);
    origin.responses = {kOk, kOk};
    TestClient& client = connect();
    client.send(request("GET /", "", "other.example") + request("GET /secret/x", "", "other.example") +
                request("GET /after", "", "other.example"));
    run_until([&] { return count(client.received, "HTTP/1.1 ") == 3 && client.received.ends_with("ok"); });
    EXPECT_NE(client.received.find("403 Forbidden"), std::string::npos);
    EXPECT_NE(client.received.find("denied_by_rule"), std::string::npos);
    EXPECT_EQ(origin.received().find("/secret"), std::string::npos);
    run_until_logged(3);
}

TEST_F(StreamTest, ADeniedRequestIsToldAndTheConnectionGoesOn) {
    start(kPolicy);
    origin.responses = {kOk};
    TestClient& client = connect();
    client.send(request("DELETE /elsewhere"));
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 403 Forbidden\r\n")) << client.received;
    EXPECT_NE(client.received.find("x-sallyport-verdict: deny"), std::string::npos);
    client.send(request("GET /repos/x"));
    run_until([&] { return client.received.ends_with("ok"); });
    EXPECT_EQ(count(origin.received(), "HTTP/1.1"), 1u);
}

TEST_F(StreamTest, ADeniedUploadIsThrownAwayUpToABound) {
    start(kPolicy);
    origin.responses = {kOk};
    TestClient& client = connect();
    client.send(request("POST /no", "Content-Length: 5\r\n") + "12345" + request("GET /repos/x"));
    run_until([&] { return client.received.ends_with("ok"); });
    EXPECT_EQ(count(client.received, "HTTP/1.1 403"), 1u);
    TestClient& big = connect();
    big.send(request("POST /no", "Content-Length: 9999999\r\n") + std::string(100000, 'x'));
    run_until([&] { return big.closed; });
    EXPECT_NE(big.received.find("Connection: close"), std::string::npos);
    EXPECT_EQ(origin.received().find("POST"), std::string::npos);
    run_until_logged(3);
}

// D1, D3, D4: one authority.
TEST_F(StreamTest, D1_TheHostMustBeTheNameThatTheAddressStandsFor) {
    start(kPolicy);
    const std::string address = resolve("vcs.example");
    TestClient& client = connect(address, origin.port());
    client.send(request("GET /repos/a", "", "other.example"));
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 421 ")) << client.received;
    EXPECT_EQ(origin.received(), "");
    run_until_logged(1);
}

TEST_F(StreamTest, D11_ThePortMustBeTheConnectionsPort) {
    start(kPolicy);
    TestClient& client = connect("203.0.113.9", static_cast<std::uint16_t>(origin.port() - 1));
    client.send(request("GET /repos/a"));
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 421 ")) << client.received;
}

TEST_F(StreamTest, D4_AbsoluteFormMustAgreeWithHost) {
    start(kPolicy);
    TestClient& client = connect();
    client.send(request("GET http://other.example:@PORT@/repos/a"));
    run_until([&] { return client.closed || client.received.ends_with("}\n"); });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 400 ")) << client.received;
    EXPECT_EQ(origin.received(), "");
}

TEST_F(StreamTest, AbsoluteFormThatAgreesIsSentInOriginForm) {
    start(kPolicy);
    origin.responses = {kOk};
    TestClient& client = connect();
    client.send(request("GET http://VCS.example:@PORT@/repos/a?q=1"));
    run_until([&] { return client.received.ends_with("ok"); });
    EXPECT_TRUE(origin.received().starts_with("GET /repos/a?q=1 HTTP/1.1\r\n")) << origin.received();
}

// D12: a credential is not sent over cleartext unless the rule says so.
TEST_F(StreamTest, D12_ACredentialIsNotSentOverCleartextUnasked) {
    start(R"(
version: 1
secrets: { token: { env: GATE_TEST_SECRET } }
credentials: { vcs: { type: bearer, secret: token } }
policies: { p: { rules: [ { host: vcs.example, port: @PORT@, cidr: 127.0.0.0/8, credential: vcs } ] } }
)");
    TestClient& client = connect();
    client.send(request("GET /"));
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 403 ")) << client.received;
    EXPECT_EQ(origin.received(), "");
}

// D9, D10: private addresses need a grant.
TEST_F(StreamTest, D10_APrivateAddressIsRefusedWithoutAGrant) {
    start(R"(
version: 1
policies: { p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http } ] } }
)");
    TestClient& client = connect();
    client.send(request("GET /"));
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_NE(client.received.find("private_address"), std::string::npos) << client.received;
    EXPECT_EQ(client.received.find("127.0.0.1"), std::string::npos) << "X7: no address in the reply";
    EXPECT_EQ(origin.connections.size(), 0u);
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("\"verdict\":\"deny\""), std::string::npos);
}

struct ResponseCase {
    const char* name;
    const char* from_origin;
    const char* to_client;  // nullptr: the same
};

TEST_F(StreamTest, ResponsesOfEveryFramingArriveAsTheyWereSent) {
    start(kPolicy);
    const ResponseCase cases[] = {
        {"length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", nullptr},
        {"empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", nullptr},
        {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", nullptr},
        {"trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", nullptr},
        {"no content", "HTTP/1.1 204 No Content\r\n\r\n", nullptr},
        {"not modified", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 10\r\n\r\n", nullptr},
        {"early hints", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", nullptr},
        {"the origin's own 100", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
         "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {"hop-by-hop", "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nX-A: b\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
         "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 0\r\n\r\n"},
    };
    for (const ResponseCase& each : cases) {
        const std::string expected = each.to_client != nullptr ? each.to_client : each.from_origin;
        origin.responses = {each.from_origin};
        TestClient& client = connect();
        client.send(request("GET /repos/a"));
        run_until([&] { return client.received.size() >= expected.size(); });
        EXPECT_EQ(client.received, expected) << each.name;
        EXPECT_FALSE(client.closed) << each.name;
    }
}

TEST_F(StreamTest, AResponseThatRunsUntilCloseDoesSoForTheClientToo) {
    start(kPolicy);
    origin.responses = {"HTTP/1.1 200 OK\r\n\r\nuntil the end<close>"};
    TestClient& client = connect();
    client.send(request("GET /repos/a"));
    run_until([&] { return client.closed; });
    EXPECT_EQ(client.received, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end");
    run_until_logged(1);
    EXPECT_EQ(log_lines()[0].find("error"), std::string::npos) << log_lines()[0];
}

TEST_F(StreamTest, AnAnswerToHeadHasNoBodyButKeepsItsLength) {
    start(kPolicy);
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", kOk};
    TestClient& client = connect();
    client.send(request("HEAD /repos/a"));
    run_until([&] { return client.received.ends_with("\r\n\r\n"); });
    EXPECT_EQ(client.received, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    client.send(request("GET /repos/a"));
    run_until([&] { return client.received.ends_with("ok"); });
    EXPECT_EQ(origin.connections.size(), 1u);
}

// P16: the gate asks for the body itself, once the head is decided.
TEST_F(StreamTest, P16_ExpectIsAnsweredAfterTheDecisionAndNotPassedOn) {
    start(kPolicy);
    origin.responses = {kOk};
    TestClient& client = connect();
    client.send(request("POST /up", "Content-Length: 4\r\nExpect: 100-continue\r\n"));
    run_until([&] { return client.received == "HTTP/1.1 100 Continue\r\n\r\n"; });
    client.send("body");
    run_until([&] { return client.received.ends_with("ok"); });
    EXPECT_EQ(origin.received().find("Expect"), std::string::npos);
    TestClient& denied = connect();
    denied.send(request("POST /no", "Content-Length: 4\r\nExpect: 100-continue\r\n"));
    run_until([&] { return denied.received.ends_with("}\n"); });
    EXPECT_TRUE(denied.received.starts_with("HTTP/1.1 403 ")) << denied.received;
    TestClient& odd = connect();
    odd.send(request("GET /repos/a", "Expect: a-miracle\r\n"));
    run_until([&] { return odd.received.ends_with("}\n"); });
    EXPECT_TRUE(odd.received.starts_with("HTTP/1.1 417 ")) << odd.received;
}

TEST_F(StreamTest, AChunkedUploadIsPassedOnInChunks) {
    start(kPolicy);
    origin.responses = {kOk};
    TestClient& client = connect();
    client.send(request("POST /up", "Transfer-Encoding: chunked\r\n", "other.example") +
                "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 9\r\nAuthorization: x\r\n\r\n");
    run_until([&] { return client.received.ends_with("ok"); });
    run_until([&] { return origin.received().find("0\r\nX-Sum: 9\r\n\r\n") != std::string::npos; });
    EXPECT_NE(origin.received().find("Transfer-Encoding: chunked\r\n"), std::string::npos);
    EXPECT_NE(origin.received().find("3\r\nabc\r\n2\r\nde\r\n0\r\n"), std::string::npos) << origin.received();
    // P17: a trailer cannot say what a header could not.
    EXPECT_EQ(origin.received().find("Authorization"), std::string::npos);
}

// An origin may merge trailers into the head: beside a credential, none may speak.
TEST_F(StreamTest, P17_ACredentialedRequestHasNoTrailers) {
    start(kPolicy);
    origin.responses = {""};
    TestClient& client = connect();
    client.send(request("POST /up", "Transfer-Encoding: chunked\r\n") + "1\r\na\r\n0\r\nX-Auth-Token: mine\r\nX-Sum: 9\r\n\r\n");
    run_until([&] { return origin.received().ends_with("0\r\n\r\n"); });
    EXPECT_EQ(origin.received().find("mine"), std::string::npos);
}

// What Connection takes away after the decision must not have made it.
TEST_F(StreamTest, P12_AFieldThatConnectionRemovesDoesNotSatisfyARule) {
    start("version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8,"
          " headers: { X-Tenant: acme } } ] } }\n");
    origin.responses = {kOk};
    TestClient& client = connect();
    client.send(request("GET /", "X-Tenant: acme\r\nConnection: keep-alive, X-Tenant\r\n"));
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 403 ")) << client.received;
    client.send(request("GET /", "X-Tenant: acme\r\n"));
    run_until([&] { return client.received.ends_with("ok"); });
}

// The reply must not wait for a body that may never come, paused or not.
TEST_F(StreamTest, AFailureDuringAnUploadIsAnsweredAtOnce) {
    start("version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: 1, scheme: http, cidr: 127.0.0.0/8 } ] } }\n");
    for (const std::size_t sent : {std::size_t{1}, std::size_t{300'000}}) {
        TestClient& client = connect("203.0.113.9", 1);
        client.send("POST / HTTP/1.1\r\nHost: vcs.example:1\r\nContent-Length: 1000000\r\n\r\n" + std::string(sent, 'x'));
        run_until([&] { return client.received.ends_with("}\n"); });
        EXPECT_TRUE(client.received.starts_with("HTTP/1.1 502 ")) << client.received;
    }
    run_until([&] { return egress->downstream_count() == 0; });
    run_until_logged(2);
}

TEST_F(StreamTest, AnOriginThatClosesDuringAnUploadIsAnsweredFor) {
    start(kPolicy);
    origin.responses = {"<close>"};
    TestClient& client = connect();
    client.send(request("POST /up", "Content-Length: 1000000\r\n") + "begin");
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 502 ")) << client.received;
    run_until([&] { return egress->downstream_count() == 0; });
}

// The origin answers early and is gone while the client still sends and does not read yet: what waits must stay in order.
TEST_F(StreamTest, AnEarlyAnswerToAnUploadStaysInOrderWhenTheOriginIsGone) {
    start(kPolicy);
    std::string body;
    for (int i = 0; i < 40'000; ++i) body += std::to_string(1'000'000 + i) + '\n';
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
    TestClient& client = connect();
    client.stop_reading();
    client.send(request("POST /up", "Content-Length: 8000000\r\n") + std::string(1000, 'u'));
    int rounds = 0;
    run_until([&] { return !origin.connections.empty() && ++rounds > 60; });
    origin.connections[0]->peer.reset();
    for (int i = 0; i < 40; ++i) client.send(std::string(20'000, 'u'));
    rounds = 0;
    run_until([&] { return ++rounds > 60; });
    client.start_reading();
    run_until([&] { return client.closed || client.received.size() > body.size(); });
    const std::size_t head = client.received.find("\r\n\r\n") + 4;
    EXPECT_TRUE(body.starts_with(client.received.substr(head))) << "out of order";
}

// X15: answers that are not read stop the requests.
TEST_F(StreamTest, X15_PipelinedRefusalsAreBoundByTheWatermark) {
    start(kPolicy);
    TestClient& client = connect();
    client.stop_reading();
    std::string requests;
    for (int i = 0; i < 60'000; ++i) requests += request("GET /no");
    client.send(requests);
    int rounds = 0;
    run_until([&] { return ++rounds > 300; });
    // A few dozen KiB wait in the kernel's buffers and in ours, not the megabytes that the answers would be.
    EXPECT_LT(log_lines().size(), 6'000u);
    client.start_reading();
    run_until([&] { return client.received.size() > 1'000'000; });
}

TEST_F(StreamTest, AnHttp10RequestWithoutHostIsForTheConnectionsName) {
    start(kPolicy);
    origin.responses = {kOk};
    TestClient& client = connect(resolve("vcs.example"), origin.port());
    client.send("GET /repos/a HTTP/1.0\r\n\r\n");
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.received.ends_with("ok")) << client.received;
    EXPECT_NE(origin.received().find(with_port("Host: vcs.example:@PORT@\r\n")), std::string::npos) << origin.received();
}

// What comes behind one might be of the other protocol.
TEST_F(StreamTest, P7_NothingFollowsAnUpgradeThatIsRefused) {
    start(kPolicy);
    origin.responses = {kOk, kOk};
    TestClient& client = connect();
    client.send(request("GET /repos/a", "Connection: Upgrade\r\nUpgrade: foo\r\n") + request("GET /repos/smuggled"));
    run_until([&] { return client.closed; });
    EXPECT_NE(client.received.find("upgrade_refused"), std::string::npos) << client.received;
    EXPECT_TRUE(client.received.ends_with("}\n"));
    EXPECT_EQ(origin.received(), "");
    TestClient& h2c = connect();
    h2c.send(request("GET /repos/a", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"));
    run_until([&] { return h2c.received.ends_with("ok"); });
    EXPECT_EQ(origin.received().find("pgrade"), std::string::npos) << origin.received();
}

TEST_F(StreamTest, AnOriginThatSwitchesProtocolsUnaskedIsRefused) {
    start(kPolicy);
    origin.responses = {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\nraw bytes"};
    TestClient& client = connect();
    client.send(request("GET /repos/a"));
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 502 ")) << client.received;
    EXPECT_EQ(client.received.find("raw bytes"), std::string::npos);
}

TEST_F(StreamTest, AMalformedResponseIsABadGateway) {
    start(kPolicy);
    const char* const cases[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n<close>",
        "SSH-2.0-x\r\n\r\n<close>",
        "<close>",
    };
    for (const char* const response : cases) {
        origin.responses = {response, response};
        TestClient& client = connect();
        client.send(request("POST /up", "Content-Length: 0\r\n"));
        run_until([&] { return client.received.ends_with("}\n"); });
        EXPECT_TRUE(client.received.starts_with("HTTP/1.1 502 ")) << response << client.received;
    }
    run_until_logged(std::size(cases));
}

TEST_F(StreamTest, ACutResponseIsNeverMadeToLookWhole) {
    start(kPolicy);
    origin.responses = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n<close>"};
    TestClient& client = connect();
    client.send(request("GET /repos/a"));
    run_until([&] { return client.closed; });
    EXPECT_EQ(client.received.find("0\r\n\r\n"), std::string::npos);
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("origin_closed"), std::string::npos) << log_lines()[0];
}

TEST_F(StreamTest, BytesAfterAResponseAreNotTheNextResponse) {
    start(kPolicy);
    origin.responses = {std::string(kOk) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", kOk};
    TestClient& client = connect();
    client.send(request("GET /repos/a"));
    run_until([&] { return client.received.ends_with("ok"); });
    client.send(request("GET /repos/b"));
    run_until([&] { return count(client.received, "ok") == 2; });
    EXPECT_EQ(client.received.find("evil"), std::string::npos);
    EXPECT_EQ(origin.connections.size(), 2u);
}

TEST_F(StreamTest, ARequestIsTriedAgainWhereTheOriginHadClosedTheIdleConnection) {
    start(kPolicy);
    origin.responses = {kOk, "<close>", kOk};
    TestClient& client = connect();
    client.send(request("GET /repos/a"));
    run_until([&] { return client.received.ends_with("ok"); });
    client.send(request("GET /repos/b"));
    run_until([&] { return count(client.received, "200 OK") == 2; });
    EXPECT_EQ(origin.connections.size(), 2u);
    run_until_logged(2);
}

TEST_F(StreamTest, AnUploadIsNotTriedAgain) {
    start(kPolicy);
    origin.responses = {kOk, "<close>", kOk};
    TestClient& client = connect();
    client.send(request("GET /repos/a"));
    run_until([&] { return client.received.ends_with("ok"); });
    client.send(request("POST /up", "Content-Length: 1\r\n") + "x");
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_NE(client.received.find("HTTP/1.1 502"), std::string::npos);
}

TEST_F(StreamTest, ASlowReaderHoldsTheOriginBackInBoundedMemory) {
    start(kPolicy);
    const std::size_t size = 32 * 1024 * 1024;
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x')};
    TestClient& client = connect();
    client.stop_reading();
    client.send(request("GET /repos/a"));
    // The origin's side stops being taken from: nothing moves for many rounds of the loop.
    int rounds = 0;
    run_until([&] { return ++rounds > 400; });
    EXPECT_EQ(client.received, "");
    client.start_reading();
    run_until([&] { return client.received.size() > size; });
    EXPECT_EQ(client.received.size(), size + std::string_view("HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n").size());
}

TEST_F(StreamTest, ABigUploadArrivesWhole) {
    start(kPolicy);
    const std::size_t size = 16 * 1024 * 1024;
    origin.responses = {""};
    TestClient& client = connect();
    client.send(request("POST /up", "Content-Length: " + std::to_string(size) + "\r\n"));
    client.send(std::string(size, 'u'));
    run_until([&] { return !origin.connections.empty() && origin.connections[0]->peer->received.size() > size; });
    EXPECT_EQ(count(origin.received().substr(0, 4096), "HTTP/1.1"), 1u);
}

TEST_F(StreamTest, AClientThatLeavesIsLoggedOnce) {
    start(kPolicy);
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin"};
    TestClient& client = connect();
    client.send(request("GET /repos/a"));
    run_until([&] { return client.received.ends_with("begin"); });
    client.vanish();
    origin.connections[0]->peer->send("more");
    run_until_logged(1);
    run_until([&] { return egress->downstream_count() == 0; });
    EXPECT_NE(log_lines()[0].find("client_gone"), std::string::npos) << log_lines()[0];
}

TEST_F(StreamTest, AHalfClosedClientStillGetsItsAnswer) {
    start(kPolicy);
    origin.responses = {kOk};
    TestClient& client = connect();
    client.send(request("GET /repos/a"));
    client.half_close();
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.received.ends_with("ok")) << client.received;
}

TEST_F(StreamTest, AnOldClientGetsWhatItUnderstands) {
    start(kPolicy);
    origin.responses = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"};
    TestClient& client = connect();
    client.send(with_port("GET /repos/a HTTP/1.0\r\nHost: vcs.example:@PORT@\r\n\r\n"));
    run_until([&] { return client.closed; });
    EXPECT_EQ(client.received, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
}

constexpr const char* kActions = R"(
version: 1
secrets: { token: { env: GATE_TEST_SECRET } }
credentials: { vcs: { type: header, name: X-Auth-Token, value: "${secrets.token}" } }
policies:
  p:
    blocked: { status: 451, content_type: text/plain, body: "${error} by ${rule}\n" }
    rules:
      - { name: here, host: status.local, port: 80, respond: { status: 200, headers: { X-From: gate }, body: "ok\n" } }
      - { name: staging, host: api.example, port: 80, scheme: http, upstream: "http://other.example:@PORT@",
          cidr: 127.0.0.0/8, credential: vcs, allow_cleartext_credential: true }
      - { name: literal, host: lit.example, port: 80, scheme: http, upstream: "http://127.0.0.1:@PORT@" }
      - { name: granted, host: lit2.example, port: 80, scheme: http, upstream: "http://127.0.0.1:@PORT@", cidr: 127.0.0.0/8 }
      - { name: open, host: other.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8 }
      - { name: gone, host: gone.example, port: 1, scheme: http, cidr: 127.0.0.0/8 }
)";

std::string get(const std::string& host, const std::string& fields = "", const std::string& path = "/") {
    return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n";
}

TEST_F(StreamTest, ARuleMayAnswerLikeAMetadataService) {
    start(R"(
version: 1
secrets: { token: { env: GATE_TEST_SECRET } }
credentials: { storage: { type: bearer, secret: token } }
policies:
  p:
    rules:
      - { host: metadata.google.internal, port: 80, scheme: http, metadata: { gcp: storage, project: acme } }
      - { host: storage.googleapis.com, credential: storage }
)");
    TestClient& client = connect(resolve("metadata.google.internal"), 80);
    client.send(get("metadata.google.internal", "Metadata-Flavor: Google\r\n", "/computeMetadata/v1/project/project-id"));
    run_until([&] { return client.received.ends_with("\r\n\r\nacme"); });
    EXPECT_NE(client.received.find("Metadata-Flavor: Google\r\n"), std::string::npos);
    client.received.clear();
    client.send(get("metadata.google.internal", "", "/computeMetadata/v1/project/project-id"));
    run_until([&] { return client.received.starts_with("HTTP/1.1 403 "); });
}

TEST_F(StreamTest, ARuleMayAnswerItself) {
    start(kActions);
    TestClient& client = connect(resolve("status.local"), 80);
    client.send("POST /x HTTP/1.1\r\nHost: status.local\r\nContent-Length: 4\r\n\r\nbody" + get("status.local"));
    const std::string answer = "HTTP/1.1 200 OK\r\nX-From: gate\r\nContent-Length: 3\r\n\r\nok\n";
    run_until([&] { return client.received == answer + answer; });
    EXPECT_EQ(client.received.find("x-sallyport-verdict"), std::string::npos);
    client.send("HEAD / HTTP/1.1\r\nHost: status.local\r\n\r\n");
    run_until([&] { return client.received.ends_with("Content-Length: 3\r\n\r\n"); });
    run_until_logged(3);
    EXPECT_NE(log_lines()[0].find(R"("verdict":"allow","rule":"here","status":200,"request_bytes":4,"response_bytes":3)"),
              std::string::npos) << log_lines()[0];
    EXPECT_EQ(origin.connections.size(), 0u);
}

TEST_F(StreamTest, ALongBodyForAnAnsweredRequestEndsTheConnection) {
    start(kActions);
    TestClient& client = connect(resolve("status.local"), 80);
    client.send("POST / HTTP/1.1\r\nHost: status.local\r\nContent-Length: 9999999\r\n\r\n" + std::string(100000, 'x'));
    run_until([&] { return client.closed; });
    EXPECT_NE(client.received.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(client.received.ends_with("ok\n"));
    run_until_logged(1);
}

TEST_F(StreamTest, ARewrittenRequestGoesElsewhereAndTheClientSeesNoDifference) {
    start(kActions);
    const std::string answer = "HTTP/1.1 302 Found\r\nLocation: http://other.example/x\r\nContent-Length: 0\r\n\r\n";
    origin.responses = {answer};
    TestClient& client = connect(resolve("api.example"), 80);
    client.send(get("api.example", "", "/a?b=c"));
    run_until([&] { return client.received == answer; });
    const std::string received = origin.received();
    EXPECT_TRUE(received.starts_with("GET /a?b=c HTTP/1.1\r\n")) << received;
    EXPECT_NE(received.find(with_port("Host: other.example:@PORT@\r\n")), std::string::npos) << received;
    EXPECT_EQ(received.find("api.example"), std::string::npos);
    EXPECT_NE(received.find(std::string("X-Auth-Token: ") + kMarkerSecret), std::string::npos);
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find(R"("host":"api.example","port":80)"), std::string::npos) << log_lines()[0];
}

// X9: what one rule sends to a host shares no connection with what another sends there.
TEST_F(StreamTest, X9_RewrittenRequestsHaveConnectionsOfTheirOwn) {
    start(kActions);
    origin.responses = {kOk, kOk};
    TestClient& client = connect();
    client.send(request("GET /", "", "other.example"));
    run_until([&] { return count(client.received, "200 OK") == 1; });
    TestClient& rewritten = connect(resolve("api.example"), 80);
    rewritten.send(get("api.example"));
    run_until([&] { return count(rewritten.received, "200 OK") == 1; });
    EXPECT_EQ(origin.connections.size(), 2u);
}

// D9: that a rule names the destination grants no private address.
TEST_F(StreamTest, D9_APrivateDestinationNeedsAGrantEvenAsALiteral) {
    start(kActions);
    origin.responses = {kOk};
    TestClient& refused = connect(resolve("lit.example"), 80);
    refused.send(get("lit.example"));
    run_until([&] { return refused.received.ends_with("\n"); });
    EXPECT_TRUE(refused.received.ends_with("\r\n\r\nprivate_address by literal\n")) << refused.received;
    EXPECT_EQ(origin.connections.size(), 0u);
    TestClient& granted = connect(resolve("lit2.example"), 80);
    granted.send(get("lit2.example"));
    run_until([&] { return granted.received.ends_with("ok"); });
}

TEST_F(StreamTest, TheBlockAnswerIsForThePolicysRefusalsAlone) {
    start(kActions);
    TestClient& client = connect();
    client.send(request("GET /", "", "elsewhere.example"));
    run_until([&] { return client.received.ends_with("\n"); });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 451 ")) << client.received;
    EXPECT_NE(client.received.find("x-sallyport-verdict: deny\r\n"), std::string::npos);
    EXPECT_TRUE(client.received.ends_with("\r\n\r\ndenied by default\n"));
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("\"status\":451"), std::string::npos);
    TestClient& malformed = connect();
    malformed.send("GET / HTTP/1.1\r\n\r\n");
    run_until([&] { return malformed.received.ends_with("}\n"); });
    EXPECT_TRUE(malformed.received.starts_with("HTTP/1.1 400 ")) << malformed.received;
    TestClient& broken = connect("203.0.113.9", 1);
    broken.send(get("gone.example:1"));
    run_until([&] { return broken.received.ends_with("}\n"); });
    EXPECT_TRUE(broken.received.starts_with("HTTP/1.1 502 ")) << broken.received;
}

constexpr const char* kLimits = R"(
version: 1
policies:
  p:
    limit: { concurrency: 3 }
    rules:
      - { name: few, host: few.example, port: 80, scheme: http, upstream: "http://vcs.example:@PORT@", cidr: 127.0.0.0/8,
          limit: { requests: 1/h } }
      - { name: small, host: small.example, port: 80, scheme: http, upstream: "http://vcs.example:@PORT@",
          cidr: 127.0.0.0/8, limit: { bytes_out: 1000B/h } }
      - { name: said, host: said.example, port: 80, scheme: http, upstream: "http://vcs.example:@PORT@",
          cidr: 127.0.0.0/8, limit: { url_entropy: 20B/h } }
      - { name: one, host: one.example, port: 80, scheme: http, upstream: "http://vcs.example:@PORT@",
          cidr: 127.0.0.0/8, limit: { concurrency: 1 } }
      - { name: open, host: other.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8 }
)";

// P25: budgets of requests, bytes and what URLs say, per sandbox and rule.
TEST_F(StreamTest, P25_ARequestBeyondTheLimitIsToldWhenToComeAgain) {
    start(kLimits);
    origin.responses = {kOk, kOk};
    TestClient& client = connect(resolve("few.example"), 80);
    client.send(get("few.example") + get("few.example"));
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_EQ(count(client.received, "HTTP/1.1 200 OK"), 1u);
    EXPECT_EQ(count(client.received, "HTTP/1.1 429 Too Many Requests"), 1u);
    EXPECT_NE(client.received.find("Retry-After: 3600\r\n"), std::string::npos) << client.received;
    EXPECT_NE(client.received.find("\"error\":\"rate_limited\""), std::string::npos);
    EXPECT_EQ(count(origin.received(), "GET"), 1u);
    publish(kLimits, Generation{2});
    client.send(get("few.example"));
    run_until([&] { return count(client.received, "HTTP/1.1 429") == 2; });
    run_until_logged(3);
    EXPECT_NE(log_lines()[2].find(R"("verdict":"deny","rule":"few","status":429,"error":"rate_limited")"), std::string::npos)
        << log_lines()[2];
}

// D18: a byte budget bounds what can be carried out through an allowed host.
TEST_F(StreamTest, D18_AnUploadIsCutWhereTheByteBudgetEnds) {
    start(kLimits);
    TestClient& client = connect(resolve("small.example"), 80);
    client.send("POST / HTTP/1.1\r\nHost: small.example\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::size_t sent = 0;
    int round = 0;
    run_until([&] {
        if (++round % 3 == 0 && client.received.empty()) {
            client.send("64\r\n" + std::string(100, 'x') + "\r\n");
            sent += 100;
        }
        return client.received.ends_with("}\n");
    });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 429 ")) << client.received;
    EXPECT_LE(count(origin.received(), "x"), 1000u);
    EXPECT_GE(count(origin.received(), std::string(100, 'x')), 1u);
    run_until([&] { return origin.connections[0]->peer->closed; });
    EXPECT_EQ(origin.received().find("0\r\n\r\n"), std::string::npos) << "what it got must not look complete";
    TestClient& next = connect(resolve("small.example"), 80);
    next.send(get("small.example", "X-Filler: " + std::string(900, 'y') + "\r\n"));
    run_until([&] { return next.received.ends_with("}\n"); });
    EXPECT_TRUE(next.received.starts_with("HTTP/1.1 429 ")) << "a head that is not covered";
    EXPECT_EQ(origin.received().find("yyy"), std::string::npos);
}

TEST_F(StreamTest, D18_AnUploadThatIsBeingAnsweredIsCutWithoutAWord) {
    start(kLimits);
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin"};
    TestClient& client = connect(resolve("small.example"), 80);
    client.send("POST / HTTP/1.1\r\nHost: small.example\r\nContent-Length: 5000\r\n\r\n");
    run_until([&] { return client.received.ends_with("begin"); });
    client.send(std::string(2000, 'x'));
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.received.ends_with("begin"));
    EXPECT_EQ(origin.received().find("xx"), std::string::npos);
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("rate_limited"), std::string::npos) << log_lines()[0];
}

TEST_F(StreamTest, P25_NewTargetsAreHeldBackAndKnownOnesAreNot) {
    start(kLimits);
    origin.responses = {kOk, kOk, kOk, kOk};
    TestClient& client = connect(resolve("said.example"), 80);
    client.send(get("said.example", "", "/?d=0f8a7b"));
    run_until([&] { return count(client.received, "200 OK") == 1; });
    for (std::size_t i = 2; i < 5; ++i) {
        client.send(get("said.example", "", "/?d=0f8a7b"));
        run_until([&] { return count(client.received, "200 OK") == i; });
    }
    client.send(get("said.example", "", "/?d=a-whole-lot-of-other-things-0123456789"));
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_EQ(count(client.received, "HTTP/1.1 429"), 1u);
    EXPECT_EQ(origin.received().find("whole-lot"), std::string::npos);
}

TEST_F(StreamTest, P25_ConcurrencyCountsAnExchangeToItsEnd) {
    start(kLimits);
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", kOk, kOk};
    TestClient& first = connect(resolve("one.example"), 80);
    first.send(get("one.example"));
    run_until([&] { return first.received.ends_with("\r\n\r\n"); });
    TestClient& second = connect(resolve("one.example"), 80);
    second.send(get("one.example"));
    run_until([&] { return second.received.ends_with("}\n"); });
    EXPECT_TRUE(second.received.starts_with("HTTP/1.1 429 ")) << second.received;
    origin.connections[0]->peer->send("ok");
    run_until([&] { return first.received.ends_with("ok"); });
    second.send(get("one.example"));
    run_until([&] { return second.received.ends_with("ok"); });
    second.send(get("one.example"));
    run_until([&] { return count(second.received, "200 OK") == 2; });
}

TEST_F(StreamTest, P25_TheLimitOfThePolicyCountsWhateverTheRule) {
    start(kLimits);
    const std::string slow = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    origin.responses = {slow, slow, slow};
    std::vector<TestClient*> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(&connect());
        clients.back()->send(request("GET /", "", "other.example"));
        run_until([&] { return clients.back()->received == slow; });
    }
    TestClient& fourth = connect(resolve("one.example"), 80);
    fourth.send(get("one.example"));
    run_until([&] { return fourth.received.ends_with("}\n"); });
    EXPECT_TRUE(fourth.received.starts_with("HTTP/1.1 429 ")) << fourth.received;
    origin.connections[0]->peer->send("ok");
    run_until([&] { return clients[0]->received.ends_with("ok"); });
    origin.responses = {kOk};
    fourth.send(get("one.example"));
    run_until([&] { return fourth.received.ends_with("ok"); });
}

class LiveUpdateTest : public StreamTest {
protected:
    // A response that streams: begun, and without an end.
    TestClient& stream() {
        origin.responses = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n"};
        TestClient& client = connect();
        client.send(request("GET /repos/a"));
        run_until([&] { return client.received.ends_with("begin\r\n"); });
        return client;
    }
    void expect_cut(TestClient& client) {
        // In the very turn of the loop in which the snapshot came: nothing has run since.
        EXPECT_EQ(egress->downstream_count(), 0u);
        run_until([&] { return client.closed && origin.connections[0]->peer->closed; });
        EXPECT_TRUE(client.received.ends_with("begin\r\n"));
        run_until_logged(1);
        EXPECT_NE(log_lines()[0].find("by a newer policy"), std::string::npos) << log_lines()[0];
        EXPECT_NE(log_lines()[0].find("\"verdict\":\"deny\""), std::string::npos);
    }
};

// P20: what streams under a revoked right ends at once.
TEST_F(LiveUpdateTest, P20_ARunningResponseIsCutWhereTheNewPolicyDeniesIt) {
    start(kPolicy);
    TestClient& client = stream();
    publish("version: 1\npolicies: { p: { rules: [ { host: x.example } ] } }\n", Generation{2});
    expect_cut(client);
}

TEST_F(LiveUpdateTest, ARunningResponseGoesOnWhenItsSecretIsRotated) {
    start(kPolicy);
    TestClient& client = stream();
    setenv("GATE_TEST_SECRET", "marker-secret-8d1f2c-2", 1);
    publish(kPolicy, Generation{2});
    origin.connections[0]->peer->send("0\r\n\r\n");
    run_until([&] { return client.received.ends_with("0\r\n\r\n"); });
    setenv("GATE_TEST_SECRET", kMarkerSecret, 1);
}

TEST_F(LiveUpdateTest, P20_ARunningResponseIsCutWhenItsSecretIsGone) {
    start(kPolicy);
    TestClient& client = stream();
    unsetenv("GATE_TEST_SECRET");
    publish(kPolicy, Generation{2});
    expect_cut(client);
}

TEST_F(LiveUpdateTest, P20_ARunningResponseIsCutWhenItsRequestWouldGoElsewhere) {
    start(kPolicy);
    TestClient& client = stream();
    std::string changed = kPolicy;
    changed.replace(changed.find("cidr"), 4, "upstream: \"http://other.example:@PORT@\", cidr");
    publish(changed, Generation{2});
    expect_cut(client);
}

TEST_F(LiveUpdateTest, ARunningResponseGoesOnUnderAPolicyThatSaysTheSame) {
    start(kPolicy);
    TestClient& client = stream();
    std::string changed = kPolicy;
    changed.replace(changed.find("    rules:\n"), 11, "    rules:\n      - { name: new, host: new.example }\n");
    publish(changed, Generation{2});
    origin.connections[0]->peer->send("0\r\n\r\n");
    run_until([&] { return client.received.ends_with("0\r\n\r\n"); });
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("\"generation\":1"), std::string::npos) << log_lines()[0];
}

TEST_F(StreamTest, OurOwnFieldsAreNobodyElses) {
    start(kPolicy);
    origin.responses = {"HTTP/1.1 200 OK\r\nx-sallyport-verdict: deny\r\nContent-Length: 2\r\n\r\nok"};
    TestClient& client = connect();
    client.send(request("GET /repos/a", "X-Sallyport-Call: 0\r\nX_Sallyport_Env: 1\r\nX-Kept: yes\r\n"));
    run_until([&] { return client.received.ends_with("ok"); });
    EXPECT_EQ(client.received, kOk);
    EXPECT_EQ(origin.received().find("ally"), std::string::npos) << origin.received();
    EXPECT_NE(origin.received().find("X-Kept: yes"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::proxy
