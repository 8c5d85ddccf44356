// Credentials over HTTP/2, in every pairing with HTTP/1.1: in goes the policy's, out comes none, and what is taken away is taken from the
// streams it concerns.
#include <gmock/gmock.h>

#include <filesystem>

#include "files.h"
#include "http2_origin.h"
#include "leak.h"
#include "served.h"

namespace sallyport::integration {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kRules = R"(
      - { name: post, host: api.acme.example, port: 9443, methods: [POST], credential: other }
      - { name: api, host: api.acme.example, port: [443, 9443], credential: token }
      - { name: bearer, host: open.acme.example, port: [443, 9443], credential: bearer }
)";

const std::string kNodeClient = SALLYPORT_SOURCE_DIR "/tests/integration/clients/http2_node.js";

class Http2Credentials : public IntegrationTest {};

std::size_t count(const std::string& text, const std::string& word) {
    std::size_t found = 0;
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
    return found;
}

TEST_F(Http2Credentials, ThePolicysReplacesTheSandboxesOwnInEveryPairing) {
    Guard guard(policy(kRules));
    Http2Origin api("api.acme.example", "203.0.113.10"), open("open.acme.example", "203.0.113.11", "h2");
    const std::string own = "own-of-the-sandbox";
    for (const char* option : {"--http2", "--http1.1"}) {
        for (const char* url : {"https://api.acme.example:9443/echo", "https://api.acme.example/echo", "https://open.acme.example:9443/echo",
                                "https://open.acme.example/echo"}) {
            const std::string field = std::string(url).find("open") != std::string::npos ? "Authorization: Bearer " : "X-Auth-Token: ";
            const Finished curl = guard.curl({option, "-H", field + own, url});
            EXPECT_THAT(curl.out, testing::AnyOf(HasSubstr("\"who\":\"token\""), HasSubstr("\"authorised\": true"))) << option << url << curl.err;
            EXPECT_THAT(leaks_in(curl.all()), IsEmpty());
        }
    }
    for (const auto& request : api.requests()) EXPECT_EQ(count(request["fields"], "x-auth-token"), 1u) << request["fields"];
    for (const auto& request : open.requests()) EXPECT_EQ(count(request["fields"], "authorization"), 1u) << request["fields"];
    EXPECT_THAT(seen_by("api.acme.example") + seen_by("open.acme.example"), Not(HasSubstr(own)));
    const auto log = guard.access_log(8);
    EXPECT_EQ(log.size(), 8u);
    for (const auto& line : log) EXPECT_EQ(line["credential"], line["host"] == "api.acme.example" ? "token" : "bearer");
}

TEST_F(Http2Credentials, TwoToOneOriginHaveConnectionsOfTheirOwn) {
    Guard guard(policy(kRules));
    Http2Origin origin("api.acme.example", "203.0.113.10");
    EXPECT_EQ(guard.run({"node", kNodeClient, "many", "https://api.acme.example:9443", "60"}).out, "right 60 connections 2\n");
    std::map<std::string, std::set<std::string>> who_of;
    for (const auto& request : origin.requests()) {
        who_of[request["connection"]].insert(request["who"]);
        EXPECT_EQ(request["who"], request["method"] == "POST" ? "other" : "token");
    }
    for (const auto& [connection, who] : who_of) EXPECT_EQ(who.size(), 1u) << connection;
}

// Streams of one connection, each under a rule of its own.
TEST_F(Http2Credentials, P20_WhatIsTakenAwayIsCutAndTheConnectionsOtherStreamsGoOn) {
    const std::string secret = world().path("secrets/") + world().fresh("revoked");
    write_file(secret, kSecret);
    const auto deployment = [&](const std::string& rules) {
        return policy(rules, "{ file: " + secret + " }") + "sandboxes:\n  one: { policy: agent }\n";
    };
    const auto rule = [](const std::string& gate, const std::string& more) {
        return "      - { name: " + gate + ", host: open.acme.example, port: 9443, query: { gate: " + gate + " }" + more + " }\n";
    };
    const std::string kept = rule("kept", "") + rule("revoked", ", credential: token");
    Http2Origin origin("open.acme.example", "203.0.113.11");
    Served served(deployment(kept + rule("denied", "")));
    for (const char* gate : {"kept", "revoked", "denied"}) world().make_gate(gate);
    Process client = served.start_in("one", {.argv = {"node", kNodeClient, "watch", "https://open.acme.example:9443", "/slow?gate=kept",
                                                      "/slow?gate=revoked", "/slow?gate=denied"}});
    for (const char* gate : {"kept", "revoked", "denied"}) {
        ASSERT_TRUE(wait_for_text(client.out_path(), std::string("data /slow?gate=") + gate + " half")) << client.out() << client.err();
    }
    const auto expect_cut = [&](const std::string& gate) {
        const std::string end = "end /slow?gate=" + gate + " 200 ";
        ASSERT_TRUE(wait_for_text(client.out_path(), end)) << gate << client.out() << served.messages();
        EXPECT_THAT(client.out(), AllOf(Not(HasSubstr(end + "0 ")), Not(HasSubstr("end /slow?gate=kept"))));
    };
    served.rewrite("policy.yaml", deployment(kept));
    expect_cut("denied");
    EXPECT_THAT(client.out(), Not(HasSubstr("end /slow?gate=revoked")));
    std::filesystem::remove(secret);
    expect_cut("revoked");
    world().open_gate("kept");
    EXPECT_EQ(client.wait(), 0) << client.err();
    EXPECT_THAT(client.out(), HasSubstr("end /slow?gate=kept 200 0 half more"));
    for (const char* gate : {"revoked", "denied"}) world().open_gate(gate);
    EXPECT_EQ(served.access_log(3).size(), 3u);
}

}  // namespace
}  // namespace sallyport::integration
