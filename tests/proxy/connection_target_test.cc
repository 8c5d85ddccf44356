#include "proxy/connection_target.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

ConnectionTarget named(std::string host) {
    ConnectionTarget target;
    target.host = std::move(host);
    return target;
}

ConnectionTarget at(std::string literal) {
    ConnectionTarget target;
    target.address_literal = std::move(literal);
    return target;
}

net::ClientHello hello(std::string name) {
    net::ClientHello hello;
    hello.server_name = std::move(name);
    return hello;
}

ErrorCode code_of(const Result<void>& result) { return result ? ErrorCode::internal : result.error().code; }

TEST(ConnectionTarget, TheServerNameMustBeTheNameThatTheAddressStandsFor) {
    for (const char* same : {"vcs.example", "VCS.Example", "vcs.example.", ""}) {
        ConnectionTarget target = named("vcs.example");
        EXPECT_TRUE(apply_server_name(hello(same), target)) << same;
        EXPECT_EQ(target.host, "vcs.example");
        EXPECT_FALSE(target.is_address);
    }
    for (const char* other : {"other.example", "a.vcs.example", "203.0.113.1"}) {
        ConnectionTarget target = named("vcs.example");
        EXPECT_EQ(code_of(apply_server_name(hello(other), target)), ErrorCode::misdirected) << other;
    }
    ConnectionTarget target = named("vcs.example");
    EXPECT_EQ(code_of(apply_server_name(hello("a b"), target)), ErrorCode::tls_client_hello);
}

TEST(ConnectionTarget, ARealAddressIsNamedByTheServerNameOrIsALiteral) {
    ConnectionTarget by_name = at("203.0.113.1");
    ASSERT_TRUE(apply_server_name(hello("vcs.example"), by_name));
    EXPECT_EQ(by_name.host, "vcs.example");
    EXPECT_FALSE(by_name.is_address);
    for (const char* none : {"", "203.0.113.1"}) {
        ConnectionTarget literal = at("203.0.113.1");
        ASSERT_TRUE(apply_server_name(hello(none), literal)) << none;
        EXPECT_EQ(literal.host, "203.0.113.1");
        EXPECT_TRUE(literal.is_address);
    }
    ConnectionTarget other = at("203.0.113.1");
    EXPECT_EQ(code_of(apply_server_name(hello("203.0.113.2"), other)), ErrorCode::misdirected);
}

// D1: what goes through unread is told apart by its server name alone.
TEST(ConnectionTarget, D1_PassthroughWantsAServerNameThatIsNotHidden) {
    EXPECT_TRUE(check_passthrough(hello("vcs.example"), named("vcs.example")));
    EXPECT_EQ(code_of(check_passthrough(hello(""), named("vcs.example"))), ErrorCode::misdirected);
    net::ClientHello encrypted = hello("vcs.example");
    encrypted.has_ech = true;
    EXPECT_EQ(code_of(check_passthrough(encrypted, named("vcs.example"))), ErrorCode::not_intercepted);
    ConnectionTarget literal = at("203.0.113.1");
    ASSERT_TRUE(apply_server_name(hello(""), literal));
    EXPECT_TRUE(check_passthrough(hello(""), literal));
}

}  // namespace
}  // namespace sallyport::proxy
