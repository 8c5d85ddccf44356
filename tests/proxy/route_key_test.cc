#include "proxy/route_key.h"

#include "tests/proxy/gate_fixture.h"

namespace sallyport::proxy {
namespace {

class RouteKeyTest : public GateTest {
protected:
    UpstreamKey key_for(const std::string& host) {
        const ConnectionTarget target{http::Scheme::https, host, false, {}, 443};
        const auto& snapshot = *egress->snapshot();
        const rules::Decision route = snapshot.route(target.scheme, target.host, target.is_address, target.port);
        EXPECT_EQ(route.verdict, rules::Verdict::allow);
        return key_of_route(target, snapshot, route);
    }
};

TEST_F(RouteKeyTest, IsForAnyCredentialButAClientCertificate) {
    start("version: 1\nsecrets: { token: { env: GATE_TEST_SECRET } }\n"
          "credentials:\n  one: { type: bearer, secret: token }\n"
          "policies: { p: { rules: [ { host: plain.example, cidr: 127.0.0.0/8 }, { host: with.example, credential: one } ] } }\n");
    const UpstreamKey plain = key_for("plain.example");
    EXPECT_EQ(plain.host, "plain.example");
    EXPECT_EQ(plain.port, 443);
    EXPECT_EQ(plain.generation, Generation{1});
    EXPECT_EQ(plain.credential_index, kAnyCredential);
    ASSERT_NE(plain.granted_networks, nullptr);
    EXPECT_EQ(*plain.granted_networks, std::vector<std::string>{"127.0.0.0/8"});
    EXPECT_FALSE(plain.needs_http1);
    EXPECT_EQ(key_for("with.example").credential_index, kAnyCredential);
    EXPECT_EQ(key_for("with.example").client_certificate, nullptr);
}

}  // namespace
}  // namespace sallyport::proxy
