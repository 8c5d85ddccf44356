#include "proxy/dns_connection.h"

#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {
namespace {

constexpr const char* kPolicy = "version: 1\npolicies: { p: { default: deny } }\n";
// A query for the A record of "a.b", behind its length.
const std::string kQuery("\0\x15\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01" "a\x01" "b\0\0\1\0\1", 23);

class DnsConnectionTest : public GateTest {};

TEST_F(DnsConnectionTest, AnswersSeveralQueriesInAnyPieces) {
    start(kPolicy);
    TestClient& client = connect("9.9.9.9", 53);
    const std::string both = kQuery + kQuery;
    for (std::size_t at = 0; at < both.size(); at += 5) client.send(both.substr(at, 5));
    const std::size_t answer_bytes = kQuery.size() + 16;
    run_until([&] { return client.received.size() == 2 * answer_bytes; });
    EXPECT_EQ(client.received.substr(0, answer_bytes), client.received.substr(answer_bytes));
}

// X15: what is not answered yet is not piled up.
TEST_F(DnsConnectionTest, X15_AFloodOfQueriesIsAnsweredToTheLastOne) {
    start(kPolicy);
    TestClient& client = connect("9.9.9.9", 53);
    constexpr std::size_t kQueries = 40'000;
    std::string flood;
    for (std::size_t i = 0; i < kQueries; ++i) flood += kQuery;
    client.send(flood);
    run_until([&] { return client.received.size() == kQueries * (kQuery.size() + 16); });
}

TEST_F(DnsConnectionTest, EndsWithItsClient) {
    start(kPolicy);
    TestClient& client = connect("9.9.9.9", 53);
    client.send(kQuery.substr(0, 3));
    client.half_close();
    run_until([&] { return client.closed; });
    EXPECT_EQ(client.received, "");
}

TEST_F(DnsConnectionTest, P24_AQueryThatDoesNotComeIsGivenUp) {
    Deadlines deadlines;
    deadlines.greeting = milliseconds(20);
    start(kPolicy, deadlines);
    TestClient& client = connect("9.9.9.9", 53);
    run_until([&] { return client.closed; });
}

}  // namespace
}  // namespace sallyport::proxy
