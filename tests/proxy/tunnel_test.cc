#include "proxy/tunnel.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "tests/proxy/audit_fixture.h"
#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kTcp = "version: 1\npolicies: { p: { rules: [ { tcp: 'vcs.example:@PORT@', cidr: 127.0.0.0/8 } ] } }\n";
constexpr const char* kPassthrough =
    "version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, tls: passthrough, cidr: 127.0.0.0/8 } ] } }\n";
constexpr const char* kDenied = "version: 1\npolicies: { p: { default: deny } }\n";

void set_disk_full(bool full) {
    (void)signal(SIGXFSZ, full ? SIG_IGN : SIG_DFL);
    rlimit limit{};
    SALLYPORT_CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = full ? 1 : limit.rlim_max;
    SALLYPORT_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

// What a real client would send first, and what it makes of the answer.
class TlsGreeting {
public:
    explicit TlsGreeting(const std::string& server_name, bool with_ech = false)
        : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free), ssl_(nullptr, &SSL_free) {
        if (with_ech) SALLYPORT_CHECK(SSL_CTX_add_custom_ext(context_.get(), 0xfe0d, SSL_EXT_CLIENT_HELLO, &add_ech, nullptr, nullptr, nullptr, nullptr) == 1);
        ssl_.reset(SSL_new(context_.get()));
        in_ = BIO_new(BIO_s_mem());
        out_ = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl_.get(), in_, out_);
        if (!server_name.empty()) SSL_set_tlsext_host_name(ssl_.get(), server_name.c_str());
        SSL_set_connect_state(ssl_.get());
    }
    std::string first_bytes() {
        (void)SSL_do_handshake(ssl_.get());
        std::string bytes(BIO_pending(out_), '\0');
        SALLYPORT_CHECK(BIO_read(out_, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size()));
        return bytes;
    }
    std::string alert_in(const std::string& answer) {
        BIO_write(in_, answer.data(), static_cast<int>(answer.size()));
        ERR_clear_error();
        (void)SSL_do_handshake(ssl_.get());
        const unsigned long error = ERR_peek_error();
        return error == 0 ? "" : ERR_reason_error_string(error);
    }

private:
    static int add_ech(SSL*, unsigned, unsigned, const unsigned char** out, size_t* size, X509*, size_t, int*, void*) noexcept {
        static constexpr unsigned char kOuter[] = {0, 0, 1, 0, 1, 7, 0, 0, 0, 0};
        *out = kOuter;
        *size = sizeof kOuter;
        return 1;
    }

    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
    BIO* in_ = nullptr;
    BIO* out_ = nullptr;
};

class TunnelTest : public GateTest {
protected:
    TestClient& open() { return connect_tcp(resolve("vcs.example"), origin.port()); }
    TestClient& peer(std::size_t index = 0) {
        if (origin.connections.size() <= index) run_until([&] { return origin.connections.size() > index; });
        return *origin.connections.at(index)->peer;
    }
    nlohmann::json line(std::size_t index = 0) {
        run_until_logged(index + 1);
        return nlohmann::json::parse(log_lines().at(index));
    }
    std::vector<LiveConnection> live() {
        std::vector<LiveConnection> connections;
        egress->list(connections);
        return connections;
    }
};

TEST_F(TunnelTest, TheServerMaySpeakFirst) {
    start(kTcp);
    TestClient& client = open();
    peer().send("220 ready\r\n");
    run_until([&] { return client.received == "220 ready\r\n"; });
    client.send("HELO\r\n");
    run_until([&] { return peer().received == "HELO\r\n"; });
}

TEST_F(TunnelTest, EachSideEndsOnItsOwnAndThenThereIsALine) {
    start(kTcp);
    TestClient& client = open();
    client.send("question");
    client.half_close();
    run_until([&] { return peer().closed; });
    EXPECT_EQ(peer().received, "question");
    EXPECT_FALSE(peer().reset);
    EXPECT_FALSE(client.closed);
    peer().send("an answer");
    peer().half_close();
    run_until([&] { return client.closed && egress->tunnel_count() == 0; });
    EXPECT_EQ(client.received, "an answer");
    EXPECT_FALSE(client.reset);
    const auto logged = line();
    EXPECT_EQ(logged["method"], "");
    EXPECT_EQ(logged["scheme"], "tcp");
    EXPECT_EQ(logged["host"], "vcs.example");
    EXPECT_EQ(logged["port"], origin.port());
    EXPECT_EQ(logged["verdict"], "allow");
    EXPECT_EQ(logged["rule"], "rules[0]");
    EXPECT_EQ(logged["request_bytes"], 8);
    EXPECT_EQ(logged["response_bytes"], 9);
    EXPECT_EQ(logged["upstream"], "127.0.0.1:" + std::to_string(origin.port()));
    EXPECT_FALSE(logged.contains("error"));
}

TEST_F(TunnelTest, ASideThatDoesNotReadHoldsTheOtherBack) {
    start(kTcp);
    // More than the kernel keeps for a connection.
    const std::string much(16 * 1024 * 1024, 'x');
    TestClient& client = connect(resolve("vcs.example"), origin.port());
    peer().stop_reading();
    client.send(much);
    std::uint64_t moved = 0;
    int unchanged = 0;
    // Until nothing has moved for a while.
    run_until([&] {
        const std::uint64_t now = live().empty() ? 0 : live()[0].bytes_in;
        unchanged = now == moved && now > 0 ? unchanged + 1 : 0;
        moved = now;
        return unchanged > 20;
    });
    EXPECT_LT(moved, much.size());
    peer().start_reading();
    run_until([&] { return peer().received.size() == much.size(); });
}

TEST_F(TunnelTest, AResetOnOneSideIsAResetOnTheOther) {
    start(kTcp);
    TestClient& client = open();
    peer().send("half of some");
    run_until([&] { return !client.received.empty(); });
    origin.connections[0]->peer->break_off();
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.reset);
    EXPECT_EQ(line()["error"], "origin_closed");

    TestClient& other = open();
    other.send("x");
    run_until([&] { return peer(1).received == "x"; });
    other.break_off();
    run_until([&] { return peer(1).closed; });
    EXPECT_TRUE(peer(1).reset);
    EXPECT_EQ(line(1)["error"], "client_gone");
}

TEST_F(TunnelTest, D9_APrivateAddressThatIsNotGrantedIsRefusedByAReset) {
    start("version: 1\npolicies: { p: { rules: [ { tcp: 'vcs.example:@PORT@' } ] } }\n");
    TestClient& client = open();
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.reset);
    EXPECT_EQ(line()["error"], "private_address");
    EXPECT_EQ(line()["verdict"], "deny");
    EXPECT_TRUE(origin.connections.empty());
}

TEST_F(TunnelTest, AnOriginThatDoesNotListenIsAReset) {
    const UniqueFd bound(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof there;
    ASSERT_EQ(bind(bound.get(), reinterpret_cast<sockaddr*>(&there), size), 0);
    ASSERT_EQ(getsockname(bound.get(), reinterpret_cast<sockaddr*>(&there), &size), 0);
    const std::uint16_t silent = ntohs(there.sin_port);
    start("version: 1\npolicies: { p: { rules: [ { tcp: 'vcs.example:" + std::to_string(silent) + "', cidr: 127.0.0.0/8 } ] } }\n");
    TestClient& client = connect_tcp(resolve("vcs.example"), silent);
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.reset);
    EXPECT_EQ(line()["error"], "connect_failed");
}

TEST_F(TunnelTest, OnlyTheNameAndThePortOfTheRuleAreTaken) {
    Deadlines deadlines;
    deadlines.refused_greeting = milliseconds(20);
    start(kTcp, deadlines);
    for (TestClient* client : {&connect_tcp(resolve("other.example"), origin.port()), &connect_tcp(resolve("vcs.example"), 5432),
                               &connect_tcp("127.0.0.1", origin.port())}) {
        run_until([&] { return client->closed; });
        EXPECT_TRUE(client->reset);
    }
    EXPECT_TRUE(origin.connections.empty());
    run_until_logged(3);
}

TEST_F(TunnelTest, ANewSnapshotThatGrantsTheSameLeavesItAlone) {
    start(kTcp);
    TestClient& client = open();
    peer();
    publish("version: 1\npolicies: { p: { rules: [ { host: 'x.example' }, { tcp: 'vcs.example:@PORT@', cidr: 127.0.0.0/8 } ] } }\n",
            Generation{2});
    EXPECT_EQ(egress->tunnel_count(), 1u);
    ASSERT_EQ(live().size(), 1u);
    EXPECT_EQ(live()[0].generation, Generation{2});
    client.send("still");
    run_until([&] { return peer().received == "still"; });
}

TEST_F(TunnelTest, P20_ANewSnapshotThatGrantsLessCutsItInTheSameTurn) {
    const char* const newer[] = {
        kDenied,
        "version: 1\npolicies: { p: { rules: [ { tcp: 'vcs.example:@PORT@', cidr: 127.0.0.1/32 } ] } }\n",
        "version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, cidr: 127.0.0.0/8 } ] } }\n",
        "version: 1\npolicies: { p: { rules: [ { tcp: 'vcs.example:@PORT@', cidr: 127.0.0.0/8, limit: { concurrency: 9 } } ] } }\n",
        "version: 1\npolicies: { p: { limit: { concurrency: 9 }, rules: [ { tcp: 'vcs.example:@PORT@', cidr: 127.0.0.0/8 } ] } }\n",
    };
    start(kTcp);
    std::uint64_t generation = 1;
    for (const char* policy : newer) {
        const std::size_t index = origin.connections.size();
        TestClient& client = open();
        peer(index).send("hello");
        run_until([&] { return client.received == "hello"; });
        publish(policy, Generation{++generation});
        EXPECT_EQ(egress->tunnel_count(), 0u) << policy;
        run_until([&] { return client.closed && peer(index).closed; });
        EXPECT_TRUE(client.reset) << policy;
        EXPECT_TRUE(peer(index).reset) << policy;
        EXPECT_EQ(line(index)["verdict"], "deny");
        EXPECT_NE(line(index)["detail"].get<std::string>().find("by a newer policy"), std::string::npos);
        publish(kTcp, Generation{++generation});
    }
}

TEST_F(TunnelTest, P20_ANewSnapshotCutsOneThatIsStillDialling) {
    start(kTcp);
    TestClient& client = open();
    ASSERT_EQ(egress->tunnel_count(), 1u);
    EXPECT_EQ(live()[0].state, "dialling");
    publish(kDenied, Generation{2});
    EXPECT_EQ(egress->tunnel_count(), 0u);
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.reset);
}

TEST_F(TunnelTest, P24_ATunnelInWhichNothingMovesIsCut) {
    Deadlines deadlines;
    deadlines.tunnel_idle = milliseconds(50);
    start(kTcp, deadlines);
    TestClient& client = open();
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.reset);
    EXPECT_EQ(line()["error"], "request_timeout");
}

TEST_F(TunnelTest, P25_ItsBytesAndItsNumberAreLimited) {
    start("version: 1\npolicies: { p: { rules: [ { tcp: 'vcs.example:@PORT@', cidr: 127.0.0.0/8, limit: { concurrency: 1, bytes_out: 1KB/h } } ] } }\n");
    TestClient& first = open();
    peer();
    TestClient& second = open();
    run_until([&] { return second.closed; });
    EXPECT_TRUE(second.reset);
    EXPECT_EQ(line()["error"], "rate_limited");
    EXPECT_EQ(line()["verdict"], "deny");
    first.send(std::string(600, 'x'));
    run_until([&] { return peer().received.size() == 600; });
    first.send(std::string(600, 'x'));
    run_until([&] { return first.closed; });
    EXPECT_TRUE(first.reset);
    EXPECT_EQ(peer().received.size(), 600u) << "nothing goes out that is not covered";
    EXPECT_EQ(line(1)["error"], "rate_limited");
    open();
    peer(1);
}

TEST_F(TunnelTest, AnOperatorSeesItAndMayCutIt) {
    start(kTcp);
    TestClient& client = open();
    client.send("abc");
    run_until([&] { return peer().received == "abc"; });
    ASSERT_EQ(live().size(), 1u);
    const LiveConnection seen = live()[0];
    EXPECT_EQ(seen.sandbox, "box");
    EXPECT_EQ(seen.protocol, "tcp");
    EXPECT_EQ(seen.host, "vcs.example");
    EXPECT_EQ(seen.state, "tunnel");
    EXPECT_EQ(seen.rule, "rules[0]");
    EXPECT_EQ(seen.bytes_in, 3u);
    EXPECT_EQ(seen.generation, Generation{1});
    EXPECT_FALSE(egress->close_connection(std::string(32, '0')));
    EXPECT_TRUE(egress->close_connection(seen.id));
    EXPECT_FALSE(egress->close_connection(seen.id));
    run_until([&] { return client.closed && peer().closed; });
    EXPECT_TRUE(client.reset);
    EXPECT_EQ(line()["error"], "closed_by_operator");
}

TEST_F(TunnelTest, ADrainWaitsForItAndWhoeverStopsCutsIt) {
    start(kTcp);
    TestClient& client = open();
    peer();
    bool drained = false;
    egress->drain([&] { drained = true; });
    client.send("on");
    run_until([&] { return peer().received == "on"; });
    EXPECT_FALSE(drained);
    egress.reset();
    run_until([&] { return client.closed && peer().closed; });
    EXPECT_TRUE(client.reset);
    EXPECT_EQ(line()["error"], "draining");
}

TEST_F(TunnelTest, EachIsOneRecordOfTheAuditLogAndNoneGoesOutWithoutOne) {
    AuditDirectory directory;
    const auto audit = open_log(options_for(directory));
    start(kTcp);
    context().audit = audit.get();
    TestClient& client = open();
    peer();
    std::vector<nlohmann::json> records;
    for (const std::string& text : lines_of(directory.log())) records.push_back(nlohmann::json::parse(text));
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0]["type"], "decision");
    EXPECT_EQ(records[0]["sandbox"], "box");
    EXPECT_EQ(records[0]["scheme"], "tcp");
    EXPECT_EQ(records[0]["host"], "vcs.example");
    EXPECT_EQ(records[0]["action"], "tcp");
    client.break_off();
    run_until([&] { return egress->tunnel_count() == 0; });

    const std::string address = resolve("vcs.example");
    set_disk_full(true);
    // Decided and recorded before connect_tcp() is back.
    TestClient& refused = connect_tcp(address, origin.port());
    set_disk_full(false);
    run_until([&] { return refused.closed; });
    EXPECT_TRUE(refused.reset);
    EXPECT_EQ(line(1)["error"], "audit_unavailable");
    EXPECT_EQ(origin.connections.size(), 1u);
}

TEST_F(TunnelTest, PassthroughGivesTheOriginTheGreetingByteForByte) {
    start(kPassthrough);
    TlsGreeting greeting("VCS.example");
    const std::string hello = greeting.first_bytes();
    TestClient& client = open();
    client.send(hello.substr(0, 100));
    run_until([&] { return !live().empty(); });
    client.send(hello.substr(100));
    run_until([&] { return peer().received.size() >= hello.size(); });
    EXPECT_EQ(peer().received, hello);
    peer().send("whatever the origin says");
    run_until([&] { return client.received == "whatever the origin says"; });
    ASSERT_EQ(live().size(), 1u);
    EXPECT_EQ(live()[0].protocol, "passthrough");
    client.half_close();
    peer().half_close();
    const auto logged = line();
    EXPECT_EQ(logged["scheme"], "tls");
    EXPECT_EQ(logged["verdict"], "allow");
    EXPECT_EQ(logged["request_bytes"], hello.size());
    EXPECT_EQ(egress->leaves().size(), 0u) << "nothing was minted";
}

TEST_F(TunnelTest, D1_PassthroughIsRefusedByAnAlertWhereTheNameIsAnotherHiddenOrMissing) {
    start(kPassthrough);
    const struct {
        const char* server_name;
        bool with_ech;
        const char* error;
    } cases[] = {{"other.example", false, "misdirected"}, {"", false, "misdirected"}, {"vcs.example", true, "not_intercepted"}};
    std::size_t index = 0;
    for (const auto& each : cases) {
        TlsGreeting greeting(each.server_name, each.with_ech);
        TestClient& client = open();
        client.send(greeting.first_bytes());
        run_until([&] { return client.closed; });
        EXPECT_EQ(greeting.alert_in(client.received), "tlsv1 unrecognized name") << each.server_name;
        EXPECT_EQ(line(index++)["error"], each.error);
    }
    EXPECT_TRUE(origin.connections.empty());
}

TEST_F(TunnelTest, APassthroughThatMayNotBeDialledIsRefusedByAnAlert) {
    start("version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, tls: passthrough } ] } }\n");
    TlsGreeting greeting("vcs.example");
    TestClient& client = open();
    client.send(greeting.first_bytes());
    run_until([&] { return client.closed; });
    EXPECT_EQ(greeting.alert_in(client.received), "tlsv1 alert access denied");
    EXPECT_EQ(line()["error"], "private_address");
}

TEST_F(TunnelTest, P25_AGreetingIsPaidForBeforeItGoesOut) {
    start("version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, tls: passthrough, cidr: 127.0.0.0/8,"
          " limit: { bytes_out: 50B/h } } ] } }\n");
    TlsGreeting greeting("vcs.example");
    TestClient& client = open();
    client.send(greeting.first_bytes());
    run_until([&] { return client.closed; });
    EXPECT_EQ(greeting.alert_in(client.received), "tlsv1 alert access denied");
    EXPECT_EQ(line()["error"], "rate_limited");
    EXPECT_TRUE(origin.connections.empty());
}

TEST_F(TunnelTest, P20_PassthroughEndsWhereANewSnapshotWouldIntercept) {
    start(kPassthrough);
    TlsGreeting greeting("vcs.example");
    TestClient& client = open();
    client.send(greeting.first_bytes());
    run_until([&] { return !peer().received.empty(); });
    publish("version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, cidr: 127.0.0.0/8 } ] } }\n", Generation{2});
    EXPECT_EQ(egress->tunnel_count(), 0u);
    run_until([&] { return client.closed; });
    EXPECT_TRUE(client.reset);
}

}  // namespace
}  // namespace sallyport::proxy
