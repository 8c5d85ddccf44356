// Rows D16, P14, P15 and R8 of the threat catalogue over HTTP/2, end to end: what no library sends is sent by clients/http2_hostile.py.
#include <gmock/gmock.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/check.h"
#include "files.h"
#include "guarded.h"
#include "http2_origin.h"
#include "leak.h"
#include "memory.h"

namespace sallyport::integration {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string kRules = R"(
      - { name: api, host: api.acme.example, port: [443, 9443], credential: token }
      - { name: open, host: open.acme.example, port: [443, 9443] }
      - { name: other, host: other.acme.example }
)";

const std::string kClients = SALLYPORT_SOURCE_DIR "/tests/integration/clients/";

class Http2Threats : public IntegrationTest {
protected:
    Guard guard_{policy(kRules)};

    std::vector<std::string> hostile_argv(const std::string& host, const std::vector<std::string>& kinds, const std::string& port = "443") {
        std::vector<std::string> argv = {"/usr/bin/python3", kClients + "http2_hostile.py", host, port};
        argv.insert(argv.end(), kinds.begin(), kinds.end());
        return argv;
    }
    // NAME and what came of it.
    std::map<std::string, std::string> hostile(const std::string& host, const std::vector<std::string>& kinds) {
        const Finished client = guard_.run(hostile_argv(host, kinds));
        EXPECT_EQ(client.err, "");
        std::map<std::string, std::string> outcomes;
        for (const auto& line : lines(client.out)) {
            const std::size_t end = line.rfind(": ");
            EXPECT_TRUE(outcomes.emplace(line.substr(0, end), line.substr(end + 2)).second) << line;
        }
        return outcomes;
    }
    // Whatever became of a request, it has one line.
    std::vector<LogLine> log_without_repeats(std::size_t count) {
        auto log = guard_.access_log(count);
        std::map<std::string, int> lines_of;
        for (const auto& line : log) ++lines_of[line["request_id"]], ++lines_of["target " + line["target"]];
        for (const auto& [what, number] : lines_of) EXPECT_TRUE(number == 1 || what == "target ") << what << ' ' << number;
        return log;
    }
    void expect_service() { EXPECT_EQ(guard_.curl({"--http2", "https://api.acme.example/private"}).out, "welcome\n"); }
};

TEST_F(Http2Threats, D16_EachStreamIsAskedForItsOwnAuthority) {
    const auto said = hostile("api.acme.example", {"other_authorities"});
    const std::map<std::string, std::string> expected = {
        {"api.acme.example", "200"}, {"open.acme.example", "421"},   {"other.acme.example", "421"}, {"denied.example", "421"},
        {"field", "421"},            {"api.acme.example:8443", "421"}, {"203.0.113.11", "421"},     {"api.acme.example again", "200"},
    };
    EXPECT_EQ(said, expected);
    for (const char* host : {"open.acme.example", "other.acme.example", "denied.example"}) {
        EXPECT_THAT(world().received(host), IsEmpty()) << host;
    }
    EXPECT_THAT(seen_by("api.acme.example"), Not(AnyOf(HasSubstr("/echo/for-1"), HasSubstr("/echo/by-field"))));
    std::size_t misdirected = 0;
    for (const auto& line : log_without_repeats(8)) misdirected += line["error"] == "misdirected" && line["status"] == "421";
    EXPECT_EQ(misdirected, 6u);
}

// The leaf is for one name, so that no client takes the connection for another's.
TEST_F(Http2Threats, D16_ClientsOpenAConnectionForEachHost) {
    Http2Origin api("api.acme.example", "203.0.113.10"), open("open.acme.example", "203.0.113.11");
    const Finished curl = guard_.curl({"--http2", "https://api.acme.example:9443/echo/a", "https://open.acme.example:9443/echo/b",
                                       "-w", "%{num_connects}\n", "-o", "/dev/null", "-o", "/dev/null"});
    EXPECT_EQ(curl.out, "1\n1\n") << curl.err;
    EXPECT_EQ(api.targets(), std::set<std::string>({"/echo/a"}));
    EXPECT_EQ(open.targets(), std::set<std::string>({"/echo/b"}));
}

TEST_F(Http2Threats, P14_WhatIsNoRequestReachesNobodyAndTheConnectionGoesOn) {
    const auto said = hostile("open.acme.example", {"malformed"});
    EXPECT_THAT(said, SizeIs(testing::Ge(42u)));
    for (const auto& [name, outcome] : said) {
        if (name == "good") {
            EXPECT_EQ(outcome, "200");
        } else {
            EXPECT_THAT(outcome, AnyOf("400", "421", "reset 1")) << name;
        }
    }
    const std::string received = world().all_received("open.acme.example");
    EXPECT_THAT(received, AllOf(HasSubstr("GET /echo/good HTTP/1.1\r\n"), Not(HasSubstr("malformed")), Not(testing::ContainsRegex("[Ee]vil"))));
    EXPECT_EQ(guard_.access_log(said.size()).size(), said.size());
}

// What was announced is what the origin gets, or less and no end.
TEST_F(Http2Threats, P14_ABodyOfAnotherLengthIsNotTheNextRequest) {
    const auto said = hostile("open.acme.example", {"bodies"});
    EXPECT_THAT(said, SizeIs(5));
    for (const auto& [name, outcome] : said) EXPECT_THAT(outcome, AnyOf("400", "reset 1")) << name;
    EXPECT_THAT(world().all_received("open.acme.example"), Not(HasSubstr("smuggled")));
    EXPECT_EQ(guard_.access_log(5).size(), 5u);
}

TEST_F(Http2Threats, P14_ATunnelIsNotOpenedAndTheOthersGoOn) {
    const auto said = hostile("api.acme.example", {"connect"});
    for (const char* name : {"other", "same", "udp"}) EXPECT_THAT(said.at(name), AnyOf("400", "403", "405", "421", "501", "reset 1")) << name;
    EXPECT_EQ(said.at("after"), "200");
    EXPECT_THAT(world().received("open.acme.example"), IsEmpty());
    EXPECT_THAT(world().all_received("api.acme.example"), Not(HasSubstr("CONNECT")));
    EXPECT_EQ(guard_.access_log(4).size(), 4u);
}

TEST_F(Http2Threats, P14_WhatBreaksTheProtocolEndsItsConnection) {
    const auto said = hostile("open.acme.example", {"broken"});
    EXPECT_THAT(said, SizeIs(testing::Ge(16u)));
    for (const auto& [name, outcome] : said) EXPECT_THAT(outcome, testing::MatchesRegex("goaway [1-9][0-9]* closed")) << name;
    EXPECT_THAT(world().received("open.acme.example"), IsEmpty());
    EXPECT_EQ(hostile("open.acme.example", {"falling_stream"}).at("falling"), "not answered");
    EXPECT_THAT(world().all_received("open.acme.example"), Not(HasSubstr("falling")));
    expect_service();
}

TEST_F(Http2Threats, P15_AHeadThatIsTooLargeIsToldSo) {
    const auto said = hostile("api.acme.example", {"large_head"});
    EXPECT_EQ(said, (std::map<std::string, std::string>{{"large", "431"}, {"many", "431"}, {"after", "200"}}));
    EXPECT_THAT(world().all_received("api.acme.example"), Not(HasSubstr("x-1")));
    EXPECT_EQ(guard_.access_log(3).size(), 3u);
}

// One connection after the other, while another client's is in the middle of something.
TEST_F(Http2Threats, P15_AFloodEndsItsConnectionAndIsFeltByNoOther) {
    world().make_gate("calm");
    Process calm = guard_.start({.argv = {"node", kClients + "http2_node.js", "watch", "https://open.acme.example", "/slow?gate=calm"}});
    ASSERT_TRUE(wait_for_text(calm.out_path(), "half ")) << calm.err();
    PeakMemory peak(guard_.daemon().pid());
    const auto said = hostile("api.acme.example", {"rapid_reset", "rapid_reset_batch", "continuation", "continuation_full", "settings", "ping",
                                                   "priority", "window_update", "empty_data", "unknown_frames", "hpack_bomb"});
    EXPECT_THAT(said, SizeIs(11));
    for (const auto& [name, outcome] : said) EXPECT_EQ(outcome, "goaway 11 closed") << name;
    EXPECT_LT(peak.growth_kib(), 16 * 1024);
    world().open_gate("calm");
    EXPECT_EQ(calm.wait(), 0);
    EXPECT_THAT(calm.out(), HasSubstr("200 0 half more"));
    expect_service();
    // Two rapid resets of at most a budget and what was on its way, and one request of each of four others.
    EXPECT_THAT(log_without_repeats(100), SizeIs(testing::Lt(1000u)));
}

// What 64 streams are sent and do not take waits at the origin, beyond a window each where those share a connection; and what else
// goes over that connection goes on.
TEST_F(Http2Threats, P15_AWindowThatStaysShutKeepsTheBodyAtTheOrigin) {
    Http2Origin origin("open.acme.example", "203.0.113.11");
    EXPECT_EQ(guard_.curl({"--http2", "-o", "/dev/null", "-w", "%{http_version}", "https://open.acme.example:9443/echo"}).out, "2");
    struct Case {
        const char* port;
        std::string stalls;
    };
    for (const Case& c : {Case{"443", world().path("internet/gates/stalled")}, {"9443", origin.process().out_path()}}) {
        int ends[2];
        SALLYPORT_CHECK(pipe2(ends, O_CLOEXEC) == 0);
        UniqueFd reader(ends[0]), writer(ends[1]);
        PeakMemory peak(guard_.daemon().pid());
        Process client = guard_.start({.argv = hostile_argv("open.acme.example", {"zero_window"}, c.port),
                                       .environment = {"STALLED=stalled"},
                                       .stdin_fd = reader.get()});
        ASSERT_TRUE(wait_for_text(client.out_path(), "heads: 64")) << client.out() << client.err();
        EXPECT_TRUE(wait_for_content(c.stalls, [](const std::string& text) { return lines(text).size() >= 64; })) << c.port;
        EXPECT_EQ(guard_.curl({"--http2", "-o", "/dev/null", "-w", "%{http_code}", std::string("https://open.acme.example:") + c.port + "/echo"}).out, "200");
        EXPECT_LT(peak.growth_kib(), 24 * 1024) << c.port;
        writer.reset();
        EXPECT_EQ(client.wait(), 0) << client.err();
    }
    EXPECT_EQ(guard_.access_log(131).size(), 131u);
    EXPECT_LE(origin.connections(), 2u) << "those of 64 streams are shared";
}

// All of an answer as node's client sees it: 103, head, body and trailers. The origins say in each what they were sent.
TEST_F(Http2Threats, R8_TheCredentialComesBackInNoPartOfAnAnswer) {
    Http2Origin origin("api.acme.example", "203.0.113.10", "h2");
    const std::string node = kClients + "http2_node.js";
    for (const char* url : {"https://api.acme.example:9443/reflect", "https://api.acme.example/reflect?where=all",
                            "https://api.acme.example/reflect?where=all&as=base64-1&piece=3", "https://api.acme.example/reflect?where=trailer",
                            "https://api.acme.example/reflect?where=early"}) {
        const Finished client = guard_.run({"node", node, "all", url});
        EXPECT_THAT(client.out, AllOf(HasSubstr("\":status\":200"), HasSubstr("\"code\":0"), HasSubstr("****"))) << url << client.err;
        EXPECT_THAT(leaks_in(client.all()), IsEmpty()) << url;
    }
    EXPECT_EQ(origin.requests().at(0)["who"], "token");
    const Finished curl = guard_.curl({"--http2", "-D", "-", "https://api.acme.example:9443/reflect"});
    EXPECT_THAT(curl.out, AllOf(HasSubstr("HTTP/2 103"), HasSubstr("HTTP/2 200"), HasSubstr("x-kept: yes"), HasSubstr("before ****")));
    const Finished old = guard_.curl({"--http1.1", "-D", "-", "https://api.acme.example:9443/reflect"});
    EXPECT_THAT(old.out, AllOf(HasSubstr("HTTP/1.1 103"), HasSubstr("HTTP/1.1 200"), HasSubstr("x-kept: yes"), HasSubstr("before ****")));
    EXPECT_THAT(leaks_in(curl.all() + old.all()), IsEmpty());
    for (const auto& line : guard_.access_log(7)) EXPECT_GE(std::stoi("0" + line["scrubbed"]), 1) << line["target"];
}

}  // namespace
}  // namespace sallyport::integration
