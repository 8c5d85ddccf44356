#include "sandbox/redirect_table.h"

#include "sandbox/in_namespace.h"
#include "sandbox/routes.h"
#include "tests/sandbox/box.h"

namespace sallyport::sandbox {
namespace {

Result<void> run_rules(const std::string& rules) {
    auto nft = NftSocket::open();
    if (!nft) return failure(nft.error());
    return nft->run(rules);
}

bool has_table(const std::string& name) { return run_rules("list table " + name).has_value(); }

TEST(RedirectTable, ReplacesTheOneOfAnEarlierDaemon) {
    ASSERT_ROOT();
    ASSERT_OK(run_in_new_namespace([]() -> Result<void> {
        const std::string rules = redirect_rules({1, 2, 3, 4});
        if (auto done = run_rules(rules); !done) return done;
        if (auto done = run_rules(rules); !done) return done;
        EXPECT_TRUE(has_table("inet sallyport"));
        return {};
    }));
}

TEST(RedirectTable, RefusesEchoToTheWorldButNotToLoopback) {
    ASSERT_ROOT();
    ASSERT_OK(run_in_new_namespace([]() -> Result<void> {
        if (auto up = set_link("lo", LinkState::up); !up) return up;
        if (auto routed = route_everything_to_loopback(); !routed) return routed;
        if (auto done = run_rules(redirect_rules({1, 2, 3, 4})); !done) return done;
        const UniqueFd raw(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
        const unsigned char echo[8] = {8, 0, 0xf7, 0xff};
        const Endpoint world = endpoint("8.8.8.8", 0);
        EXPECT_EQ(::sendto(raw.get(), echo, sizeof(echo), 0, &world.any, size_of(world)), -1);
        EXPECT_EQ(errno, EPERM);
        const Endpoint self = endpoint("127.0.0.1", 0);
        EXPECT_EQ(::sendto(raw.get(), echo, sizeof(echo), 0, &self.any, size_of(self)), 8);
        return {};
    }));
}

TEST(ClosingRules, StayWhenTheirSocketIsGoneUnlessHeld) {
    ASSERT_ROOT();
    ASSERT_OK(run_in_new_namespace([]() -> Result<void> {
        if (auto done = run_rules(closing_rules(TableKind::plain, {"lo"})); !done) return done;
        EXPECT_TRUE(has_table("inet sallyport_closed"));
        EXPECT_TRUE(has_table("netdev sallyport_closed"));
        if (auto done = run_rules(closing_rules(TableKind::held, {"lo"})); !done) return done;
        EXPECT_FALSE(has_table("inet sallyport_held"));
        return {};
    }));
}

TEST(ClosingRules, SurviveAFlushWhileHeld) {
    ASSERT_ROOT();
    ASSERT_OK(run_in_new_namespace([]() -> Result<void> {
        auto nft = NftSocket::open();
        if (!nft) return failure(nft.error());
        if (auto done = nft->run(closing_rules(TableKind::held, {"lo"})); !done) return done;
        (void)run_rules("flush ruleset");
        EXPECT_FALSE(run_rules("delete table inet sallyport_held").has_value());
        EXPECT_FALSE(run_rules("flush chain netdev sallyport_held egress0").has_value());
        EXPECT_TRUE(has_table("inet sallyport_held"));
        EXPECT_TRUE(has_table("netdev sallyport_held"));
        return {};
    }));
}

TEST(NftSocket, SaysWhatIsWrongWithARule) {
    ASSERT_ROOT();
    const auto done = run_rules("table inet {");
    ASSERT_FALSE(done.has_value());
    EXPECT_THAT(done.error().detail, ::testing::HasSubstr("syntax error"));
}

}  // namespace
}  // namespace sallyport::sandbox
