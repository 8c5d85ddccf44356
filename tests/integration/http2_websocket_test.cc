// WebSocket where a client or an origin speaks HTTP/2 (RFC 8441): the same handshake to the policy, whatever it looked like.
#include <gmock/gmock.h>

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

const std::string kRules = R"(
      - { name: api, host: api.acme.example, port: [443, 9443], credential: token }
      - { name: open, host: open.acme.example, port: [443, 9443] }
      - { name: no-websocket, host: staging.acme.example, websocket: false }
)";

const std::string kClients = SALLYPORT_SOURCE_DIR "/tests/integration/clients/";

class Http2WebSocket : public IntegrationTest {
protected:
    Guard guard_{policy(kRules)};
    Http2Origin api_{"api.acme.example", "203.0.113.10", "h2"};
    Http2Origin open_{"open.acme.example", "203.0.113.11"};

    // Over an extended CONNECT.
    std::string talk(const std::string& url, const std::vector<std::string>& words = {"hello", "bye"}) {
        std::vector<std::string> argv = {"node", kClients + "http2_node.js", "websocket", url};
        argv.insert(argv.end(), words.begin(), words.end());
        const Finished client = guard_.run(argv);
        EXPECT_EQ(client.err, "") << url;
        EXPECT_THAT(leaks_in(client.all()), IsEmpty()) << url;
        return client.out;
    }
    // One that speaks HTTP/2 only is asked for WebSocket over a connection that is there, for which it has said that it allows it.
    void connect_to(const std::string& host) {
        EXPECT_THAT(guard_.curl({"--http2", "https://" + host + ":9443/echo"}).out, HasSubstr("\"version\":\"2.0\""));
    }
    std::string upgrade(const std::string& url) { return guard_.run({"/usr/bin/python3", kClients + "websocket.py", url, "hello", "bye"}).out; }
};

TEST_F(Http2WebSocket, FramesGoBothWaysInEveryPairing) {
    const std::string rest = "\nhello\nclosed\n";
    for (const auto& [host, old, who] : {std::tuple{"api.acme.example", "authorised", "token"}, {"open.acme.example", "anonymous", "none"}}) {
        const std::string name = host;
        connect_to(name);
        EXPECT_EQ(talk("https://" + name + "/websocket"), std::string("offered true\nstatus 200\n") + old + rest + "code 0\n");
        EXPECT_EQ(talk("https://" + name + ":9443/websocket"), std::string("offered true\nstatus 200\n") + who + rest + "code 0\n");
        EXPECT_EQ(upgrade("wss://" + name + ":9443/websocket"), std::string("101\n") + who + rest);
    }
    for (const auto* origin : {&api_, &open_}) {
        for (const auto& request : origin->requests()) EXPECT_EQ(request["version"], "2.0");
        EXPECT_EQ(origin->requests().size(), 3u);
    }
    const auto log = guard_.access_log(8);
    ASSERT_EQ(log.size(), 8u);
    for (const auto& line : log) EXPECT_EQ(line["verdict"], "allow");
}

TEST_F(Http2WebSocket, R14_TheCredentialComesBackInNoMessage) {
    connect_to("api.acme.example");
    for (const char* url : {"https://api.acme.example/websocket?reflect", "https://api.acme.example:9443/websocket?reflect"}) {
        EXPECT_THAT(talk(url, {"bye"}), AllOf(HasSubstr("status 200\n"), HasSubstr("it is ***"))) << url;
    }
    EXPECT_THAT(upgrade("wss://api.acme.example:9443/websocket?reflect"), AllOf(HasSubstr("101\n"), HasSubstr("it is ***")));
}

TEST_F(Http2WebSocket, P6_OnlyTheRightAnswerOpensTheStream) {
    connect_to("api.acme.example");
    EXPECT_THAT(talk("https://staging.acme.example/websocket"), HasSubstr("status 403\n"));
    EXPECT_THAT(world().received("staging.acme.example"), IsEmpty());
    for (const char* kind : {"no-accept", "wrong-accept", "other-upgrade", "no-connection", "bare-lf"}) {
        EXPECT_THAT(talk(std::string("https://api.acme.example/websocket?answer=") + kind), AllOf(HasSubstr("status 502\n"), Not(HasSubstr("hi\n"))))
            << kind;
    }
    EXPECT_THAT(talk("https://api.acme.example/websocket?answer=426"), HasSubstr("status 426\n"));
    EXPECT_THAT(talk("https://api.acme.example:9443/refuse"), HasSubstr("status 403\n"));
    EXPECT_THAT(upgrade("wss://api.acme.example:9443/refuse"), testing::StartsWith("403\n"));
    EXPECT_EQ(guard_.access_log(10).size(), 10u);
}

}  // namespace
}  // namespace sallyport::integration
