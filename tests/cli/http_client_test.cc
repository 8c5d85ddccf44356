#include "cli/http_client.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>

#include "sandbox/confine.h"
#include "tests/cli/https_server.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

constexpr const char* kMarker = "mArKeR-6b0e";

class HttpClientTest : public ScratchTest {
protected:
    // Names are those of a hosts file of the test's own.
    HttpClientOptions options(const std::string& hosts = "127.0.0.1 store.example other.example\n") const {
        HttpClientOptions made;
        made.resolver.hosts_path = write("hosts", hosts);
        made.resolver.resolv_conf_path = write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
        made.resolver.timeout = std::chrono::milliseconds(200);
        return made;
    }
    secrets::HttpRequest request(const std::string& url, const HttpsServer& server) const {
        secrets::HttpRequest made;
        made.url = url;
        made.ca_file = write("ca.pem", server.ca_pem());
        return made;
    }
    static std::string url_of(const HttpsServer& server, const std::string& target = "/") {
        return "https://store.example:" + std::to_string(server.port()) + target;
    }
    // The body, or "!" and the failure.
    std::string send(const secrets::HttpRequest& request) {
        HttpClient client(options());
        const auto reply = client.send(request);
        return reply ? reply->body : "!" + reply.error().detail;
    }
};

TEST_F(HttpClientTest, SendsAsItIsToldAndNothingElse) {
    HttpsServer server([](const auto&) { return http_answer("{}", "201 Created", "X-One:  a b \r\nX-Two:\r\n"); });
    HttpClient client(options());
    auto sent = request(url_of(server, "/v1/kv?version=2"), server);
    sent.method = "POST";
    sent.fields = {{"X-Vault-Token", kMarker}, {"X-Empty", ""}, {"Content-Type", "application/json"}};
    sent.body = "{\"a\":1}";
    const auto reply = client.send(sent);
    ASSERT_TRUE(reply) << reply.error().detail;
    EXPECT_EQ(reply->status, 201);
    EXPECT_EQ(reply->body, "{}");
    EXPECT_EQ(reply->fields, (secrets::HttpFields{{"content-length", "2"}, {"x-one", "a b"}, {"x-two", ""}}));
    EXPECT_EQ(server.requests().front(), "POST /v1/kv?version=2 HTTP/1.1\r\nHost: store.example:" +
                                             std::to_string(server.port()) + "\r\nAccept: */*\r\nX-Vault-Token: " + kMarker +
                                             "\r\nX-Empty:\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n" +
                                             "{\"a\":1}");
}

TEST_F(HttpClientTest, AnyStatusIsAReplyAndNoRedirectIsFollowed) {
    HttpsServer server([](const auto&) { return http_answer("", "302 Found", "Location: https://other.example/\r\n"); });
    HttpClient client(options());
    const auto reply = client.send(request(url_of(server), server));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 302);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, VerifiesTheCertificateAndItsName) {
    HttpsServer server([](const auto&) { return http_answer("never"); });
    auto unknown = request(url_of(server), server);
    unknown.ca_file.clear();
    EXPECT_NE(send(unknown).find("SSL certificate problem"), std::string::npos);
    const auto other = request("https://other.example:" + std::to_string(server.port()), server);
    EXPECT_NE(send(other).find("no alternative certificate subject name matches"), std::string::npos);
    EXPECT_TRUE(server.requests().empty());
    HttpClientOptions with_ca = options();
    with_ca.upstream_ca_files = {write("upstream.pem", server.ca_pem())};
    HttpClient client(with_ca);
    const auto trusted = client.send(unknown);
    EXPECT_TRUE(trusted) << trusted.error().detail;
}

TEST_F(HttpClientTest, SpeaksInTheClearOnlyWhereItIsToldTo) {
    HttpsServer server([](const auto&) { return http_answer("clear"); }, HttpsServer::Tls::off);
    auto sent = request("http://127.0.0.1:" + std::to_string(server.port()), server);
    EXPECT_EQ(send(sent), "!http://127.0.0.1:" + std::to_string(server.port()) + ": not in the clear");
    EXPECT_EQ(server.connections(), 0);
    sent.allow_cleartext = true;
    EXPECT_EQ(send(sent), "clear");
}

TEST_F(HttpClientTest, X12_NothingOfTheEnvironmentLeadsItElsewhere) {
    HttpsServer server([](const auto&) { return http_answer("here"); });
    HttpsServer proxy([](const auto&) { return http_answer("proxy"); }, HttpsServer::Tls::off);
    const std::string address = "http://127.0.0.1:" + std::to_string(proxy.port());
    for (const char* name : {"https_proxy", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"}) setenv(name, address.c_str(), 1);
    setenv("HOME", directory.c_str(), 1);
    write(".netrc", "default login user password wrong\n");
    EXPECT_EQ(send(request(url_of(server), server)), "here");
    EXPECT_EQ(server.requests().front().find("Authorization"), std::string::npos);
    EXPECT_EQ(proxy.connections(), 0);
    for (const char* name : {"https_proxy", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"}) unsetenv(name);
}

TEST_F(HttpClientTest, X12_ANameThatLeadsToAMetadataServiceIsRefused) {
    for (const std::string address : {"169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "0.0.0.0",
                                      "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "224.0.0.1", "::"}) {
        HttpClient client(options("127.0.0.1 store.example\n" + address + " store.example\n"));
        secrets::HttpRequest sent;
        sent.url = "https://store.example/";
        const auto reply = client.send(sent);
        ASSERT_FALSE(reply) << address;
        EXPECT_TRUE(reply.error().detail.ends_with("is no address of a store")) << address << reply.error().detail;
    }
}

TEST_F(HttpClientTest, X12_PrivateAddressesAreRefusedWhereTheRequestSaysSo) {
    HttpsServer server([](const auto&) { return http_answer("here"); });
    auto sent = request(url_of(server), server);
    sent.allow_private = false;
    EXPECT_EQ(send(sent), "!https://store.example:" + std::to_string(server.port()) + ": 127.0.0.1 is a private address");
    sent.url = "https://127.0.0.1:" + std::to_string(server.port());
    EXPECT_TRUE(send(sent).ends_with("is a private address"));
    EXPECT_EQ(server.connections(), 0);
    sent.allow_private = true;
    EXPECT_EQ(send(sent), "here");
}

TEST_F(HttpClientTest, X12_AnUrlThatLeadsElsewhereIsRefused) {
    for (const std::string url : {"https://store.example/a/../b", "https://store.example/%2e%2E/b", "https://store.example/a/.",
                                  "https://store.example/.%2e", "https://user@store.example/", "https://store.example/#a",
                                  "https://store.example/a\r\nb", "https://store.example/a b", "file:///etc/passwd",
                                  "gopher://store.example/", "https://store.example\\@other.example/", "https:///a", ""}) {
        EXPECT_FALSE(parse_store_url(url)) << url;
    }
    const auto parsed = parse_store_url("https://STORE.example.:8200/v1/a%2Fb?x=../y");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->origin + parsed->target, "https://store.example:8200/v1/a%2Fb?x=../y");
    EXPECT_EQ(parse_store_url("https://store.example?x=1")->target, "/?x=1");
}

TEST_F(HttpClientTest, X12_AValueCannotAddAHeader) {
    HttpsServer server([](const auto&) { return http_answer("never"); });
    for (const std::pair<std::string, std::string>& field :
         {std::pair<std::string, std::string>{"X-Token", "a\r\nX-Evil: 1"}, {"X-Token\r\nX-Evil", "a"}, {"X-Token", "a\nb"},
          {"X-Token", std::string("a\0b", 3)}, {"", "a"}}) {
        auto sent = request(url_of(server), server);
        sent.fields = {field};
        EXPECT_EQ(send(sent), "!a header of the request would hold a line end");
    }
    auto sent = request(url_of(server), server);
    sent.method = "GET / HTTP/1.1\r\nX-Evil:";
    EXPECT_EQ(send(sent), "!not a method");
    EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpClientTest, AnAnswerHasABound) {
    HttpsServer server([](const std::string& request) {
        if (request.starts_with("GET /header")) return http_answer("", "200 OK", "X: " + std::string(90'000, 'x') + "\r\n");
        return http_answer(std::string(secrets::kReplyBytesMax + (request.starts_with("GET /more") ? 1 : 0), 'x'));
    });
    EXPECT_EQ(send(request(url_of(server), server)).size(), secrets::kReplyBytesMax);
    EXPECT_TRUE(send(request(url_of(server, "/more"), server)).ends_with("the answer is over 1 MiB"));
    EXPECT_TRUE(send(request(url_of(server, "/header"), server)).starts_with("!"));
}

TEST_F(HttpClientTest, FailuresSayWhereAndNothingOfWhatWasSent) {
    HttpsServer server([](const auto&) { return std::string(); });
    auto sent = request(url_of(server, "/" + std::string(kMarker)), server);
    sent.fields = {{"X-Vault-Token", kMarker}};
    const std::string said = send(sent);
    EXPECT_TRUE(said.starts_with("!https://store.example:" + std::to_string(server.port()) + ": ")) << said;
    EXPECT_EQ(said.find(kMarker), std::string::npos);
    sent.url = "https://nowhere.example/" + std::string(kMarker);
    const std::string lost = send(sent);
    EXPECT_TRUE(lost.starts_with("!nowhere.example: ")) << lost;
    EXPECT_EQ(lost.find(kMarker), std::string::npos);
}

TEST_F(HttpClientTest, EndsWhenItIsTold) {
    HttpClient* stopped = nullptr;
    // The store never answers: the daemon has had enough.
    HttpsServer server([&](const auto&) {
        stopped->stop();
        return http_answer("x", "100 Continue");
    });
    HttpClient client(options());
    stopped = &client;
    auto sent = request(url_of(server), server);
    EXPECT_FALSE(client.send(sent));
    EXPECT_EQ(client.send(sent).error().detail, "the daemon ends");
}

TEST_F(HttpClientTest, WorksInAConfinedDaemon) {
    HttpsServer server([](const auto&) { return http_answer("confined"); });
    const auto sent = request(url_of(server), server);
    HttpClient client(options());
    const pid_t child = fork();
    if (child == 0) {
        if (!sandbox::confine_this_process({})) _exit(100);
        const auto reply = client.send(sent);
        if (!reply) (void)!::write(STDERR_FILENO, reply.error().detail.data(), reply.error().detail.size());
        // As the daemon does it: not on the main thread.
        std::string from_thread;
        std::thread([&] {
            if (const auto again = client.send(sent)) from_thread = again->body;
        }).join();
        _exit(reply && reply->body == "confined" && from_thread == "confined" ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace sallyport::cli
