#include "admin/session.h"

#include <gtest/gtest.h>

#include "admin/limits.h"
#include "tests/admin/dialogue.h"

namespace sallyport::admin {
namespace {

using Phase = Session::Phase;

TEST(Session, AnswersOneRequestAfterTheOther) {
    FakeApi api;
    Dialogue dialogue(api, local_operator());
    const Seen got = dialogue.ask("GET", "/v1/policies/open");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.header("ETag"), "\"1\"");
    EXPECT_TRUE(got.keep_alive);
    EXPECT_EQ(dialogue.ask("GET", "/v1/policies/none").code(), "not_found");
    EXPECT_EQ(dialogue.send("PUT", "/v1/policies/new", R"({"default":"deny"})").status, 200);
    EXPECT_EQ(dialogue.ask("DELETE", "/v1/policies/new").status, 204);
    EXPECT_EQ(dialogue.session().phase(), Phase::idle);
}

TEST(Session, AnUpdateThatWouldBeLostIsRefused) {
    FakeApi api;
    Dialogue dialogue(api, local_operator());
    const std::string json = "Content-Type: application/json\r\n";
    EXPECT_EQ(dialogue.ask("PUT", "/v1/policies/open", json + "If-Match: \"1\"\r\n", "{}").header("ETag"), "\"2\"");
    EXPECT_EQ(dialogue.ask("PUT", "/v1/policies/open", json + "If-Match: \"1\"\r\n", "{}").code(), "precondition_failed");
    EXPECT_EQ(dialogue.ask("PUT", "/v1/policies/open", json + "If-Match: W/\"2\"\r\n", "{}").status, 412);
    EXPECT_EQ(dialogue.ask("PUT", "/v1/policies/open", json + "If-Match: \"1\", \"2\"\r\n", "{}").status, 200);
    EXPECT_EQ(dialogue.ask("PUT", "/v1/policies/open", json + "If-None-Match: *\r\n", "{}").status, 412);
    EXPECT_EQ(dialogue.ask("PUT", "/v1/policies/fresh", json + "If-None-Match: *\r\n", "{}").status, 200);
    EXPECT_EQ(dialogue.ask("GET", "/v1/policies/fresh", "If-None-Match: \"4\"\r\n").status, 304);
}

TEST(Session, PipelinedRequestsAreAnsweredInOrderHoweverTheyAreCut) {
    const std::string stream = Dialogue::request("GET", "/healthz") + Dialogue::request("HEAD", "/v1/policies") +
                               Dialogue::request("PUT", "/v1/policies/a", "Content-Type: application/json\r\n", "{}") +
                               Dialogue::request("GET", "/nothing") + Dialogue::request("GET", "/v1/policies/a");
    for (std::size_t step = 1; step <= stream.size(); step = step < 40 ? step + 1 : step * 2) {
        FakeApi api;
        Dialogue dialogue(api, local_operator());
        for (std::size_t at = 0; at < stream.size(); at += step) {
            dialogue.session().feed(std::string_view(stream).substr(at, step));
        }
        const auto seen = dialogue.answers({"GET", "HEAD", "PUT", "GET", "GET"});
        ASSERT_EQ(seen.size(), 5u) << step;
        EXPECT_EQ(seen[1].body, "");
        EXPECT_EQ(seen[2].status, 200);
        EXPECT_EQ(seen[3].status, 404);
        EXPECT_EQ(seen[4].body, "{}");
    }
}

TEST(Session, WaitsForALateAnswerBeforeTheNextRequest) {
    FakeApi api;
    Dialogue dialogue(api, local_operator());
    api.holds_back = true;
    dialogue.session().feed(Dialogue::request("GET", "/healthz") + Dialogue::request("GET", "/v1/policies"));
    EXPECT_EQ(dialogue.session().phase(), Phase::answer);
    EXPECT_FALSE(dialogue.session().wants_input());
    EXPECT_TRUE(dialogue.session().out().empty());
    EXPECT_EQ(api.calls.size(), 1u);
    api.release();
    EXPECT_EQ(api.calls.size(), 2u);
    EXPECT_EQ(dialogue.outputs(), 1);
    EXPECT_EQ(dialogue.answers().size(), 2u);
}

TEST(Session, AnAnswerThatComesTooLateIsNobodys) {
    FakeApi api;
    {
        Dialogue dialogue(api, local_operator());
        api.holds_back = true;
        dialogue.session().feed(Dialogue::request("GET", "/healthz"));
        dialogue.session().on_deadline();
        EXPECT_EQ(dialogue.answers().at(0).code(), "answer_timeout");
        EXPECT_EQ(dialogue.session().phase(), Phase::closing);
        auto held = api.held;
        held.at(0).first(Reply::json("{}"));
        EXPECT_TRUE(dialogue.session().out().empty());
    }
    api.release();  // of a session that is gone
}

TEST(Session, ARequestThatDoesNotComeIsTimedOut) {
    FakeApi api;
    for (const char* part : {"GET / HT", "PUT /v1/policies/a HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                                         "Content-Length: 9\r\n\r\n{"}) {
        Dialogue dialogue(api, local_operator());
        dialogue.session().feed(part);
        dialogue.session().on_deadline();
        EXPECT_EQ(dialogue.answers().at(0).code(), "request_timeout");
        EXPECT_EQ(dialogue.session().phase(), Phase::closing);
    }
    Dialogue idle(api, local_operator());
    idle.session().on_deadline();
    EXPECT_TRUE(idle.session().out().empty());
    EXPECT_EQ(idle.session().phase(), Phase::closing);
}

TEST(Session, X1_AStrangerGetsOneAnswerAndIsRecorded) {
    FakeApi api;
    Dialogue dialogue(api, {"uid 4242", std::nullopt, false, true});
    const Seen seen = dialogue.ask("GET", "/healthz");
    EXPECT_EQ(seen.code(), "forbidden");
    EXPECT_FALSE(seen.keep_alive);
    EXPECT_EQ(dialogue.session().phase(), Phase::closing);
    ASSERT_EQ(api.refusals.size(), 1u);
    EXPECT_EQ(api.refusals[0].first, "uid 4242");
    EXPECT_TRUE(api.calls.empty());
}

TEST(Session, X1_APageOfABrowserGetsNothingDone) {
    FakeApi api;
    for (const char* field : {"Origin: https://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n"}) {
        Dialogue dialogue(api, local_operator());
        const Seen seen = dialogue.ask("DELETE", "/v1/policies/open", field);
        EXPECT_EQ(seen.status, 403) << field;
        EXPECT_FALSE(seen.headers.has("Access-Control-Allow-Origin"));
    }
    Dialogue rebound(api, {"127.0.0.1:9", Caller{"ops", {}}, false, false});
    EXPECT_EQ(rebound.ask("GET", "/v1/secrets", "Host: evil.example\r\n").status, 403);
    EXPECT_TRUE(api.calls.empty());
    EXPECT_EQ(api.policies.size(), 1u);
}

TEST(Session, BodiesAreBoundedHoweverTheyCome) {
    FakeApi api;
    const std::string head = "PUT /v1/policies/a HTTP/1.1\r\nHost: a\r\nContent-Type: application/yaml\r\n";
    Dialogue announced(api, local_operator());
    announced.session().feed(head + "Content-Length: 4194305\r\n\r\n");
    EXPECT_EQ(announced.answers().at(0).code(), "body_too_large");
    Dialogue chunked(api, local_operator());
    chunked.session().feed(head + "Transfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'a') + "\r\n";
    for (int i = 0; i < 65 && chunked.session().phase() != Phase::closing; ++i) chunked.session().feed(chunk);
    EXPECT_EQ(chunked.answers().at(0).code(), "body_too_large");
    EXPECT_TRUE(api.calls.empty());
}

TEST(Session, ABodyOfTheLargestSizeIsTaken) {
    FakeApi api;
    Dialogue dialogue(api, local_operator());
    const std::string body(kBodyBytesMax, 'a');
    EXPECT_EQ(dialogue.ask("PUT", "/v1/policies/a", "Content-Type: application/yaml\r\n", body).status, 200);
    EXPECT_EQ(api.policies.at("a").json.size(), kBodyBytesMax);
}

TEST(Session, HeadsAreBounded) {
    FakeApi api;
    const auto status = [&](const std::string& text) {
        Dialogue dialogue(api, local_operator());
        dialogue.session().feed(text);
        EXPECT_EQ(dialogue.session().phase(), Phase::closing);
        return dialogue.answers().at(0).status;
    };
    EXPECT_EQ(status("GET /" + std::string(kTargetBytesMax, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
    EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(kHeadBytesMax, 'a') + "\r\n\r\n"), 431);
    std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (std::size_t i = 0; i < kHeadFieldsMax; ++i) many += "X: y\r\n";
    EXPECT_EQ(status(many + "\r\n"), 431);
    EXPECT_EQ(status("GET / HTTP/2.0\r\n\r\n"), 505);
    EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
    EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    EXPECT_EQ(status("\x16\x03\x01\x02\r\n\r\n"), 400);
}

TEST(Session, AClientThatAsksFirstIsToldToGoOn) {
    FakeApi api;
    const std::string head = "PUT /v1/policies/a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n";
    Dialogue welcome(api, local_operator());
    welcome.session().feed(head + "Content-Type: application/json\r\n\r\n");
    EXPECT_EQ(welcome.take(), "HTTP/1.1 100 Continue\r\n\r\n");
    welcome.session().feed("{}");
    EXPECT_EQ(welcome.answers().at(0).status, 200);
    Dialogue unwelcome(api, local_operator());
    unwelcome.session().feed(head + "Content-Type: text/plain\r\n\r\n");
    EXPECT_EQ(unwelcome.answers().at(0).status, 415);
    EXPECT_EQ(unwelcome.session().phase(), Phase::closing);
}

TEST(Session, JsonThatIsNoneDoesNotReachTheApi) {
    FakeApi api;
    Dialogue dialogue(api, local_operator());
    EXPECT_EQ(dialogue.send("PUT", "/v1/policies/a", "{").code(), "bad_request");
    EXPECT_EQ(dialogue.send("PUT", "/v1/sandbox/tenant-a-1/egress", R"({"policy":"a","policy":"b"})").status, 400);
    EXPECT_TRUE(api.calls.empty());
    EXPECT_EQ(dialogue.send("PUT", "/v1/policies/a", R"({"wrong":1})").json()["details"]["diagnostics"].size(), 1u);
}

TEST(Session, EventsStreamUntilTheClientLeaves) {
    FakeApi api;
    Dialogue dialogue(api, local_operator());
    dialogue.session().feed(Dialogue::request("GET", "/v1/events?type=policy,egress"));
    EXPECT_EQ(dialogue.session().phase(), Phase::events);
    EXPECT_TRUE(dialogue.session().wants_input());
    dialogue.events().publish({"policy", "", R"({"name":"a"})"});
    dialogue.events().publish({"request", "", "{}"});
    dialogue.session().feed("what a subscriber says is not heard");
    dialogue.session().keep_alive();
    const auto seen = dialogue.answers();
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].header("Content-Type"), "text/event-stream");
    EXPECT_EQ(seen[0].body, ": here\n\nevent: policy\ndata: {\"name\":\"a\"}\n\n: here\n\n");
    EXPECT_EQ(dialogue.outputs(), 1);
}

TEST(Session, AnEventThatComesAtOnceComesAfterTheHead) {
    FakeApi api;
    Dialogue dialogue(api, local_operator());
    dialogue.events().on_change([&](bool any) {
        if (any) dialogue.events().publish({"policy", "", "{}"});
    });
    dialogue.session().feed(Dialogue::request("GET", "/v1/events"));
    EXPECT_EQ(dialogue.answers().at(0).body, ": here\n\nevent: policy\ndata: {}\n\n");
    EXPECT_EQ(dialogue.outputs(), 0);
    dialogue.events().on_change(nullptr);
}

TEST(Session, AnOldClientGetsEventsWithoutChunks) {
    FakeApi api;
    Dialogue dialogue(api, local_operator());
    dialogue.session().feed("GET /v1/events HTTP/1.0\r\nHost: a\r\n\r\n");
    dialogue.events().publish({"policy", "", "{}"});
    const std::string text = dialogue.take();
    EXPECT_EQ(text.find("chunked"), std::string::npos);
    EXPECT_NE(text.find("\r\n\r\n: here\n\nevent: policy\ndata: {}\n\n"), std::string::npos);
}

TEST(Session, ASubscriberThatDoesNotReadLosesEventsAndIsTold) {
    FakeApi api;
    Dialogue dialogue(api, local_operator());
    dialogue.session().feed(Dialogue::request("GET", "/v1/events"));
    const std::string data = '"' + std::string(10'000, 'x') + '"';
    for (int i = 0; i < 100; ++i) dialogue.events().publish({"request", "", data});
    EXPECT_LE(dialogue.session().out().size(), kEventBytesMax + 1024);
    const std::string head_and_events = dialogue.take();
    std::size_t got = 0;
    for (std::size_t at = 0; (at = head_and_events.find("event: request", at)) != std::string::npos; ++at) ++got;
    EXPECT_LT(got, 100u);
    dialogue.events().publish({"policy", "", "{}"});
    const std::string after = dialogue.take();
    EXPECT_NE(after.find("event: dropped\ndata: {\"count\":" + std::to_string(100 - got) + "}"), std::string::npos);
    EXPECT_NE(after.find("event: policy"), std::string::npos);
}

TEST(Session, TheDocumentIsServedToEveryCaller) {
    FakeApi api;
    Dialogue dialogue(api, local_tenant("tenant-a"));
    EXPECT_EQ(dialogue.ask("GET", "/openapi.json").json()["openapi"], "3.1.0");
    EXPECT_EQ(dialogue.ask("GET", "/healthz").status, 200);
    EXPECT_EQ(dialogue.ask("GET", "/metrics").status, 403);
}

TEST(Session, AClientThatDoesNotReadGetsNoMoreAnswers) {
    FakeApi api;
    Dialogue dialogue(api, local_operator());
    std::string many;
    for (int i = 0; i < 50; ++i) many += Dialogue::request("GET", "/openapi.json");
    dialogue.session().feed(many);
    EXPECT_LT(dialogue.session().out().size(), 200'000u);
    EXPECT_FALSE(dialogue.session().wants_input());
    std::size_t answers = 0;
    for (int i = 0; i < 50 && answers < 50; ++i) answers += dialogue.answers().size();
    EXPECT_EQ(answers, 50u);
}

}  // namespace
}  // namespace sallyport::admin
