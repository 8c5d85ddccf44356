#include "admin/server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <list>

#include "admin/limits.h"
#include "tests/admin/serving.h"

namespace sallyport::admin {
namespace {

constexpr char kToken[] = "marker-token-0123456789";

UidCaller me() { return {geteuid(), {"me", {}}}; }

struct TcpFixture {
    Issued ca = issue("test ca", "", nullptr, true);
    Issued gate = issue("gate", "IP:127.0.0.1", &ca);
    std::uint16_t port = 0;

    ServerOptions options() {
        ServerOptions made;
        auto listener = listen_tcp("127.0.0.1:0");
        SALLYPORT_CHECK(listener);
        port = port_of(*listener);
        made.tcp_listener = std::move(*listener);
        made.certificate_pem = gate.certificate_pem();
        made.key_pem = SecretString(gate.key_pem());
        return made;
    }
    ServerOptions with_token() {
        ServerOptions made = options();
        made.tokens.push_back({SecretString(kToken), {"token ci", {}}});
        return made;
    }
    ServerOptions with_certificates() {
        ServerOptions made = options();
        made.client_ca_pem = ca.certificate_pem();
        made.certificates.push_back({"ops.example", {"certificate ops", {}}});
        return made;
    }
};

TEST(Server, X1_TheKernelSaysWhoIsAtTheUnixSocket) {
    const Scratch scratch;
    {
        Serving serving(local_options(scratch.path(), {me()}));
        EXPECT_EQ(Client(scratch.path()).ask("GET", "/v1/policies").status, 200);
    }
    Serving strange(local_options(scratch.path(), {{geteuid() + 1, {"another", {}}}}));
    const Seen seen = Client(scratch.path()).ask("GET", "/healthz");
    EXPECT_EQ(seen.code(), "forbidden");
    strange.on_loop([&] {
        ASSERT_EQ(strange.api().refusals.size(), 1u);
        EXPECT_EQ(strange.api().refusals[0].first, "uid " + std::to_string(geteuid()));
        EXPECT_TRUE(strange.api().calls.empty());
    });
}

TEST(Server, X1_StrangersAreFewAndKeepNobodyOut) {
    const Scratch scratch;
    Serving serving(local_options(scratch.path(), {{geteuid() + 1, {"another", {}}}}));
    std::list<Client> waiting;
    for (std::size_t i = 0; i < kStrangersMax; ++i) waiting.emplace_back(scratch.path());
    for (Client& client : waiting) client.send("GET /healthz HT");
    serving.on_loop([] {});
    serving.on_loop([] {});
    Client last(scratch.path());
    last.read_all();
    serving.on_loop([&] {
        ASSERT_FALSE(serving.api().refusals.empty());
        EXPECT_EQ(serving.api().refusals[0].second, "too many connections");
    });
}

TEST(Server, RequestsFollowEachOtherOnOneConnection) {
    const Scratch scratch;
    Serving serving(local_options(scratch.path(), {me()}));
    Client client(scratch.path());
    client.send(Dialogue::request("GET", "/healthz") + Dialogue::request("GET", "/v1/policies/open"));
    EXPECT_NE(client.read_until(R"({"default":"allow"})").find("200 OK"), std::string::npos);
    client.send(Dialogue::request("GET", "/readyz"));
    EXPECT_NE(client.read_until("}").find("200 OK"), std::string::npos);
    client.end();
    EXPECT_EQ(client.read_all(), "");
}

TEST(Server, AHalfClosedClientStillGetsItsLateAnswer) {
    const Scratch scratch;
    Serving serving(local_options(scratch.path(), {me()}));
    serving.on_loop([&] { serving.api().holds_back = true; });
    Client client(scratch.path());
    client.send(Dialogue::request("GET", "/healthz"));
    client.end();
    for (bool asked = false; !asked;) serving.on_loop([&] { asked = !serving.api().held.empty(); });
    serving.on_loop([&] { serving.api().release(); });
    EXPECT_NE(client.read_all().find("\"ok\""), std::string::npos);
}

TEST(Server, ARefusedBodyDoesNotResetTheAnswer) {
    const Scratch scratch;
    Serving serving(local_options(scratch.path(), {me()}));
    Client client(scratch.path());
    client.send("PUT /v1/policies/a HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\n\r\n");
    client.send(std::string(1'000'000, 'x'));
    EXPECT_NE(client.read_all().find("unsupported_media_type"), std::string::npos);
}

TEST(Server, EventsReachWhoMaySeeThem) {
    const Scratch scratch;
    Serving serving(local_options(scratch.path(), {{geteuid(), {"a", {"tenant-a-*"}}}}));
    std::string subscribers;
    serving.on_loop([&] { serving.server().on_subscribers([&](bool any) { subscribers += any ? '+' : '-'; }); });
    {
        Client client(scratch.path());
        client.send(Dialogue::request("GET", "/v1/events"));
        EXPECT_NE(client.read_until(": here").find("text/event-stream"), std::string::npos);
        serving.on_loop([&] {
            EXPECT_TRUE(serving.server().has_subscribers());
            serving.server().publish({"request", "tenant-b-1", R"({"sandbox":"tenant-b-1"})"});
            serving.server().publish({"request", "tenant-a-1", R"({"sandbox":"tenant-a-1"})"});
        });
        EXPECT_EQ(client.read_until("tenant-a-1").find("tenant-b-1"), std::string::npos);
    }
    for (bool left = false; !left;) serving.on_loop([&] { left = !serving.server().has_subscribers(); });
    serving.on_loop([&] { EXPECT_EQ(subscribers, "+-"); });
}

TEST(Server, ASubscriberThatDoesNotReadKeepsNobodyWaiting) {
    const Scratch scratch;
    Serving serving(local_options(scratch.path(), {me()}));
    Client slow(scratch.path());
    slow.send(Dialogue::request("GET", "/v1/events"));
    slow.read_until(": here");
    const std::string data = '"' + std::string(30'000, 'x') + '"';
    serving.on_loop([&] {
        for (int i = 0; i < 1000; ++i) serving.server().publish({"request", "", data});
    });
    EXPECT_EQ(Client(scratch.path()).ask("GET", "/healthz").status, 200);
    // Once it reads again, it is told what it has missed.
    EXPECT_NE(slow.read_until("event: dropped").find("event: dropped"), std::string::npos);
}

TEST(Server, ASilentClientIsSentAwayAndASilentStreamIsKeptAlive) {
    const Scratch scratch;
    ServerOptions options = local_options(scratch.path(), {me()});
    options.deadlines = {.head = std::chrono::milliseconds(20), .idle = std::chrono::milliseconds(20),
                         .keep_alive = std::chrono::milliseconds(5)};
    Serving serving(std::move(options));
    Client stream(scratch.path());
    stream.send(Dialogue::request("GET", "/v1/events"));
    EXPECT_NE(stream.read_until(": here\n\n\r\n8\r\n: here").find("200 OK"), std::string::npos);
    Client silent(scratch.path());
    EXPECT_EQ(silent.read_all(), "");
    Client slow(scratch.path());
    slow.send("GET /healthz HT");
    EXPECT_NE(slow.read_all().find("408"), std::string::npos);
    Client idle(scratch.path());
    idle.send(Dialogue::request("GET", "/healthz"));
    EXPECT_NE(idle.read_all().find("200"), std::string::npos);
}

TEST(Server, ConnectionsAreBoundedAndIdleOnesMakeRoom) {
    const Scratch scratch;
    Serving serving(local_options(scratch.path(), {me()}));
    std::list<Client> idle;
    for (std::size_t i = 0; i < kConnectionsMax; ++i) {
        idle.emplace_back(scratch.path());
        idle.back().send(Dialogue::request("GET", "/healthz"));
        idle.back().read_until("ok");
    }
    EXPECT_EQ(Client(scratch.path()).ask("GET", "/healthz").status, 200);
    EXPECT_EQ(idle.front().read_all(), "");
    idle.back().send(Dialogue::request("GET", "/healthz"));
    EXPECT_NE(idle.back().read_until("ok").find("200"), std::string::npos);
}

TEST(Server, OverTcpATokenIsAskedFor) {
    TcpFixture tcp;
    Serving serving(tcp.with_token());
    const std::string token = std::string("Authorization: Bearer ") + kToken + "\r\n";
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        EXPECT_EQ(Client(tcp.port, tcp.ca, nullptr, version).ask("GET", "/v1/secrets", token).status, 200);
        const Seen none = Client(tcp.port, tcp.ca, nullptr, version).ask("GET", "/v1/secrets");
        EXPECT_EQ(none.status, 401);
        EXPECT_EQ(none.header("WWW-Authenticate"), R"(Bearer realm="sallyport")");
    }
    EXPECT_FALSE(Client(tcp.port, tcp.ca, nullptr, TLS1_1_VERSION).has_tls());
    EXPECT_EQ(Client(tcp.port, tcp.ca, nullptr).ask("GET", "/healthz", token + "Host: evil.example\r\n").status, 403);
    serving.on_loop([&] {
        for (const auto& [who, why] : serving.api().refusals) {
            EXPECT_NE(who.find("127.0.0.1:"), std::string::npos);
            EXPECT_EQ((who + why).find("marker"), std::string::npos);
        }
    });
}

TEST(Server, OverTcpAClientCertificateSaysWhoItIs) {
    TcpFixture tcp;
    Serving serving(tcp.with_certificates());
    const Issued known = issue("x", "DNS:ops.example", &tcp.ca), other = issue("other.example", "", &tcp.ca);
    const Issued another_ca = issue("another ca", "", nullptr, true);
    const Issued forged = issue("ops.example", "DNS:ops.example", &another_ca);
    const Issued self_signed = issue("ops.example", "", nullptr);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        EXPECT_EQ(Client(tcp.port, tcp.ca, &known, version).ask("GET", "/v1/secrets").status, 200);
        EXPECT_EQ(Client(tcp.port, tcp.ca, &other, version).ask("GET", "/v1/secrets").status, 403);
        for (const Issued* bad : {&forged, &self_signed, static_cast<const Issued*>(nullptr)}) {
            EXPECT_EQ(Client(tcp.port, tcp.ca, bad, version).ask("GET", "/v1/secrets").status, 0);
        }
        // A token is not asked for here, and does not help.
        const std::string token = std::string("Authorization: Bearer ") + kToken + "\r\n";
        EXPECT_EQ(Client(tcp.port, tcp.ca, &other, version).ask("GET", "/v1/secrets", token).status, 403);
    }
    serving.on_loop([&] { EXPECT_GE(serving.api().refusals.size(), 8u); });
}

TEST(Server, WhatIsNotTlsGetsNoAnswerOverTcp) {
    TcpFixture tcp;
    Serving serving(tcp.with_token());
    sockaddr_storage storage{};
    const socklen_t size = net::to_sockaddr({*net::parse_address("127.0.0.1"), tcp.port}, storage);
    const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size), 0);
    const std::string request = Dialogue::request("GET", "/healthz", std::string("Authorization: Bearer ") + kToken + "\r\n");
    ASSERT_GT(send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), 0);
    std::string all;
    char block[1024];
    for (ssize_t got; (got = recv(fd.get(), block, sizeof block, 0)) > 0;) all.append(block, static_cast<std::size_t>(got));
    EXPECT_EQ(all.find("HTTP"), std::string::npos);
    serving.on_loop([&] { EXPECT_TRUE(serving.api().calls.empty()); });
}

TEST(Server, IsNotMadeWhereNobodyCouldBeLetIn) {
    net::Loop loop;
    FakeApi api;
    TcpFixture tcp;
    const auto why = [&](ServerOptions options) {
        const auto server = Server::create(loop, api, std::move(options));
        return server ? std::string("made") : server.error().detail;
    };
    EXPECT_EQ(why(tcp.with_token()), "made");
    ServerOptions in_the_clear = tcp.with_token();
    in_the_clear.certificate_pem.clear();
    EXPECT_EQ(why(std::move(in_the_clear)), "made") << "on loopback";
    ServerOptions open_to_all = tcp.with_token();
    open_to_all.certificate_pem.clear();
    open_to_all.tcp_listener = std::move(*listen_tcp("0.0.0.0:0"));
    EXPECT_NE(why(std::move(open_to_all)).find("certificate"), std::string::npos);
    EXPECT_NE(why(tcp.options()).find("a caller with a token"), std::string::npos);
    ServerOptions short_token = tcp.options();
    short_token.tokens.push_back({SecretString("marker-short"), {"ci", {}}});
    const std::string refused = why(std::move(short_token));
    EXPECT_NE(refused.find("too short"), std::string::npos);
    EXPECT_EQ(refused.find("marker"), std::string::npos);
    ServerOptions nobody = tcp.with_certificates();
    nobody.certificates.clear();
    EXPECT_NE(why(std::move(nobody)).find("client_ca"), std::string::npos);
    ServerOptions no_key = tcp.with_token();
    no_key.key_pem = SecretString("x");
    EXPECT_NE(why(std::move(no_key)), "made");
    ServerOptions bad_name = tcp.with_token();
    bad_name.host_names = {"not a name"};
    EXPECT_NE(why(std::move(bad_name)), "made");
}

}  // namespace
}  // namespace sallyport::admin
