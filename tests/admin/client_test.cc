#include "admin/client.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/admin/serving.h"

namespace sallyport::admin {
namespace {

std::string failure_of(const Result<ClientResponse>& result) {
    return result ? "none" : std::string(tag(result.error().code)) + ": " + result.error().detail;
}

TEST(Client, CallsAndReadsTheAnswer) {
    const Scratch scratch;
    Serving serving(local_options(scratch.path(), {{geteuid(), {"me", {}}}}));
    const auto list = call(scratch.path(), {"GET", "/v1/policies", {}, {}});
    ASSERT_TRUE(list) << list.error().detail;
    EXPECT_EQ(list->status, 200);
    EXPECT_EQ(list->etag, "1");
    const auto put = call(scratch.path(), {"PUT", "/v1/policies/a",
                                           {{"Content-Type", "application/json"}, {"If-None-Match", "*"}}, "{}"});
    EXPECT_EQ(put->status, 200);
    EXPECT_EQ(put->etag, "2");
    EXPECT_EQ(call(scratch.path(), {"DELETE", "/v1/policies/a", {}, {}})->status, 204);
    EXPECT_EQ(call(scratch.path(), {"HEAD", "/v1/policies", {}, {}})->body, "");
    EXPECT_EQ(call(scratch.path(), {"GET", "/nothing", {}, {}})->status, 404);
}

TEST(Client, ALargeBodyThatIsRefusedStillGetsItsAnswer) {
    const Scratch scratch;
    Serving serving(local_options(scratch.path(), {{geteuid(), {"me", {}}}}));
    const auto refused = call(scratch.path(), {"PUT", "/v1/policies/a", {{"Content-Type", "application/json"}},
                                               std::string(5'000'000, ' ')});
    ASSERT_TRUE(refused) << refused.error().detail;
    EXPECT_EQ(refused->status, 413);
}

TEST(Client, SaysWhatToDoWhereNobodyServes) {
    const Scratch scratch;
    const std::string none = failure_of(call(scratch.path(), {}));
    EXPECT_NE(none.find("connect_failed"), std::string::npos);
    EXPECT_NE(none.find("is `sallyport serve` running"), std::string::npos);
    { ASSERT_TRUE(listen_unix(scratch.path(), false)); }
    EXPECT_NE(failure_of(call(scratch.path(), {})).find("nobody serves"), std::string::npos);
    EXPECT_NE(failure_of(call("/" + std::string(200, 'a'), {})).find("connect_failed"), std::string::npos);
}

TEST(Client, GivesUpWhenItsTimeIsOver) {
    const Scratch scratch;
    const auto listener = listen_unix(scratch.path(), false);  // accepts nobody
    EXPECT_NE(failure_of(call(scratch.path(), {}, std::chrono::milliseconds(20))).find("origin_timeout"),
              std::string::npos);
}

TEST(Client, FollowsEventsUntilItHasEnough) {
    const Scratch scratch;
    Serving serving(local_options(scratch.path(), {{geteuid(), {"me", {}}}}));
    serving.on_loop([&] {
        // From the loop: publish as soon as somebody listens.
        serving.server().on_subscribers([&](bool any) {
            if (!any) return;
            for (int i = 0; i < 3; ++i) serving.server().publish({"policy", "", "{\"n\":" + std::to_string(i) + "}"});
        });
    });
    std::string seen;
    const auto followed = follow(scratch.path(), "/v1/events", [&](std::string_view type, std::string_view data) {
        seen += std::string(type) + std::string(data);
        return seen.find("\"n\":2") == std::string::npos;
    });
    EXPECT_TRUE(followed) << followed.error().detail;
    EXPECT_NE(seen.find(R"(policy{"n":2})"), std::string::npos);
}

TEST(Client, SaysWhyThereIsNothingToFollow) {
    const Scratch scratch;
    Serving serving(local_options(scratch.path(), {{geteuid(), {"me", {}}}}));
    const auto followed = follow(scratch.path(), "/v1/events?type=nothing",
                                 [](std::string_view, std::string_view) { return true; });
    ASSERT_FALSE(followed);
    EXPECT_NE(followed.error().detail.find("400"), std::string::npos);
}

TEST(Client, AServerThatGoesEndsTheStream) {
    const Scratch scratch;
    auto serving = std::make_unique<Serving>(local_options(scratch.path(), {{geteuid(), {"me", {}}}}));
    serving->on_loop([&] {
        serving->server().on_subscribers([&](bool any) {
            if (any) serving->server().publish({"policy", "", "{}"});
        });
    });
    const auto followed = follow(scratch.path(), "/v1/events", [&](std::string_view, std::string_view) {
        serving.reset();
        return true;
    });
    ASSERT_FALSE(followed);
    EXPECT_EQ(followed.error().code, ErrorCode::origin_closed);
}

}  // namespace
}  // namespace sallyport::admin
