#include "proxy/http2_link.h"

#include <fcntl.h>

#include "tests/net/loopback.h"
#include "tests/proxy/gate_fixture.h"
#include "tests/proxy/http2_origin.h"

namespace sallyport::proxy {
namespace {

struct Response final : LinkedStream {
    http::Next on_response_head(http::ResponseHead& head) override {
        statuses.push_back(head.status);
        return pauses ? http::Next::pause : http::Next::go;
    }
    http::Next on_body(std::string_view bytes) override {
        body += bytes;
        return pauses ? http::Next::pause : http::Next::go;
    }
    http::Next on_message_end(http::HeaderMap& taken) override {
        trailers = taken;
        is_whole = true;
        return http::Next::pause;
    }
    void on_link_round_end() override { was_ended_at_round_end = has_ended; }
    void on_link_drained() override { ++drained; }
    void on_link_ended(const Ending& ending) override {
        has_ended = true;
        unprocessed = ending.unprocessed;
        needs_http1 = ending.needs_http1;
        if (ending.error != nullptr) error = *ending.error;
    }

    std::vector<int> statuses;
    std::string body;
    http::HeaderMap trailers;
    bool pauses = false;
    bool is_whole = false;
    bool has_ended = false;
    bool was_ended_at_round_end = false;
    bool unprocessed = false;
    bool needs_http1 = false;
    int drained = 0;
    std::optional<Error> error;
    http::Http2StreamId stream = 0;
};

class Http2LinkTest : public GateTest, private LinkOwner {
protected:
    ~Http2LinkTest() override {
        link.reset();
        egress.reset();
    }

    void open_link(Deadlines deadlines = {}) {
        start("version: 1\npolicies: { p: { rules: [ { host: vcs.example } ] } }\n", deadlines);
        auto [fd, port] = net::bind_loopback(SOCK_STREAM);
        h2 = std::make_unique<Http2Origin>(loop, std::move(fd), Http2Origin::Speaks::http2_in_clear);
        link = link_to(port);
    }
    std::unique_ptr<Http2Link> link_to(std::uint16_t port) {
        UniqueFd ours = net::dial_loopback(port);
        SALLYPORT_CHECK(fcntl(ours.get(), F_SETFL, O_NONBLOCK) == 0);
        UpstreamKey key;
        key.scheme = http::Scheme::http;
        key.host = "vcs.example";
        struct Nobody final : WireUser {
            void on_wire_ready(int) override {}
            void keep_session(SSL_SESSION*) override {}
        } nobody;
        LinkOwner& owner = *this;
        return std::make_unique<Http2Link>(context(), owner, key, egress->snapshot(),
                                           std::make_unique<Wire>(loop, std::move(ours), "there", nobody));
    }

    void ask(Response& response, std::string_view target = "/", std::string_view body = {}, bool ends = true) {
        http::RequestHead head;
        head.method = body.empty() ? "GET" : "POST";
        head.target = target;
        head.headers.add("Host", "vcs.example");
        head.body.kind = body.empty() ? http::BodyKind::none : http::BodyKind::chunked;
        response.stream = link->open(response);
        link->request(response.stream).write_head(head);
        if (!body.empty()) link->request(response.stream).write_body(body);
        if (ends) link->request(response.stream).write_end({});
        link->flush_soon();
    }

    std::unique_ptr<Http2Origin> h2;
    std::unique_ptr<Http2Link> link;
    bool is_retired = false;
    bool is_closed = false;
    int rooms = 0;

private:
    void on_link_retired(Http2Link&) override { is_retired = true; }
    void on_link_room(Http2Link&) override { ++rooms; }
    void on_link_closed(Http2Link&) override { is_closed = true; }
    void keep_session(const UpstreamKey&, SSL_SESSION* session) override { SSL_SESSION_free(session); }
};

TEST_F(Http2LinkTest, RequestsShareOneConnection) {
    open_link();
    std::vector<Response> responses(20);
    for (std::size_t i = 0; i < responses.size(); ++i) ask(responses[i], "/" + std::to_string(i));
    h2->answer = [](Http2Origin& origin, OriginRequest& request) { origin.respond(request, 200, request.head.target); };
    run_until([&] { return std::all_of(responses.begin(), responses.end(), [](const Response& each) { return each.has_ended; }); });
    for (std::size_t i = 0; i < responses.size(); ++i) {
        EXPECT_EQ(responses[i].statuses, std::vector<int>{200});
        EXPECT_EQ(responses[i].body, "/" + std::to_string(i));
        EXPECT_TRUE(responses[i].is_whole);
        EXPECT_FALSE(responses[i].error);
        EXPECT_TRUE(responses[i].was_ended_at_round_end);
    }
    EXPECT_EQ(h2->peers.size(), 1u);
    EXPECT_EQ(link->streams(), 0u);
    EXPECT_TRUE(link->was_used());
    EXPECT_GT(rooms, 0);
}

TEST_F(Http2LinkTest, TrailersAndInterimResponsesComeThrough) {
    open_link();
    Response response;
    h2->answer = [](Http2Origin& origin, OriginRequest& request) {
        origin.interim(request, 103, {{"Link", "</a>"}});
        origin.begin(request, 200);
        origin.write(request, "ok");
        http::HeaderMap trailers;
        trailers.add("grpc-status", "0");
        origin.end(request, trailers);
    };
    ask(response, "/", "a body");
    run_until([&] { return response.has_ended; });
    EXPECT_EQ(response.statuses, (std::vector<int>{103, 200}));
    EXPECT_EQ(response.trailers.get("grpc-status"), "0");
    EXPECT_EQ(h2->requests[0]->body, "a body");
}

TEST_F(Http2LinkTest, AnOriginThatGoesAwayFinishesWhatRuns) {
    open_link();
    Response first;
    h2->answer = [](Http2Origin&, OriginRequest&) {};
    ask(first);
    run_until([&] { return !h2->requests.empty(); });
    h2->shut_down(0);
    run_until([&] { return is_retired; });
    EXPECT_FALSE(link->may_open());
    EXPECT_FALSE(is_closed);
    EXPECT_FALSE(first.has_ended);
    h2->respond(*h2->requests[0], 200, "late");
    run_until([&] { return is_closed; });
    EXPECT_TRUE(first.has_ended);
    EXPECT_EQ(first.body, "late");
    EXPECT_FALSE(first.error);
}

TEST_F(Http2LinkTest, SaysWhatTheOriginHasNotLookedAt) {
    open_link();
    h2->refuses = 1;
    Response refused;
    Response served;
    ask(refused);
    ask(served);
    run_until([&] { return refused.has_ended && served.has_ended; });
    EXPECT_TRUE(refused.unprocessed);
    EXPECT_EQ(refused.error->code, ErrorCode::origin_reset);
    EXPECT_FALSE(served.error);
    EXPECT_EQ(served.body, "ok");
}

TEST_F(Http2LinkTest, SaysThatTheOriginWantsHttp1) {
    open_link();
    h2->answer = [](Http2Origin& origin, OriginRequest& request) { origin.reset(request, http::Http2Error::http_1_1_required); };
    Response response;
    ask(response);
    run_until([&] { return response.has_ended; });
    EXPECT_TRUE(response.needs_http1);
    EXPECT_TRUE(response.error);
}

TEST_F(Http2LinkTest, AResetOnOurSideLeavesTheOthers) {
    open_link();
    h2->answer = [](Http2Origin&, OriginRequest&) {};
    Response one;
    Response other;
    ask(one);
    ask(other);
    run_until([&] { return h2->requests.size() == 2; });
    link->reset(one.stream);
    run_until([&] { return h2->requests[0]->is_closed; });
    EXPECT_TRUE(h2->requests[0]->was_reset);
    EXPECT_FALSE(one.has_ended) << "nothing more is heard of it";
    h2->respond(*h2->requests[1], 200, "still there");
    run_until([&] { return other.has_ended; });
    EXPECT_EQ(other.body, "still there");
    EXPECT_EQ(h2->peers.size(), 1u);
}

TEST_F(Http2LinkTest, AConnectionThatEndsEndsItsStreams) {
    open_link();
    h2->answer = [](Http2Origin&, OriginRequest&) {};
    Response one;
    ask(one);
    run_until([&] { return !h2->requests.empty(); });
    h2->close(0);
    run_until([&] { return is_closed; });
    EXPECT_TRUE(is_retired);
    EXPECT_EQ(one.error->code, ErrorCode::origin_closed);
    EXPECT_FALSE(one.unprocessed);
}

TEST_F(Http2LinkTest, GarbageEndsAllOfIt) {
    open_link();
    h2->answer = [](Http2Origin&, OriginRequest&) {};
    Response one;
    Response other;
    ask(one);
    ask(other);
    run_until([&] { return h2->requests.size() == 2; });
    h2->send_raw(0, std::string("\xff\xff\xff\x00\x00\x00\x00\x00\x01", 9) + std::string(100, 'x'));
    run_until([&] { return is_closed; });
    EXPECT_EQ(one.error->code, ErrorCode::origin_http2_error);
    EXPECT_EQ(other.error->code, ErrorCode::origin_http2_error);
}

TEST_F(Http2LinkTest, OneThatPausesHoldsUpNoOther) {
    open_link();
    h2->answer = [](Http2Origin& origin, OriginRequest& request) { origin.respond(request, 200, std::string(100'000, 'x')); };
    Response slow;
    slow.pauses = true;
    Response quick;
    ask(slow);
    run_until([&] { return !slow.statuses.empty(); });
    ask(quick);
    run_until([&] { return quick.has_ended; });
    EXPECT_EQ(quick.body.size(), 100'000u);
    EXPECT_LT(slow.body.size(), 100'000u);
    slow.pauses = false;
    link->resume(slow.stream);
    run_until([&] { return slow.has_ended; });
    EXPECT_EQ(slow.body.size(), 100'000u);
}

TEST_F(Http2LinkTest, WhatTheOriginDoesNotTakeWaits) {
    open_link();
    h2->pauses = true;
    Response response;
    ask(response, "/", std::string(400'000, 'x'), false);
    run_until([&] { return !h2->requests.empty(); });
    const std::size_t waiting = link->waiting_bytes(response.stream);
    EXPECT_GT(waiting, 100'000u) << "the window is 256 KiB";
    EXPECT_EQ(response.drained, 0);
    h2->resume(*h2->requests[0]);
    run_until([&] { return response.drained > 0; });
    EXPECT_LE(link->waiting_bytes(response.stream), kLowWatermarkBytes);
    link->request(response.stream).write_end({});
    link->flush_soon();
    run_until([&] { return response.has_ended; });
    EXPECT_EQ(h2->requests[0]->body.size(), 400'000u);
}

TEST_F(Http2LinkTest, AnIdleOneIsNotKeptForEver) {
    Deadlines deadlines;
    deadlines.upstream_idle = milliseconds(20);
    open_link(deadlines);
    Response response;
    ask(response);
    run_until([&] { return response.has_ended; });
    run_until([&] { return is_closed; });
    EXPECT_TRUE(is_retired);
}

TEST_F(Http2LinkTest, OneThatWasSilentForLongIsAskedWhetherItLives) {
    Deadlines deadlines;
    deadlines.link_quiet = milliseconds(0);
    deadlines.ping_answer = milliseconds(30);
    open_link(deadlines);
    Response first;
    ask(first);
    run_until([&] { return first.has_ended; });
    Response second;
    ask(second);
    run_until([&] { return second.has_ended; });
    EXPECT_FALSE(second.error) << "it answered";
    h2->peers[0]->reads = false;
    Response third;
    ask(third);
    run_until([&] { return third.has_ended; });
    EXPECT_EQ(third.error->code, ErrorCode::origin_closed);
    EXPECT_TRUE(is_closed);
}

TEST_F(Http2LinkTest, OneThatSendsNoSettingsIsGivenUp) {
    Deadlines deadlines;
    deadlines.tls_handshake = milliseconds(30);
    open_link(deadlines);
    // An origin that takes the connection and says nothing.
    link = link_to(origin.port());
    Response response;
    ask(response);
    run_until([&] { return response.has_ended; });
    EXPECT_EQ(response.error->code, ErrorCode::origin_http2_error);
}

TEST_F(Http2LinkTest, ARetiredOneEndsWithItsLastStream) {
    open_link();
    h2->answer = [](Http2Origin&, OriginRequest&) {};
    Response response;
    ask(response);
    run_until([&] { return !h2->requests.empty(); });
    link->retire();
    EXPECT_TRUE(is_retired);
    EXPECT_FALSE(link->may_open());
    h2->respond(*h2->requests[0], 200, "ok");
    run_until([&] { return is_closed; });
    EXPECT_EQ(response.body, "ok");
}

}  // namespace
}  // namespace sallyport::proxy
