#include "net/dns_client.h"

#include <gmock/gmock.h>

#include <optional>

#include "tests/net/fake_name_server.h"

namespace sallyport::net {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

Address at(std::string_view text) { return parse_address(text).value(); }

class DnsClientTest : public testing::Test {
protected:
    Result<DnsRecords> look_up(const std::string& name) {
        std::optional<Result<DnsRecords>> result;
        client->look_up(name, [&](Result<DnsRecords> got) {
            result = std::move(got);
            loop.stop();
        });
        if (!result) loop.run();
        return *result;
    }

    Loop loop;
    FakeNameServer server{loop};
    std::unique_ptr<DnsClient> client = std::make_unique<DnsClient>(
        loop, DnsClient::Options{std::chrono::milliseconds(20000), "/nonexistent/resolv.conf", server.csv()});
};

TEST_F(DnsClientTest, FindsBothFamilies) {
    server.zone["a.example"] = {{at("192.0.2.1"), at("2001:db8::1"), at("192.0.2.2")}};
    const auto records = look_up("a.example");
    ASSERT_TRUE(records.has_value());
    EXPECT_THAT(records->addresses, UnorderedElementsAre(at("192.0.2.1"), at("192.0.2.2"), at("2001:db8::1")));
    EXPECT_EQ(records.value().ttl, seconds(60));
}

TEST_F(DnsClientTest, RemovesDuplicates) {
    server.zone["a.example"] = {{at("192.0.2.1"), at("192.0.2.1")}};
    EXPECT_THAT(look_up("a.example")->addresses, ElementsAre(at("192.0.2.1")));
}

TEST_F(DnsClientTest, TakesTheShortestTtlOnTheWay) {
    server.zone["a.example"] = {.addresses = {at("192.0.2.1")}, .ttl_seconds = 60, .alias = "b.example", .alias_ttl_seconds = 7};
    server.zone["c.example"] = {.addresses = {at("192.0.2.1")}, .ttl_seconds = 5, .alias = "b.example"};
    server.zone["zero.example"] = {.addresses = {at("192.0.2.1")}, .ttl_seconds = 0};
    EXPECT_EQ(look_up("a.example").value().ttl, seconds(7));
    EXPECT_EQ(look_up("c.example").value().ttl, seconds(5));
    EXPECT_EQ(look_up("zero.example").value().ttl, seconds(0));
}

TEST_F(DnsClientTest, SaysWhyThereIsNoAddress) {
    server.zone["empty.example"] = {};
    server.zone["alias.example"] = {.alias = "b.example"};
    server.zone["broken.example"] = {.code = DnsCode::server_failure};
    server.zone["refused.example"] = {.code = DnsCode::refused};
    const struct {
        const char* name;
        ErrorCode code;
    } cases[] = {{"missing.example", ErrorCode::dns_not_found}, {"empty.example", ErrorCode::dns_not_found},
                 {"alias.example", ErrorCode::dns_not_found},   {"broken.example", ErrorCode::dns_failed},
                 {"refused.example", ErrorCode::dns_failed},    {"hidden.onion", ErrorCode::dns_not_found}};
    for (const auto& [name, code] : cases) {
        const auto records = look_up(name);
        ASSERT_FALSE(records.has_value()) << name;
        EXPECT_EQ(records.error().code, code) << name << records.error().detail;
    }
}

TEST_F(DnsClientTest, AsksAgainWhereAnAnswerIsLost) {
    server.zone["a.example"] = {.is_silent = true};
    client = std::make_unique<DnsClient>(
        loop, DnsClient::Options{std::chrono::milliseconds(50), "/nonexistent/resolv.conf", server.csv()});
    const auto records = look_up("a.example");
    EXPECT_EQ(records.error().code, ErrorCode::dns_failed);
    EXPECT_THAT(server.asked, ElementsAre("a.example", "a.example", "a.example"));
}

TEST_F(DnsClientTest, FailsWhereNobodyListens) {
    std::string nobody;
    {
        FakeNameServer gone(loop);
        nobody = gone.csv();
    }
    client = std::make_unique<DnsClient>(
        loop, DnsClient::Options{std::chrono::milliseconds(50), "/nonexistent/resolv.conf", nobody});
    EXPECT_EQ(look_up("a.example").error().code, ErrorCode::dns_failed);
}

TEST_F(DnsClientTest, FailsWhereItsServersAreNotServers) {
    client = std::make_unique<DnsClient>(
        loop, DnsClient::Options{std::chrono::milliseconds(20000), "/nonexistent/resolv.conf", "not a server"});
    EXPECT_EQ(look_up("a.example").error().code, ErrorCode::dns_failed);
}

TEST_F(DnsClientTest, DoesNotCallBackOnceDestroyed) {
    server.zone["a.example"] = {.is_silent = true};
    client->look_up("a.example", [](const Result<DnsRecords>&) { FAIL(); });
    client.reset();
}

}  // namespace
}  // namespace sallyport::net
