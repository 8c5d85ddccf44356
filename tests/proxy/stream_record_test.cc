#include "proxy/stream.h"

#include <sys/resource.h>

#include <csignal>

#include "tests/proxy/audit_fixture.h"
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
          allow_cleartext_credential: true }
      - { name: private, host: other.example, port: @PORT@, scheme: http }
      - { name: here, host: status.local, port: @PORT@, respond: { status: 200, body: ok } }
)";
constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class StreamRecordTest : public GateTest {
protected:
    void start_with_audit() {
        start(kPolicy);
        audit_ = open_log(options_for(directory_));
        context().audit = audit_.get();
    }
    ~StreamRecordTest() override { egress.reset(); }
    std::string request(const std::string& host, const std::string& path = "/") const {
        return with_port("GET " + path + " HTTP/1.1\r\nHost: " + host + ":@PORT@\r\n\r\n");
    }
    std::vector<nlohmann::json> records() const {
        std::ifstream file(directory_.log());
        std::vector<nlohmann::json> found;
        for (std::string line; std::getline(file, line);) found.push_back(nlohmann::json::parse(line));
        return found;
    }

    AuditDirectory directory_;
    std::unique_ptr<AuditLog> audit_;
};

TEST_F(StreamRecordTest, EachDecisionIsRecordedOnce) {
    start_with_audit();
    origin.responses = {kOk};
    TestClient& client = connect();
    client.send(request("vcs.example", "/a?b=c"));
    run_until([&] { return client.received.ends_with("ok"); });
    client.send(request("elsewhere.example", "/x"));
    run_until([&] { return client.received.ends_with("}\n"); });
    client.send(request("status.local"));
    run_until([&] { return client.received.ends_with("ok"); });
    const auto found = records();
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0]["verdict"], "allow") << found[0];
    EXPECT_EQ(found[0]["rule"], "vcs");
    EXPECT_EQ(found[0]["credential"], "vcs");
    EXPECT_EQ(found[0]["target"], "/a?b=c");
    EXPECT_EQ(found[0]["action"], "forward");
    EXPECT_EQ(found[1]["verdict"], "deny") << found[1];
    EXPECT_EQ(found[1]["error"], "denied");
    EXPECT_EQ(found[2]["action"], "respond") << found[2];
    EXPECT_EQ(found[0].dump().find(kMarkerSecret), std::string::npos);
}

TEST_F(StreamRecordTest, ARefusalAfterTheDecisionIsOneOfItsOwn) {
    start_with_audit();
    TestClient& client = connect();
    client.send(request("other.example"));
    run_until([&] { return client.received.ends_with("}\n"); });
    const auto found = records();
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0]["verdict"], "allow");
    EXPECT_EQ(found[1]["verdict"], "deny") << found[1];
    EXPECT_EQ(found[1]["error"], "private_address");
    EXPECT_EQ(found[0]["request_id"], found[1]["request_id"]);
}

TEST_F(StreamRecordTest, WhatAnOriginDoesWrongIsNoDecision) {
    start_with_audit();
    origin.responses = {"nonsense\r\n\r\n"};
    TestClient& client = connect();
    client.send(request("vcs.example"));
    run_until([&] { return client.received.ends_with("}\n"); });
    EXPECT_EQ(records().size(), 1u);
}

TEST_F(StreamRecordTest, WhatCannotBeRecordedDoesNotGoOut) {
    start(kPolicy);
    // A directory that takes no more: the file grows past what this process may write.
    audit_ = open_log(options_for(directory_));
    context().audit = audit_.get();
    const rlimit none{0, 0};
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit tight{none.rlim_cur, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    TestClient& client = connect();
    client.send(request("vcs.example"));
    run_until([&] { return client.received.ends_with("}\n"); });
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 503 ")) << client.received;
    EXPECT_NE(client.received.find("\"error\":\"audit_unavailable\""), std::string::npos);
    EXPECT_EQ(origin.connections.size(), 0u);
    origin.responses = {kOk};
    client.send(request("vcs.example"));
    run_until([&] { return client.received.ends_with("ok"); });
}

}  // namespace
}  // namespace sallyport::proxy
