// HTTP/2 with clients and servers of others, in every pairing with HTTP/1.1: each is told what the origin speaks, from its first
// request on, and nothing of either version is lost on the way.
#include <gmock/gmock.h>
#include <signal.h>

#include "files.h"
#include "guarded.h"
#include "http2_origin.h"

namespace sallyport::integration {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Origins of HTTP/1.1 are those of the fake internet, at their usual ports.
const std::string kRules = R"(
      - { name: api, host: api.acme.example, port: [443, 9443], credential: token }
      - { name: open, host: open.acme.example, port: [80, 443, 9443] }
      - { name: clear, host: other.acme.example, port: 9080, scheme: http, h2c: true }
      - { name: clear-without, host: open.acme.example, port: 9080, scheme: http }
)";

const std::string kNodeClient = SALLYPORT_SOURCE_DIR "/tests/integration/clients/http2_node.js";

class Http2Clients : public IntegrationTest {
protected:
    Guard guard_{policy(kRules)};

    Process start_node(const std::string& kind, const std::string& url, const std::vector<std::string>& more = {}) {
        std::vector<std::string> argv = {"node", kNodeClient, kind, url};
        argv.insert(argv.end(), more.begin(), more.end());
        return guard_.start({.argv = argv});
    }
    std::string node(const std::string& kind, const std::string& url, const std::vector<std::string>& more = {}) {
        const Finished client = finish(start_node(kind, url, more));
        EXPECT_EQ(client.err, "") << kind << ' ' << url;
        return client.out;
    }
    // Which version curl was answered in, and with what status.
    std::string version(const std::string& option, const std::string& url) {
        return guard_.curl({option, "-o", "/dev/null", "-w", "%{http_version} %{http_code}", url}).out;
    }
    void expect_log(std::size_t count) {
        EXPECT_EQ(guard_.access_log(count).size(), count);
        std::set<std::string> ids;
        for (const auto& line : guard_.access_log(count)) ids.insert(line["request_id"]);
        EXPECT_EQ(ids.size(), count) << "a request with two lines";
    }
};

TEST_F(Http2Clients, CurlIsToldTheOriginsVersionFromItsFirstRequestOn) {
    Http2Origin both("api.acme.example", "203.0.113.10");
    Http2Origin only("open.acme.example", "203.0.113.11", "h2");
    EXPECT_EQ(version("--http2", "https://api.acme.example:9443/echo"), "2 200");
    EXPECT_EQ(version("--http2", "https://api.acme.example/echo"), "1.1 200");
    EXPECT_EQ(version("--http1.1", "https://open.acme.example:9443/echo"), "1.1 200") << "an origin of HTTP/2 only";
    EXPECT_EQ(version("--http2-prior-knowledge", "https://api.acme.example:9443/echo"), "2 200");
    for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(version("--http2", "https://api.acme.example:9443/echo"), "2 200");
        EXPECT_EQ(version("--http1.1", "https://api.acme.example:9443/echo"), "1.1 200");
        EXPECT_EQ(version("--http2", "https://api.acme.example/echo"), "1.1 200");
        EXPECT_EQ(version("--http2", "https://open.acme.example:9443/echo"), "2 200");
    }
    EXPECT_EQ(version("--http2", "https://denied.example/"), "1.1 403") << "nobody was asked";
    for (const auto* origin : {&both, &only}) {
        EXPECT_LE(origin->connections(), 2u) << "one link for each worker";
        for (const auto& request : origin->requests()) EXPECT_EQ(request["version"], "2.0");
    }
    EXPECT_THAT(world().received("denied.example"), IsEmpty());
    expect_log(13);
}

TEST_F(Http2Clients, NodeTalksOverOneSession) {
    Http2Origin origin("open.acme.example", "203.0.113.11");
    const std::string url = "https://open.acme.example:9443";
    EXPECT_EQ(node("talk", url), "early 103 </style.css>; rel=preload 200 after the hints\ntrailers 42 body\nsent 5 x-checksum=17\n"
                                 "head 200 1234 0\nmissing 404\n");
    EXPECT_EQ(node("many", url, {"100"}), "right 100 connections 1\n");
    EXPECT_EQ(node("big", url + "/big?bytes=", {"0", "1", "16384", "65536", "3000000", "10000000"}), "0 1 16384 65536 3000000 10000000\n");
    EXPECT_EQ(node("duplex", url), "one\ntwo\nthree\nfour\n");
    expect_log(112);
}

// To a client that offers nothing else, a gate before an origin of HTTP/1.1 speaks HTTP/2 all the same.
TEST_F(Http2Clients, NodeTalksToAnOriginOfHttp11) {
    const std::string url = "https://open.acme.example";
    EXPECT_EQ(node("talk", url), "early 103 </style.css>; rel=preload 200 after the hints\ntrailers 42 body\nsent 5 1\n"
                                 "head 200 1234 0\nmissing 404\n");
    EXPECT_EQ(node("big", url + "/big?bytes=", {"1", "3000000", "10000000"}), "1 3000000 10000000\n");
    EXPECT_EQ(node("duplex", url), "one\ntwo\nthree\nfour\n");
    EXPECT_EQ(node("each", url, {"/chunked", "/close", "/204"}), "200 0 one two three\n200 0 until the end\n204 0 \n");
    EXPECT_THAT(world().all_received("open.acme.example"),
                AllOf(HasSubstr("POST /echo HTTP/1.1\r\nHost: open.acme.example\r\n"), HasSubstr("x-checksum: 17\r\n"), Not(HasSubstr(":path"))));
    expect_log(12);
}

TEST_F(Http2Clients, AStreamThatIsGivenUpDisturbsNoOther) {
    Http2Origin origin("open.acme.example", "203.0.113.11");
    for (const std::string url : {"https://open.acme.example:9443", "https://open.acme.example"}) {
        const std::string stays = world().fresh("stays"), goes = world().fresh("goes");
        for (const auto& gate : {stays, goes}) world().make_gate(gate);
        Process client = start_node("watch", url, {"/slow?gate=" + stays, "abort/slow?gate=" + goes, "/nowhere"});
        ASSERT_TRUE(wait_for_text(client.out_path(), "end /slow?gate=" + goes + " 200 8 half")) << client.out() << client.err();
        ASSERT_TRUE(wait_for_text(client.out_path(), "data /slow?gate=" + stays)) << client.out() << client.err();
        world().open_gate(stays);
        EXPECT_EQ(client.wait(), 0) << client.err();
        EXPECT_THAT(client.out(), AllOf(HasSubstr("end /slow?gate=" + stays + " 200 0 half more"), HasSubstr("end /nowhere 404 0")));
        world().open_gate(goes);
    }
    expect_log(6);
}

TEST_F(Http2Clients, WhatAnOriginHasNotProcessedIsAskedAgain) {
    Http2Origin origin("open.acme.example", "203.0.113.11");
    const std::string url = "https://open.acme.example:9443";
    const std::string said = node("each", url, {"/refuse-once?key=1", "/goaway-once?key=2", "/last-one", "/echo", "/broken?code=2", "/echo/after"});
    const auto answers = lines(said);
    ASSERT_EQ(answers.size(), 6u) << said;
    for (const std::size_t whole : {0u, 1u, 2u, 3u, 5u}) EXPECT_THAT(answers[whole], testing::StartsWith("200 0 {")) << said;
    EXPECT_THAT(answers[4], testing::MatchesRegex("(200|0) [1-9][0-9]* .*")) << "cut; what was said before a reset may be lost";
    EXPECT_GE(origin.connections(), 3u);
    expect_log(6);
}

TEST_F(Http2Clients, CurlUploadsWithoutALostByte) {
    Http2Origin origin("open.acme.example", "203.0.113.11");
    const std::string file = world().scratch() + "/up";
    write_file(file, std::string(20'000'001, 'u'));
    const std::string sum = guard_.shell("sha256sum <" + file + " | cut -c1-64").out;
    for (const auto& [option, url] : {std::pair{"--http2", "https://open.acme.example:9443/echo"}, {"--http1.1", "https://open.acme.example:9443/echo"}}) {
        for (const std::string& source : {file, std::string("-")}) {
            const Finished curl = guard_.shell("curl -sS --max-time 50 " + std::string(option) + " -T " + source + " " + url + " <" + file);
            EXPECT_THAT(curl.out, AllOf(HasSubstr("\"body_bytes\":20000001"), HasSubstr(sum.substr(0, 64)))) << option << source << curl.err;
        }
    }
    const std::string node_script = "const s=require('http2').connect('https://open.acme.example').request({':method':'PUT',':path':'/upload'});"
                                    "s.on('data',d=>process.stdout.write(d)).on('close',()=>process.exit());"
                                    "require('fs').createReadStream('" + file + "').pipe(s)";
    EXPECT_EQ(guard_.run({"node", "-e", node_script}).out, "{\"sha256\": \"" + sum.substr(0, 64) + "\", \"bytes\": 20000001}\n") << "to HTTP/1.1";
    expect_log(5);
}

TEST_F(Http2Clients, SigtermFinishesTheStreamsThatRun) {
    Http2Origin origin("open.acme.example", "203.0.113.11");
    world().make_gate("drain");
    Process client = start_node("watch", "https://open.acme.example:9443", {"/slow?gate=drain", "/echo"});
    ASSERT_TRUE(wait_for_text(client.out_path(), "data /slow?gate=drain half")) << client.err();
    ASSERT_TRUE(wait_for_text(client.out_path(), "end /echo 200")) << client.err();
    guard_.daemon().signal(SIGTERM);
    ASSERT_TRUE(wait_for_text(guard_.daemon().err_path(), "draining"));
    world().open_gate("drain");
    EXPECT_EQ(client.wait(), 0) << client.err();
    EXPECT_THAT(client.out(), HasSubstr("end /slow?gate=drain 200 0 half more"));
    EXPECT_EQ(guard_.daemon().wait(), 0) << guard_.messages();
    expect_log(2);
}

TEST_F(Http2Clients, NghttpFetchesManyAndIsToldTheSettings) {
    Http2Origin origin("open.acme.example", "203.0.113.11");
    std::vector<std::string> argv = {"nghttp", "-nsv"};
    for (int number = 0; number < 30; ++number) argv.push_back("https://open.acme.example:9443/echo/n-" + std::to_string(number));
    const Finished nghttp = guard_.run(argv);
    EXPECT_EQ(nghttp.code, 0) << nghttp.err;
    EXPECT_THAT(nghttp.out, AllOf(HasSubstr("The negotiated protocol: h2"), HasSubstr("SETTINGS_MAX_CONCURRENT_STREAMS(0x03):128"),
                                  HasSubstr("SETTINGS_ENABLE_CONNECT_PROTOCOL(0x08):1"), Not(HasSubstr("not verified"))));
    for (int number = 0; number < 30; ++number) EXPECT_THAT(nghttp.out, HasSubstr(" /echo/n-" + std::to_string(number) + "\n"));
    EXPECT_EQ(origin.targets().size(), 30u);
    expect_log(30);
}

TEST_F(Http2Clients, H2loadsStreamsShareFewConnections) {
    Http2Origin origin("open.acme.example", "203.0.113.11");
    Http2Origin clear("other.acme.example", "203.0.113.14", "clear");
    for (const char* url : {"https://open.acme.example:9443/echo", "http://other.acme.example:9080/echo"}) {
        const Finished h2load = guard_.run({"h2load", "-n", "2000", "-c", "4", "-m", "50", url});
        EXPECT_THAT(h2load.out, HasSubstr("2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout")) << h2load.err;
    }
    for (const auto* each : {&origin, &clear}) {
        EXPECT_EQ(each->requests().size(), 2000u);
        EXPECT_LE(each->connections(), 8u);
    }
    expect_log(4000);
}

TEST_F(Http2Clients, CleartextHttp2IsSpokenWhereARuleSaysSoOnly) {
    Http2Origin allowed("other.acme.example", "203.0.113.14", "clear");
    Http2Origin passed_over("open.acme.example", "203.0.113.11", "clear");
    EXPECT_EQ(version("--http2-prior-knowledge", "http://other.acme.example:9080/echo"), "2 200");
    EXPECT_EQ(version("--http1.1", "http://other.acme.example:9080/echo"), "1.1 200") << "translated";
    expect_log(2);
    for (const char* url : {"http://open.acme.example/echo", "http://open.acme.example:9080/echo"}) {
        const Finished refused = guard_.curl({"--http2-prior-knowledge", url});
        EXPECT_NE(refused.code, 0);
        EXPECT_EQ(refused.out, "");
    }
    const auto log = guard_.access_log(4);
    ASSERT_EQ(log.size(), 4u);
    for (const std::size_t at : {2u, 3u}) EXPECT_EQ(log[at]["error"], "not_intercepted");
    EXPECT_EQ(passed_over.connections(), 0u);
    EXPECT_THAT(world().received("open.acme.example", 80), IsEmpty());
    for (const auto& request : allowed.requests()) EXPECT_EQ(request["version"], "2.0");
}

}  // namespace
}  // namespace sallyport::integration
