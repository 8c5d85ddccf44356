// The world itself, without the proxy: a test that passes because its origin is down proves nothing.
#include "world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "leak.h"

namespace sallyport::integration {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string curl(std::vector<std::string> arguments) {
    auto& world = World::get();
    arguments.insert(arguments.begin(), {"curl", "-sS", "--cacert", world.path("root.pem")});
    Process process = world.start({.argv = arguments});
    process.wait();
    return process.out() + process.err();
}

TEST(World, ServesPagesWithItsOwnCertificatesAndNames) {
    EXPECT_THAT(curl({"https://api.acme.example/echo"}), HasSubstr("\"method\": \"GET\""));
    EXPECT_THAT(curl({"http://open.acme.example/echo"}), HasSubstr("\"scheme\": \"http\""));
    EXPECT_THAT(curl({"https://v6.acme.example/echo"}), HasSubstr("\"method\": \"GET\""));
    EXPECT_THAT(World::get().all_received("api.acme.example"),
                HasSubstr("GET /echo HTTP/1.1\r\nHost: api.acme.example\r\n"));
    EXPECT_THAT(World::get().dns_questions(), Contains("api.acme.example A"));
}

TEST(World, CountsWhatReachesTheInternet) {
    curl({"http://203.0.113.66/"});
    Network::command(
        -1, {"/usr/bin/python3", "-c",
             "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('203.0.113.66', 443))"});
    auto reached = World::get().network().reached();
    EXPECT_THAT(reached, Contains("203.0.113.66 tcp 80"));
    EXPECT_THAT(reached, Contains("203.0.113.66 udp 443"));
    EXPECT_THAT(reached, Not(Contains("203.0.113.66 tcp 443")));
}

TEST(World, HasOriginsWithBadCertificates) {
    for (const char* name : {"expired", "tomorrow", "selfsigned", "unknownroot", "wrongname"}) {
        EXPECT_THAT(curl({std::string("https://") + name + ".example/echo"}), HasSubstr("SSL")) << name;
    }
    EXPECT_THAT(curl({"https://tls12.example/echo"}), HasSubstr("\"method\": \"GET\""));
    EXPECT_THAT(curl({"--tlsv1.3", "https://tls12.example/echo"}), HasSubstr("protocol version"));
}

TEST(World, WantsTheTokenWhereItSaysSo) {
    std::string token(kSecret);
    EXPECT_THAT(curl({"https://api.acme.example/private"}), HasSubstr("who are you"));
    EXPECT_THAT(curl({"-H", "X-Auth-Token: " + token, "https://api.acme.example/private"}), HasSubstr("welcome"));
    EXPECT_THAT(curl({"-u", "x-access-token:" + token, "https://api.acme.example/private"}), HasSubstr("welcome"));
}

TEST(World, HoldsAnAnswerBackUntilTheGateOpens) {
    auto& world = World::get();
    world.make_gate("world");
    Process process = world.start({.argv = {"curl", "-sS", "http://open.acme.example/silent?gate=world"}});
    world.open_gate("world");
    EXPECT_EQ(process.wait(), 0);
    EXPECT_EQ(process.out(), "at last\n");
}

TEST(World, FindsTheSecretInEveryEncoding) {
    EXPECT_THAT(leaks_in("nothing here"), IsEmpty());
    for (const char* encoder :
         {"base64 -w0", "sed 's/^/a/' | base64 -w0", "sed 's/^/ab/' | base64 -w0", "od -An -v -tx1 | tr -d ' \\n'"}) {
        auto encoded =
            Network::command(-1, {"sh", "-c", "printf '%s' \"$1\" | " + std::string(encoder), "sh", std::string(kSecret)});
        EXPECT_THAT(leaks_in("<" + encoded + ">"), Not(IsEmpty())) << encoder;
    }
}

}  // namespace
}  // namespace sallyport::integration
