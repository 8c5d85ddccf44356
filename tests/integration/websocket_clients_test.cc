// WebSocket over HTTP/1.1 with clients and servers of others, and with origins and clients that do not keep to it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "files.h"
#include "guarded.h"
#include "leak.h"
#include "memory.h"

namespace sallyport::integration {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::string kRules = R"(
      - { name: secure, host: api.acme.example, port: 9443, credential: token }
      - { name: open, host: open.acme.example, port: 9443 }
      - { name: clear, host: open.acme.example, port: 9080, scheme: http }
      - { name: no-websocket, host: staging.acme.example, websocket: false }
      - { name: pages, host: api.acme.example, credential: token }
      - { name: open-pages, host: open.acme.example }
)";

const std::string kFolder = SALLYPORT_SOURCE_DIR "/tests/integration/";

class WebSocketClients : public IntegrationTest {
protected:
    Guard guard_{policy(kRules)};

    Process start_server(const std::string& host, const std::string& address, const std::string& port, bool secure) {
        const std::string files = world().path("internet/") + world().fresh("websockets");
        const std::string pem = secure ? world().path("internet/certs/") + host + ".pem" : "-";
        Process server({.argv = {"/usr/bin/python3", kFolder + "origin/websocket_server.py", address, port, pem, std::string(kSecret)},
                        .netns = world().network().internet()},
                       files);
        EXPECT_TRUE(wait_for_text(server.out_path(), "up")) << server.err();
        return server;
    }
    Process secure_ = start_server("api.acme.example", "203.0.113.10", "9443", true);
    Process open_ = start_server("open.acme.example", "203.0.113.11", "9443", true);
    Process clear_ = start_server("open.acme.example", "203.0.113.11", "9080", false);

    Process start(const std::string& program, const std::string& kind, const std::string& url) {
        const bool is_node = program.ends_with(".js");
        return guard_.start({.argv = {is_node ? "node" : "/usr/bin/python3", kFolder + "clients/" + program, kind, url},
                             .environment = {"NODE_PATH=" SALLYPORT_NPM_CLIENTS}});
    }
    std::string run(const std::string& program, const std::string& kind, const std::string& url) {
        const Finished client = finish(start(program, kind, url));
        EXPECT_EQ(client.err, "") << program << ' ' << url;
        return client.out;
    }
    static std::string upgrade(const std::string& target, const std::string& host, const std::string& protocol = "websocket",
                               const std::string& more = {}) {
        return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: " + protocol + "\r\nConnection: Upgrade\r\n" +
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + more + "\r\n";
    }
};

constexpr const char* kClients[] = {"websocket_ws.js", "websocket_python.py"};
const std::string kWholeTalk = "all echoed\npong ping from the client\nclosed 4001 enough \n";

TEST_F(WebSocketClients, MessagesPingsAndGoodbyesGoThroughWithTheirCompression) {
    for (const char* program : kClients) {
        for (const char* url : {"wss://open.acme.example:9443/talk", "ws://open.acme.example:9080/talk"}) {
            EXPECT_EQ(run(program, "talk", url), "anonymous permessage-deflate\n" + kWholeTalk) << program << url;
        }
        EXPECT_EQ(run(program, "plain", "wss://open.acme.example:9443/talk"), "anonymous none\n" + kWholeTalk) << program;
    }
    EXPECT_EQ(guard_.access_log(6).size(), 6u);
}

// Frames beside a credential are looked through, which compression would hide from.
TEST_F(WebSocketClients, TheHandshakeHasTheCredentialAndNoExtension) {
    for (const char* program : kClients) {
        EXPECT_EQ(run(program, "talk", "wss://api.acme.example:9443/talk"), "authorised none\n" + kWholeTalk) << program;
    }
    const auto log = guard_.access_log(2);
    ASSERT_EQ(log.size(), 2u);
    EXPECT_EQ(log[0]["status"], "101");
    EXPECT_EQ(log[0]["credential"], "token");
    EXPECT_EQ(log[0]["rule"], "secure");
}

TEST_F(WebSocketClients, D12_TheHandshakesCredentialIsNotSentInTheClear) {
    EXPECT_EQ(run("websocket_python.py", "talk", "ws://api.acme.example/websocket"), "refused 403\n");
    EXPECT_THAT(world().received("api.acme.example", 80), IsEmpty());
}

TEST_F(WebSocketClients, AServerMayEndItInOrderOrNot) {
    for (const char* program : kClients) {
        EXPECT_EQ(run(program, "listen", "wss://open.acme.example:9443/goodbye"), "closed 4002 the server has had enough \n");
        EXPECT_THAT(run(program, "listen", "wss://open.acme.example:9443/vanish"), HasSubstr("closed 1006")) << program;
    }
}

TEST_F(WebSocketClients, ARefusalIsAnAnswerToThem) {
    for (const char* program : kClients) {
        for (const char* url : {"wss://staging.acme.example/talk", "wss://denied.example/talk"}) {
            EXPECT_THAT(run(program, "listen", url), StartsWith("refused 403\n")) << program << url;
        }
    }
}

// 128 MiB for a client that does not read them yet: they wait at the origin.
TEST_F(WebSocketClients, X15_AFloodToASlowReaderWaitsAtTheOrigin) {
    for (const auto& [server, url] : {std::pair{&open_, "wss://open.acme.example:9443/flood?2048"},
                                      std::pair{&secure_, "wss://api.acme.example:9443/flood?2048"}}) {
        int ends[2];
        ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
        UniqueFd reader(ends[0]), writer(ends[1]);
        PeakMemory peak(guard_.daemon().pid());
        Process client = guard_.start({.argv = {"node", kFolder + "clients/websocket_ws.js", "flood", url},
                                       .environment = {"NODE_PATH=" SALLYPORT_NPM_CLIENTS},
                                       .stdin_fd = reader.get()});
        EXPECT_TRUE(wait_for_text(server->out_path(), "blocked")) << client.err();
        EXPECT_EQ(client.out(), "paused\n") << client.err();
        writer.reset();
        EXPECT_EQ(client.wait(), 0) << client.err();
        EXPECT_THAT(client.out(), HasSubstr("closed 1000  134217728\n")) << url;
        EXPECT_LT(peak.growth_kib(), 8 * 1024) << url;
    }
}

TEST_F(WebSocketClients, P6_OnlyTheRightAnswerSwitches) {
    for (const char* host : {"open.acme.example", "api.acme.example"}) {
        for (const char* kind : {"no-accept", "wrong-accept", "two-accepts", "no-upgrade", "other-upgrade", "no-connection", "bare-lf"}) {
            const RawResult result = guard_.raw({.bytes = upgrade(std::string("/websocket?answer=") + kind, host) + "\x81\x85maskHELLO",
                                                 .host = host, .mode = "all"});
            EXPECT_EQ(result.status(), 502) << kind;
            EXPECT_EQ(result.outcome, "done") << kind;
            EXPECT_THAT(result.received, Not(HasSubstr("\x81\x02hi"))) << kind;
        }
        EXPECT_THAT(world().all_received(host), AllOf(HasSubstr("answer=no-accept"), Not(HasSubstr("HELLO"))));
    }
}

TEST_F(WebSocketClients, P6_A101ThatNobodyAskedForIsRefused) {
    const RawResult result = guard_.raw({.bytes = get("/bad/unasked-upgrade", "open.acme.example") + "smuggled", .host = "open.acme.example"});
    EXPECT_EQ(result.status(), 502);
    EXPECT_THAT(result.received, Not(HasSubstr("free")));
    EXPECT_THAT(world().all_received("open.acme.example"), Not(HasSubstr("smuggled")));
}

TEST_F(WebSocketClients, P6_OtherProtocolsAreRefusedAndOffersOfH2cPassedOver) {
    for (const char* protocol : {"foo", "h2c, foo", "websocket, h2c", "TLS/1.0", "HTTP/2.0", "connect-udp"}) {
        const RawResult result = guard_.raw({.bytes = upgrade("/echo", "open.acme.example", protocol), .host = "open.acme.example"});
        EXPECT_EQ(result.status(), 403) << protocol;
    }
    EXPECT_THAT(world().received("open.acme.example"), IsEmpty());
    const RawResult offer = guard_.raw({.bytes = upgrade("/echo", "open.acme.example", "h2c", "HTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
                                        .host = "open.acme.example"});
    EXPECT_EQ(offer.status(), 200);
    EXPECT_THAT(world().all_received("open.acme.example"), AllOf(HasSubstr("GET /echo"), Not(HasSubstr("h2c")), Not(HasSubstr("HTTP2-Settings"))));
}

TEST_F(WebSocketClients, P6_ConnectMakesNoTunnel) {
    for (const char* target : {"open.acme.example:443", "open.acme.example:22", "evil.example:443"}) {
        const RawResult result = guard_.raw({.bytes = "CONNECT " + std::string(target) + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n" + get("/smuggled", "open.acme.example"),
                                             .host = "open.acme.example", .mode = "all"});
        EXPECT_EQ(result.status() / 100, 4) << target << result.received;
        EXPECT_EQ(result.outcome, "done") << target;
    }
    EXPECT_THAT(world().received("open.acme.example"), IsEmpty());
    EXPECT_THAT(world().network().reached(), IsEmpty());
}

// To the client it is a tunnel only after a 101; whatever it has sent behind an upgrade that does not take place goes nowhere.
TEST_F(WebSocketClients, P7_WhatFollowsARefusedUpgradeReachesNobody) {
    for (const char* host : {"open.acme.example", "api.acme.example"}) {
        for (const char* kind : {"200", "200-endless", "426", "103-then-200", "wrong-accept"}) {
            world().forget();
            const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
            const RawResult result = guard_.raw({.bytes = upgrade(std::string("/websocket?answer=") + kind, host) + smuggled + smuggled,
                                                 .host = host, .mode = "all"});
            EXPECT_EQ(result.outcome, "done") << kind;
            EXPECT_NE(result.status(), 0) << kind;
            EXPECT_THAT(result.received, AnyOf(HasSubstr("Connection: close"), HasSubstr("connection: close"))) << kind;
            const auto connections = world().received(host);
            ASSERT_EQ(connections.size(), 1u) << kind;
            EXPECT_THAT(connections[0], AllOf(HasSubstr("/websocket"), Not(HasSubstr("/smuggled")))) << kind;
        }
    }
}

// Where the gate itself refuses, too.
TEST_F(WebSocketClients, P7_WhatFollowsAnUpgradeThatThePolicyRefusesReachesNobody) {
    const std::string host = "staging.acme.example";
    for (const char* protocol : {"websocket", "foo"}) {
        const RawResult result = guard_.raw({.bytes = upgrade("/websocket", host, protocol) + get("/smuggled", host), .host = host, .mode = "all"});
        EXPECT_EQ(result.status(), 403) << protocol;
        EXPECT_EQ(result.outcome, "done") << protocol;
    }
    EXPECT_THAT(world().received(host), IsEmpty());
}

}  // namespace
}  // namespace sallyport::integration
