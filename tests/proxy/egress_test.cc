#include "proxy/egress.h"

#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy =
    "version: 1\npolicies: { p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8 } ] } }\n";

class EgressTest : public GateTest {};

TEST_F(EgressTest, ASyntheticAddressNamesItsHostAndARealOneItself) {
    start(kPolicy);
    const std::string address = resolve("vcs.example");
    ConnectionTarget target;
    ASSERT_TRUE(egress->name_target({*net::parse_address(address), 443}, target));
    EXPECT_EQ(target.host, "vcs.example");
    ConnectionTarget literal;
    ASSERT_TRUE(egress->name_target({*net::parse_address("::ffff:203.0.113.1"), 443}, literal));
    EXPECT_EQ(literal.host, "");
    EXPECT_EQ(literal.address_literal, "203.0.113.1");
    ConnectionTarget unknown;
    EXPECT_FALSE(egress->name_target({*net::parse_address("198.18.200.1"), 443}, unknown));
}

TEST_F(EgressTest, RefusedNamesHaveABudget) {
    start(kPolicy);
    int allowed = 0;
    for (int i = 0; i < 1000; ++i) allowed += egress->may_explain_refusal("evil-" + std::to_string(i));
    EXPECT_GE(allowed, static_cast<int>(kRefusalLeavesBurst));
    EXPECT_LT(allowed, 300);
}

TEST_F(EgressTest, ANewSnapshotDecidesTheNextRequestOfAnOpenConnection) {
    start(kPolicy);
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    TestClient& client = connect();
    const std::string request = with_port("GET / HTTP/1.1\r\nHost: vcs.example:@PORT@\r\n\r\n");
    client.send(request);
    run_until([&] { return client.received.ends_with("ok"); });
    const auto file = rules::parse_policy_file("version: 1\npolicies: { p: { default: deny } }\n", "new.yaml");
    egress->publish(*rules::make_snapshot(*file.file, {"p", {}}, secrets::SecretSnapshot::load({}, {}), Generation{2}));
    client.send(request);
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_NE(client.received.find("HTTP/1.1 403 "), std::string::npos);
    run_until_logged(2);
    EXPECT_NE(log_lines()[1].find("\"generation\":2"), std::string::npos);
}

TEST_F(EgressTest, P20_ANewSnapshotCutsARequestThatItDenies) {
    start(kPolicy);
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"};
    TestClient& client = connect();
    client.send(with_port("GET / HTTP/1.1\r\nHost: vcs.example:@PORT@\r\n\r\n"));
    run_until([&] { return client.received.ends_with("half"); });
    const auto file = rules::parse_policy_file("version: 1\npolicies: { p: { default: deny } }\n", "new.yaml");
    egress->publish(*rules::make_snapshot(*file.file, {"p", {}}, secrets::SecretSnapshot::load({}, {}), Generation{2}));
    EXPECT_EQ(egress->downstream_count(), 0u) << "in the same turn of the loop";
    EXPECT_EQ(log_lines().size(), 1u);
    run_until([&] { return client.closed; });
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("by a newer policy"), std::string::npos) << log_lines()[0];
}

TEST_F(EgressTest, ANewSnapshotThatStillAllowsLeavesARunningRequestAlone) {
    const std::string policy = "version: 1\nsecrets: { token: { env: GATE_TEST_SECRET } }\n"
                               "credentials: { c: { type: bearer, secret: token } }\n"
                               "policies: { p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, credential: c,"
                               " allow_cleartext_credential: true, headers: { Cookie: 'a=*' } } ] } }\n";
    start(policy);
    origin.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf"};
    TestClient& client = connect();
    client.send(with_port("GET / HTTP/1.1\r\nHost: vcs.example:@PORT@\r\nCookie: a=b\r\n\r\n"));
    run_until([&] { return client.received.ends_with("half"); });
    EXPECT_EQ(origin.received().find("Cookie"), std::string::npos);
    publish(policy, Generation{2});
    origin.connections[0]->peer->send("done");
    run_until([&] { return client.received.ends_with("done"); });
}

TEST_F(EgressTest, AnEmptyEgressDrainsAtOnce) {
    start(kPolicy);
    bool drained = false;
    egress->drain([&] { drained = true; });
    EXPECT_TRUE(drained);
}

TEST_F(EgressTest, AnOperatorSeesRequestsAndMayCutOne) {
    start(kPolicy);
    TestClient& client = connect();
    client.send(with_port("GET /slow HTTP/1.1\r\nHost: vcs.example:@PORT@\r\n\r\n"));
    run_until([&] { return !origin.received().empty(); });
    std::vector<LiveConnection> live;
    egress->list(live);
    ASSERT_EQ(live.size(), 1u);
    EXPECT_EQ(live[0].sandbox, "box");
    EXPECT_EQ(live[0].protocol, "http");
    EXPECT_EQ(live[0].state, "request");
    EXPECT_EQ(live[0].rule, "rules[0]");
    EXPECT_EQ(live[0].request_id.size(), 16u);
    EXPECT_EQ(live[0].requests, 1u);
    EXPECT_EQ(live[0].generation, Generation{1});
    EXPECT_GT(live[0].bytes_in, 0u);
    EXPECT_TRUE(egress->close_connection(live[0].id));
    EXPECT_EQ(egress->downstream_count(), 0u);
    run_until([&] { return client.closed; });
    EXPECT_EQ(client.received, "");
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("\"error\":\"closed_by_operator\""), std::string::npos) << log_lines()[0];
}

TEST_F(EgressTest, X3_NothingOfASandboxThatIsNoMoreGoesOn) {
    start(kPolicy);
    TestClient& busy = connect();
    busy.send(with_port("GET / HTTP/1.1\r\nHost: vcs.example:@PORT@\r\n\r\n"));
    run_until([&] { return !origin.received().empty(); });
    TestClient& silent = connect();
    egress->end();
    EXPECT_EQ(egress->connection_count(), 0u);
    run_until([&] { return busy.closed && silent.closed && origin.connections[0]->peer->closed; });
    EXPECT_EQ(busy.received, "");
}

}  // namespace
}  // namespace sallyport::proxy
