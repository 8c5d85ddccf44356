// gRPC, with python3-grpcio on both sides: calls of every shape go through as they are, and what is refused is told in gRPC's own terms.
#include <gmock/gmock.h>
#include <signal.h>

#include "files.h"
#include "guarded.h"
#include "http2_origin.h"
#include "leak.h"

namespace sallyport::integration {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::string kRules = R"(
      - { name: no-count, host: api.acme.example, port: 50051, paths: [/acme.Talk/Count], deny: true }
      - { name: limited, host: api.acme.example, port: 50051, paths: [/acme.Talk/Sum], limit: { requests: 1/h } }
      - { name: talk, host: api.acme.example, port: 50051, credential: bearer }
      - { name: closed, host: closed.example, port: 50051 }
      - { name: clear, host: other.acme.example, port: 50052, scheme: http, h2c: true }
)";
const std::string kOpen = "      - { name: open, host: open.acme.example, port: 50051 }\n";

class Grpc : public IntegrationTest {
protected:
    Guard guard_{policy(kRules + kOpen)};

    Process start_server(const std::string& host, const std::string& address, bool is_clear = false) {
        return start_origin({"/usr/bin/python3", SALLYPORT_SOURCE_DIR "/tests/integration/origin/grpc_server.py", address,
                             is_clear ? "50052" : "50051", is_clear ? "-" : world().path("internet/certs/") + host + ".pem", std::string(kSecret)});
    }
    Process start_client(const std::string& target, const std::vector<std::string>& kinds, const std::string& security = "tls") {
        std::vector<std::string> argv = {"/usr/bin/python3", SALLYPORT_SOURCE_DIR "/tests/integration/clients/grpc_client.py", target, security};
        argv.insert(argv.end(), kinds.begin(), kinds.end());
        return guard_.start({.argv = argv});
    }
    std::string call(const std::string& target, const std::vector<std::string>& kinds, const std::string& security = "tls") {
        const Finished client = finish(start_client(target, kinds, security));
        EXPECT_EQ(client.code, 0) << client.err;
        return client.out;
    }
};

TEST_F(Grpc, CallsOfEveryShapeGoThrough) {
    Process server = start_server("open.acme.example", "203.0.113.11");
    EXPECT_EQ(call("open.acme.example:50051", {"unary", "large", "count", "total", "chat", "fails", "fails_later", "unknown", "deadline", "cancel"}),
              "unary hello OK x-first=early x-last=late x-bytes-bin=b'\\x00\\xff'\n"
              "large True\ncount True\ntotal 499500\nchat you said one, you said two, you said three, 0\n"
              "fails NOT_FOUND | there is no such Ω, 100% | x-why=because\n"
              "fails_later first RESOURCE_EXHAUSTED | no more | x-why=because\n"
              "unknown UNIMPLEMENTED\ndeadline DEADLINE_EXCEEDED\ncancel waiting CANCELLED\n");
    EXPECT_TRUE(wait_for_text(server.out_path(), "gave up after a deadline")) << server.out();
    EXPECT_TRUE(wait_for_text(server.out_path(), "gave up when cancelled")) << server.out();
    const auto log = guard_.access_log(10);
    ASSERT_EQ(log.size(), 10u);
    EXPECT_EQ(log[0]["target"], "/acme.Talk/Echo");
    EXPECT_EQ(log[0]["method"], "POST");
    EXPECT_EQ(log[0]["status"], "200");
}

TEST_F(Grpc, InTheClearWhereARuleSaysSo) {
    Process server = start_server("other.acme.example", "203.0.113.14", true);
    EXPECT_EQ(call("other.acme.example:50052", {"unary", "chat"}, "plain"),
              "unary hello OK x-first=early x-last=late x-bytes-bin=b'\\x00\\xff'\nchat you said one, you said two, you said three, 0\n");
    EXPECT_EQ(guard_.access_log(2).size(), 2u);
}

TEST_F(Grpc, TheCredentialIsMetadataThatTheClientNeverSees) {
    Process server = start_server("api.acme.example", "203.0.113.10");
    const std::string hidden(kSecret.size(), '*');
    EXPECT_EQ(call("api.acme.example:50051", {"who"}), "who authorised, and said Bearer " + hidden + " x-reflected=Bearer " + hidden + "\n");
    EXPECT_EQ(guard_.access_log(1)[0]["credential"], "bearer");
}

TEST_F(Grpc, ABlockedCallIsToldWhyInItsOwnTerms) {
    Process server = start_server("api.acme.example", "203.0.113.10");
    const std::string by_path = call("api.acme.example:50051", {"denied_stream", "unary"});
    EXPECT_THAT(by_path, AllOf(StartsWith("denied_stream PERMISSION_DENIED | "), HasSubstr("a rule denies this request"), HasSubstr("unary hello OK")));
    EXPECT_THAT(call("denied.example:50051", {"denied", "denied_stream"}),
                testing::ContainsRegex("denied PERMISSION_DENIED [|] .*no rule allows this request.*\ndenied_stream PERMISSION_DENIED [|] .*no rule"));
    EXPECT_THAT(call("api.acme.example:50051", {"limited", "limited"}), testing::ContainsRegex("limited no failure\nlimited RESOURCE_EXHAUSTED [|] .+"));
    EXPECT_THAT(call("closed.example:50051", {"denied"}), testing::ContainsRegex("denied UNAVAILABLE [|] .*the origin could not be reached"));
    EXPECT_THAT(server.out(), Not(HasSubstr("Count")));
    EXPECT_EQ(guard_.access_log(7).size(), 7u);
}

TEST_F(Grpc, P20_ACallThatANewPolicyDeniesIsCut) {
    Process server = start_server("open.acme.example", "203.0.113.11");
    Process client = start_client("open.acme.example:50051", {"watch"});
    ASSERT_TRUE(wait_for_text(client.out_path(), "watch waiting")) << client.err();
    guard_.rewrite_policy(policy(kRules));
    guard_.daemon().signal(SIGHUP);
    EXPECT_EQ(client.wait(), 0) << client.err();
    EXPECT_THAT(client.out(), AllOf(Not(HasSubstr("no failure")), Not(HasSubstr("DEADLINE_EXCEEDED")))) << client.out();
    EXPECT_TRUE(wait_for_text(server.out_path(), "gave up a watcher"));
}

}  // namespace
}  // namespace sallyport::integration
