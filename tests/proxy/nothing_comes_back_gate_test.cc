// As nothing_comes_back_test.cc, but through the whole gate: a client, an origin, and all that stands between them. 300 cases;
// SALLYPORT_GATE_CASES asks for more.
#include <gtest/gtest.h>

#include <cstdlib>

#include "proxy/websocket.h"
#include "tests/proxy/gate_fixture.h"
#include "tests/proxy/random_response.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 section 1.3

std::size_t cases() {
    const char* asked = std::getenv("SALLYPORT_GATE_CASES");
    return asked == nullptr ? 300 : std::strtoul(asked, nullptr, 10);
}

class NothingComesBackGateTest : public GateTest {
protected:
    // A secret that is one credential's value and another one's password.
    void start_with(Random& random) {
        secrets_ = rules::random_secrets(random);
        secrets_.values.resize(1);
        const std::string pair = rules::base64("user:" + secrets_.values[0]);
        secrets_.rendered = {pair.substr(0, pair.find_last_not_of('=') + 1)};
        setenv("GATE_TEST_RANDOM", secrets_.values[0].c_str(), 1);
        start(kPolicy);
        secrets_.needles = egress->snapshot()->needles();
    }

    // What becomes of the origin's bytes, after which it ends the connection.
    std::string exchange(const std::string& request, const std::string& wire) {
        origin.responses = {wire + "<close>"};
        TestClient& client = connect();
        client.send(with_port(request));
        run_until([&] { return client.closed; });
        // Their descriptors are not needed any more.
        for (const auto& connection : origin.connections) connection->peer.reset();
        origin.connections.clear();
        const std::string received = client.received;
        client.break_off();
        return received;
    }

    Secrets secrets_;

private:
    static constexpr const char* kPolicy = R"(
version: 1
secrets: { random: { env: GATE_TEST_RANDOM } }
credentials:
  key: { type: header, name: X-Key, value: "${secrets.random}" }
  pair: { type: basic, username: user, password: "${secrets.random}" }
policies:
  p:
    rules:
      - { host: vcs.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, credential: key, cookies: pass,
          allow_cleartext_credential: true }
      - { host: other.example, port: @PORT@, scheme: http, cidr: 127.0.0.0/8, credential: pair,
          allow_cleartext_credential: true }
)";
};

TEST_F(NothingComesBackGateTest, R1R2R3R5R8_OfASecretInAnyResponse) {
    Random random(301);
    start_with(random);
    const Search search(secrets_);
    for (std::size_t i = 0; i < cases(); ++i) {
        const Response response = random_response(random, secrets_);
        const std::string out =
            exchange("GET / HTTP/1.1\r\nHost: vcs.example:@PORT@\r\nConnection: close\r\n\r\n", response.wire);
        const SeenResponse seen = ResponseReader::read(out);
        ASSERT_EQ(seen.body, response.expected.body) << "case " << i;
        ASSERT_EQ(seen.interim, response.expected.interim) << "case " << i;
        ASSERT_EQ(seen.reason, response.expected.reason) << "case " << i;
        ASSERT_EQ(seen.trailers, response.expected.trailers) << "case " << i;
        for (const auto& field : response.expected.fields) {
            ASSERT_NE(std::find(seen.fields.begin(), seen.fields.end(), field), seen.fields.end()) << field.first;
        }
        ASSERT_EQ(search.find_in(out), "") << "case " << i;
        ASSERT_EQ(search.find_in(seen.body), "") << "case " << i;
    }
}

TEST_F(NothingComesBackGateTest, R6_ThatASecretIsShownInPartsIsLogged) {
    Random random(303);
    start_with(random);
    const std::string& secret = secrets_.values[0];
    const std::string half = secret.substr(0, secret.size() / 2 + 1);
    exchange("GET / HTTP/1.1\r\nHost: vcs.example:@PORT@\r\nConnection: close\r\n\r\n",
             "HTTP/1.1 200 OK\r\nX-Part: " + half + "|\r\n\r\n" + half + "|");
    run_until_logged(1);
    EXPECT_NE(log_lines()[0].find("\"secret_parts\":2"), std::string::npos) << log_lines()[0];
}

TEST_F(NothingComesBackGateTest, R14_OfASecretInAnyMessageOfAWebSocket) {
    Random random(302);
    start_with(random);
    const Search search(secrets_);
    const std::string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: " + websocket_accept(kKey) + "\r\n\r\n";
    const std::string request = "GET / HTTP/1.1\r\nHost: vcs.example:@PORT@\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + std::string(kKey) + "\r\n\r\n";
    const auto messages_of = [](const std::string& received) {
        const auto end = received.find("\r\n\r\n");
        return end == received.npos ? std::vector<std::string>() : http::read_messages(std::string_view(received).substr(end + 4));
    };
    for (std::size_t i = 0; i < cases() / 3; ++i) {
        const Messages messages = random_messages(random, secrets_);
        const std::string out = exchange(request, answer + messages.wire);
        ASSERT_EQ(messages_of(out), messages.expected) << "case " << i;
        ASSERT_EQ(search.find_in(out), "") << "case " << i;
    }
}

}  // namespace
}  // namespace sallyport::proxy
