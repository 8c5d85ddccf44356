// A handler service in another language: the example in Python, with the gate's side of the protocol spoken in bytes.
#include <signal.h>

#include "sandbox/handler_sockets.h"
#include "tests/sandbox/handlers.h"

namespace sallyport::sandbox {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PythonService : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_ROOT();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::execl("/usr/bin/python3", "python3", SALLYPORT_SOURCE_DIR "/examples/handlers/python_handler.py", path_.c_str(), nullptr);
            ::_exit(127);
        }
        for (int i = 0; i < kPatienceMs / 10 && !connect_unix(path_); ++i) ::poll(nullptr, 0, 10);
        auto launcher = Launcher::start();
        ASSERT_OK(launcher);
        launcher_.emplace(std::move(*launcher));
        ASSERT_OK(launcher_->allow_handler_sockets({path_}, directory_.path() + "/fetches"));
        ASSERT_OK(launcher_->seal(std::nullopt));
        auto process = launcher_->start_handler({"box", "", "", 0, path_});
        ASSERT_OK(process);
        process_ = std::move(*process);
    }
    void TearDown() override {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    Peer call(const std::string& method, const std::string& handler, const std::string& fields, const std::string& body = "") {
        auto connection = launcher_->connect_handler("box");
        EXPECT_TRUE(connection.has_value());
        if (!connection) return {};
        Peer peer(std::move(*connection));
        peer.send(method + " https://my-internal-vcs.dev/repos?q=1 HTTP/1.1\r\nHost: my-internal-vcs.dev\r\n" + fields +
                  "X-Sallyport-Call: 0123\r\nX-Sallyport-Fetch: " + process_.fetch_path + "\r\nX-Sallyport-Handler: " + handler +
                  "\r\nX-Sallyport-Env: " + base64(R"({"SECRET":"canary"})") + "\r\nX-Sallyport-Context: " +
                  base64(R"({"sandboxId":"box"})") + "\r\n\r\n" + body);
        return peer;
    }
    Peer accept_fetch() { return Peer(accept_one(process_.fetches)); }

    ScratchDir directory_;
    std::string path_ = directory_.path() + "/service.sock";
    pid_t pid_ = -1;
    std::optional<Launcher> launcher_;
    HandlerProcess process_;
};

TEST_F(PythonService, SendsRequestsOnAndAnswersOthers) {
    Peer client = call("GET", "rule read_only", "");
    Peer fetch = accept_fetch();
    const std::string head = fetch.read_head();
    EXPECT_THAT(head, StartsWith("GET https://my-internal-vcs.dev/repos?q=1 HTTP/1.1\r\n"));
    for (const char* field : {"X-Auth-Token: canary", "X-Sallyport-Call: 0123", "Host: my-internal-vcs.dev"}) {
        EXPECT_TRUE(has_field(head, field)) << head;
    }
    EXPECT_THAT(head, Not(HasSubstr("X-Sallyport-Env")));
    fetch.send("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Sallyport-Error: threw\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_THAT(client.read_head(), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"),
                                          Not(HasSubstr("allyport"))));
    EXPECT_EQ(client.read_bytes(2), "ok");
    EXPECT_THAT(call("DELETE", "rule read_only", "").read_to("box\n"), AllOf(StartsWith("HTTP/1.1 403"), EndsWith("read only: asked by box\n")));
    EXPECT_THAT(call("GET", "rule nope", "").read_to_end(), HasSubstr("X-Sallyport-Error: missing"));
}

TEST_F(PythonService, StreamsBothWays) {
    Peer client = call("POST", "named vcs", "Transfer-Encoding: chunked\r\n");
    Peer fetch = accept_fetch();
    EXPECT_THAT(fetch.read_head(), HasSubstr("Transfer-Encoding: chunked"));
    client.send("3\r\none\r\n");
    EXPECT_EQ(fetch.read_chunk(), "one");
    fetch.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
    EXPECT_THAT(client.read_head(), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(client.read_chunk(), "first");
    client.send("3\r\ntwo\r\n0\r\n\r\n");
    EXPECT_EQ(fetch.read_chunk(), "two");
    EXPECT_EQ(fetch.read_chunk(), "");
    fetch.send("4\r\nlast\r\n0\r\n\r\n");
    EXPECT_EQ(client.read_chunk(), "last");
    EXPECT_EQ(client.read_chunk(), "");
}

TEST_F(PythonService, PassesAWebSocketThrough) {
    Peer client = call("GET", "rule vcs", "Connection: Upgrade\r\nUpgrade: websocket\r\n");
    Peer fetch = accept_fetch();
    EXPECT_THAT(fetch.read_head(), HasSubstr("Upgrade: websocket\r\n"));
    fetch.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: abc\r\n\r\nearly");
    EXPECT_THAT(client.read_head(), AllOf(StartsWith("HTTP/1.1 101"), HasSubstr("Sec-WebSocket-Accept: abc\r\n")));
    EXPECT_EQ(client.read_bytes(5), "early");
    client.send("up");
    EXPECT_EQ(fetch.read_bytes(2), "up");
    fetch.send("down");
    EXPECT_EQ(client.read_bytes(4), "down");
    client.close();
    EXPECT_EQ(fetch.read_to_end(), "");
}

}  // namespace
}  // namespace sallyport::sandbox
