#include "admin/event_hub.h"

#include <gtest/gtest.h>

#include <memory>

#include "admin/limits.h"

namespace sallyport::admin {
namespace {

struct Listener final : Subscriber {
    std::vector<std::string> texts;
    void on_event(std::string_view text) override { texts.emplace_back(text); }
};

const Caller kOperator{"op", {}};
const Caller kTenant{"a", {"tenant-a-*"}};

// How many of three events (one of each tenant, one of none) get through.
std::size_t seen_by(const Caller& caller, const EventQuery& query) {
    EventHub hub;
    Listener listener;
    EXPECT_TRUE(hub.has_room(caller));
    hub.subscribe(listener, caller, query);
    hub.publish({"request", "tenant-a-1", "{}"});
    hub.publish({"egress", "tenant-b-1", "{}"});
    hub.publish({"policy", "", "{}"});
    hub.unsubscribe(listener);
    hub.publish({"request", "tenant-a-1", "{}"});
    return listener.texts.size();
}

TEST(EventHub, X2_ATenantSeesWhatIsItsOwn) {
    EXPECT_EQ(seen_by(kOperator, {}), 3u);
    EXPECT_EQ(seen_by(kTenant, {}), 1u);
    EXPECT_EQ(seen_by(kTenant, {"tenant-b-1", {}}), 0u);
    EXPECT_EQ(seen_by(kTenant, {{}, {"policy"}}), 0u);
}

TEST(EventHub, EventsAreFilteredBySandboxAndType) {
    EXPECT_EQ(seen_by(kOperator, {"tenant-b-1", {}}), 1u);
    EXPECT_EQ(seen_by(kOperator, {{}, {"policy", "request"}}), 2u);
    EXPECT_EQ(seen_by(kOperator, {"tenant-a-1", {"egress"}}), 0u);
}

TEST(EventHub, X14_AnEventCannotBecomeTwo) {
    EXPECT_EQ(event_text("request", "{\"a\":\"b\"}"), "event: request\ndata: {\"a\":\"b\"}\n\n");
    EXPECT_EQ(event_text("a\nb", "{}\n\nevent: x\r\ndata: y"), "event: a b\ndata: {}  event: x  data: y\n\n");
}

TEST(EventHub, SubscribersAreBounded) {
    EventHub hub;
    std::vector<std::unique_ptr<Listener>> listeners;
    const auto add = [&](const Caller& caller) {
        if (!hub.has_room(caller)) return false;
        listeners.push_back(std::make_unique<Listener>());
        hub.subscribe(*listeners.back(), caller, {});
        return true;
    };
    for (std::size_t i = 0; i < kSubscribersPerCallerMax; ++i) EXPECT_TRUE(add(kTenant));
    EXPECT_FALSE(add(kTenant));
    for (std::size_t i = kSubscribersPerCallerMax; i < kSubscribersMax; ++i) EXPECT_TRUE(add(kOperator));
    EXPECT_FALSE(add(kOperator));
}

TEST(EventHub, SaysWhenTheFirstComesAndTheLastGoes) {
    EventHub hub;
    std::string said;
    hub.on_change([&](bool any) { said += any ? '+' : '-'; });
    Listener first, second;
    hub.subscribe(first, kOperator, {});
    hub.subscribe(second, kOperator, {});
    hub.unsubscribe(first);
    hub.unsubscribe(first);
    EXPECT_EQ(said, "+");
    hub.unsubscribe(second);
    EXPECT_EQ(said, "+-");
    EXPECT_TRUE(hub.empty());
}

}  // namespace
}  // namespace sallyport::admin
