#include "admin/call.h"

#include <gtest/gtest.h>

#include "admin/limits.h"
#include "tests/admin/fake_api.h"

namespace sallyport::admin {
namespace {

http::RequestHead head_of(std::string_view method, std::string_view target,
                          std::vector<std::pair<std::string, std::string>> fields = {}, std::uint64_t body_bytes = 0) {
    http::RequestHead head;
    head.method = method;
    head.target = target;
    head.headers.add("Host", "localhost");
    for (const auto& [name, value] : fields) head.headers.add(name, value);
    if (body_bytes > 0) head.body = {http::BodyKind::length, body_bytes};
    return head;
}

const Peer kOperator{"uid 0", Caller{"op", {}}, false, true};
const Peer kRemote{"192.0.2.1", Caller{"op", {}}, false, false};
const Peer kTenant{"uid 1", Caller{"a", {"tenant-a-*"}}, false, true};

tl::expected<Call, Refused> read(const http::RequestHead& head, const Peer& peer = kOperator) {
    return read_call(head, peer, Admission({}, {}));
}
int status_of(const http::RequestHead& head, const Peer& peer = kOperator) {
    const auto call = read(head, peer);
    return call ? 200 : call.error().reply.status;
}

TEST(Call, ABodyIsOfTheFormThatTheCallTakes) {
    const std::string policy = "/v1/policies/a", egress = "/v1/sandbox/a/egress";
    EXPECT_EQ(status_of(head_of("PUT", policy, {{"Content-Type", "application/json; charset=utf-8"}}, 2)), 200);
    EXPECT_EQ(status_of(head_of("PUT", policy, {{"Content-Type", "Application/YAML"}}, 2)), 200);
    EXPECT_EQ(status_of(head_of("PUT", egress, {{"Content-Type", "application/yaml"}}, 2)), 415);
    for (const char* type : {"", "application/x-www-form-urlencoded"}) {
        EXPECT_EQ(status_of(head_of("PUT", policy, {{"Content-Type", type}}, 2)), 200) << "curl -d, on the unix socket";
        EXPECT_EQ(status_of(head_of("PUT", policy, {{"Content-Type", type}}, 2), kRemote), 415) << type;
    }
    EXPECT_EQ(status_of(head_of("PUT", policy, {}, 2)), 200);
    EXPECT_EQ(status_of(head_of("PUT", policy, {}, 2), kRemote), 415);
    for (const char* type : {"text/plain", "application/jsonx"}) {
        EXPECT_EQ(status_of(head_of("PUT", policy, {{"Content-Type", type}}, 2)), 415) << type;
    }
    EXPECT_EQ(status_of(head_of("PUT", policy, {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}, 2)),
              415);
    EXPECT_EQ(status_of(head_of("PUT", policy, {{"Content-Type", "application/json"}})), 400);
    EXPECT_EQ(status_of(head_of("GET", policy, {{"Content-Type", "application/json"}}, 2)), 400);
}

TEST(Call, ABodyThatIsAnnouncedTooLargeIsRefusedAtOnce) {
    const std::vector<std::pair<std::string, std::string>> json = {{"Content-Type", "application/json"}};
    EXPECT_EQ(status_of(head_of("PUT", "/v1/policies/a", json, kBodyBytesMax)), 200);
    EXPECT_EQ(status_of(head_of("PUT", "/v1/policies/a", json, kBodyBytesMax + 1)), 413);
    EXPECT_EQ(status_of(head_of("POST", "/v1/explain", json, kSmallBodyBytesMax + 1)), 413);
}

TEST(Call, APreconditionIsNeverPassedOver) {
    EXPECT_EQ(status_of(head_of("DELETE", "/v1/policies/a", {{"If-Match", "\"1\""}})), 200);
    EXPECT_EQ(status_of(head_of("DELETE", "/v1/policies/a", {{"If-Match", "1"}})), 400);
    EXPECT_EQ(status_of(head_of("DELETE", "/v1/sandbox/a/egress/handler", {{"If-Match", "\"1\""}})), 400);
    EXPECT_EQ(status_of(head_of("DELETE", "/v1/connections/1", {{"If-None-Match", "*"}})), 400);
}

TEST(Call, X2_WhatIsNotTheirsIsNotThereAndIsRecorded) {
    const auto foreign = read(head_of("GET", "/v1/sandbox/tenant-b-1/egress"), kTenant);
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().reply.status, 404);
    EXPECT_EQ(foreign.error().who, "a");
    EXPECT_NE(foreign.error().why.find("tenant-b-1"), std::string::npos);
    EXPECT_FALSE(foreign.error().ends_connection);
    EXPECT_EQ(status_of(head_of("GET", "/v1/events?sandbox=tenant-b-1"), kTenant), 404);
    EXPECT_EQ(status_of(head_of("GET", "/v1/secrets"), kTenant), 403);
    EXPECT_EQ(status_of(head_of("GET", "/v1/sandbox/tenant-a-1/egress"), kTenant), 200);
}

TEST(Call, X2_AQuestionAboutAForeignSandboxIsAnsweredAsOneAboutNone) {
    auto call = read(head_of("POST", "/v1/explain", {{"Content-Type", "application/json"}}, 2), kTenant);
    ASSERT_TRUE(call);
    call->body = R"({"sandbox":"tenant-b-1"})";
    ASSERT_TRUE(check_body(*call));
    EXPECT_EQ(check_body(*call)->reply.status, 404);
    call->body = R"({"sandbox":"tenant-a-1"})";
    EXPECT_FALSE(check_body(*call));
    call->body = R"({"sandbox":7})";
    EXPECT_FALSE(check_body(*call));
}

TEST(Call, AReplyIsSettledByThePreconditionsOfItsGet) {
    auto call = read(head_of("GET", "/v1/policies/a", {{"If-None-Match", R"("6", W/"7")"}}));
    EXPECT_EQ(settle_reply(*call, Reply::json("{}", "7")).status, 304);
    EXPECT_EQ(settle_reply(*call, Reply::json("{}", "8")).status, 200);
    call = read(head_of("GET", "/v1/policies/a", {{"If-Match", R"("7")"}}));
    EXPECT_EQ(settle_reply(*call, Reply::json("{}", "8")).status, 412);
    EXPECT_EQ(settle_reply(*call, Reply::json("{}", "7")).status, 200);
}

TEST(Call, AnAnswerIsBounded) {
    const auto call = read(head_of("GET", "/v1/policies"));
    EXPECT_EQ(settle_reply(*call, Reply::json(std::string(kReplyBytesMax + 1, ' '))).status, 500);
}

TEST(Call, EachCallReachesTheApiWithItsNames) {
    FakeApi api;
    auto call = read(head_of("PUT", "/v1/sandbox/tenant-a-1/egress/hosts/a.example",
                             {{"Content-Type", "application/json"}}, 2));
    int status = 0;
    make_call(api, std::move(*call), [&](Reply reply) { status = reply.status; });
    EXPECT_EQ(status, 200);
    EXPECT_EQ(api.calls, std::vector<std::string>({"put_host_handler tenant-a-1 a.example"}));
}

}  // namespace
}  // namespace sallyport::admin
