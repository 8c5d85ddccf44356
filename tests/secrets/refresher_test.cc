#include "secrets/refresher.h"

#include <gtest/gtest.h>

#include <deque>

#include "tests/secrets/fake_provider.h"
#include "tests/secrets/fetching.h"

namespace sallyport::secrets {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// The longest wait of each jitter, so that times in tests are whole.
class NoJitter final : public Random {
public:
    void fill(std::span<unsigned char> bytes) override { std::fill(bytes.begin(), bytes.end(), 0); }
};

// A store whose answer changes, and that counts how often it is asked.
struct Store {
    std::function<Result<Fetched>(FetchContext&)> answer = [](FetchContext&) { return ok("first"); };
    int asked = 0;

    static Result<Fetched> ok(std::string_view value, std::optional<WallClock::time_point> expires = std::nullopt) {
        return Fetched{SecretString(value), expires};
    }
    void say(std::string value) {
        answer = [value](FetchContext&) { return ok(value); };
    }
    void fail(std::string detail, ErrorCode code = ErrorCode::secret_unavailable) {
        answer = [detail, code](FetchContext&) -> Result<Fetched> { return failure(code, detail); };
    }
    SecretSource source(const std::string& name, std::vector<std::string> templates = {}) {
        SecretSource made = fake_source(name, std::move(templates), [this](FetchContext& context) {
            ++asked;
            return answer(context);
        });
        made.definition = name;
        return made;
    }
};

class RefresherTest : public testing::Test {
protected:
    RefresherTest() {
        refresher.emplace(Refresher::Parts{http, commands, random, [this] { return now; },
                                           [this](auto task) { running.push_back(std::move(task)); },
                                           [](const auto& task) { task(); },
                                           [this](milliseconds after) { wake_at = now + after; },
                                           [this](const std::string& name) { changed.push_back(name); }});
    }

    void keep(std::vector<SecretSource> sources, const std::vector<Identity>& identities = {{"s", {}, {}}}) {
        std::vector<Refresher::Need> needs;
        for (const Identity& identity : identities) {
            Refresher::Need need{identity, {}};
            for (const SecretSource& source : sources) need.names.insert(source.name);
            needs.push_back(need);
        }
        kept = sources;
        refresher->keep(std::move(sources), needs);
    }
    // Lets everything that was asked answer.
    void answer() {
        while (!running.empty()) answer_one();
    }
    void answer_one() {
        auto task = std::move(running.front());
        running.pop_front();
        task();
    }
    // As the owner's timer does.
    void pass(milliseconds time) {
        for (const auto end = now + time; now < end;) {
            now = std::min(end, std::max(wake_at, now));
            refresher->tick();
            answer();
        }
    }
    // The value, or "!" and why there is none.
    std::string value(std::size_t index = 0, const Identity& identity = {"s", {}, {}}) {
        const SharedValue shared = refresher->value(kept.at(index), identity);
        if (!shared) return "null";
        return *shared ? std::string((*shared)->reveal()) : "!" + shared->error().detail;
    }

    FakeHttp http;
    FakeCommands commands;
    NoJitter random;
    WallClock::time_point now{hours(1'000'000 / 3)};
    WallClock::time_point wake_at;
    std::deque<std::function<void()>> running;
    std::vector<std::string> changed;
    std::vector<SecretSource> kept;
    std::optional<Refresher> refresher;
    Store store;
};

TEST_F(RefresherTest, FetchesAtOnceAndThenAfterThePeriod) {
    keep({store.source("a")});
    EXPECT_EQ(value(), "!secret \"a\": it has not been fetched yet");
    EXPECT_FALSE(refresher->has_settled());
    answer();
    EXPECT_EQ(value(), "first");
    EXPECT_TRUE(refresher->has_settled());
    EXPECT_EQ(changed, std::vector<std::string>{"a"});
    pass(minutes(5) - seconds(1));
    EXPECT_EQ(store.asked, 1);
    pass(seconds(1));
    EXPECT_EQ(store.asked, 2);
}

TEST_F(RefresherTest, AValueThatStaysTheSameIsNoChange) {
    keep({store.source("a")});
    answer();
    const SharedValue before = refresher->value(kept[0], {"s", {}, {}});
    pass(minutes(60));
    EXPECT_EQ(store.asked, 13);
    EXPECT_EQ(changed.size(), 1U);
    EXPECT_EQ(refresher->value(kept[0], {"s", {}, {}}), before);
}

TEST_F(RefresherTest, RotationTakesTheNewValueAndTheOldOneLivesUntilThen) {
    keep({store.source("a")});
    answer();
    store.say("second");
    now += minutes(5);
    refresher->tick();
    EXPECT_EQ(value(), "first");  // being fetched
    answer();
    EXPECT_EQ(value(), "second");
    EXPECT_EQ(changed, (std::vector<std::string>{"a", "a"}));
}

TEST_F(RefresherTest, FetchesAheadOfExpiryAndUsesNothingAfterIt) {
    const auto start = now;
    store.answer = [&](FetchContext& context) { return Store::ok("v" + std::to_string(store.asked), context.now + hours(1)); };
    keep({store.source("a")});
    answer();
    EXPECT_EQ(value(), "v1");
    pass(minutes(45));
    EXPECT_EQ(value(), "v2");
    store.fail("down");
    pass(minutes(59));
    EXPECT_EQ(value(), "v2");
    pass(minutes(1));
    EXPECT_EQ(value(), "!secret \"a\": it has expired: down");
    EXPECT_EQ(now, start + minutes(105));
    EXPECT_EQ(changed.size(), 3U);
}

TEST_F(RefresherTest, AStoreThatFailsServesTheLastValueForTheGraceOnly) {
    SecretSource source = store.source("a");
    source.refresh = minutes(10);
    source.grace = minutes(3);
    keep({source});
    answer();
    store.fail("down");
    pass(minutes(13) - milliseconds(1));
    EXPECT_EQ(value(), "first");
    pass(milliseconds(1));
    EXPECT_EQ(value(), "!secret \"a\": it has expired: down");
    store.say("back");
    pass(kBackOffMax);
    EXPECT_EQ(value(), "back");
}

TEST_F(RefresherTest, BacksOffExponentiallyUpToAMinute) {
    store.fail("down");
    keep({store.source("a")});
    answer();
    EXPECT_EQ(value(), "!secret \"a\": down");
    std::vector<long> waits;
    for (int i = 0; i < 9; ++i) {
        const auto before = now;
        const int asked = store.asked;
        while (store.asked == asked) pass(std::chrono::duration_cast<milliseconds>(wake_at - now));
        waits.push_back(std::chrono::duration_cast<seconds>(now - before).count());
    }
    EXPECT_EQ(waits, (std::vector<long>{1, 2, 4, 8, 16, 32, 60, 60, 60}));
    EXPECT_EQ(changed.size(), 1U);  // the same failure is nothing new
    store.say("back");
    pass(kBackOffMax);
    EXPECT_EQ(value(), "back");
    store.fail("down");
    pass(minutes(5));
    const int asked = store.asked;
    pass(seconds(1));
    EXPECT_EQ(store.asked, asked + 1);
}

TEST_F(RefresherTest, RevocationEndsTheLastValueAtOnce) {
    keep({store.source("a")});
    answer();
    store.fail("the store says that it is gone", ErrorCode::denied);
    refresher->refresh("a");
    answer();
    EXPECT_EQ(value(), "!secret \"a\": the store says that it is gone");
    EXPECT_EQ(changed.size(), 2U);
    store.say("new");
    pass(seconds(1));
    EXPECT_EQ(value(), "new");
}

TEST_F(RefresherTest, ALyingStoreGivesNothing) {
    const std::pair<Result<Fetched>, std::string> lies[] = {
        {Store::ok("old", now - seconds(1)), "the store's value has expired already"},
        {Store::ok("now", now), "the store's value has expired already"},
        {Store::ok(""), "the value is empty"},
        {Store::ok("a\r\nx-evil: 1"), "the value holds control characters"},
        {Store::ok(std::string(70'000, 'x')), "the value is over 64 KiB"},
    };
    keep({store.source("a")});
    for (const auto& [lie, why] : lies) {
        store.answer = [&lie = lie](FetchContext&) -> Result<Fetched> {
            return Fetched{SecretString(lie->value.reveal()), lie->expires_at};
        };
        refresher->refresh("a");
        answer();
        EXPECT_EQ(value(), "!secret \"a\": " + why);
    }
    // For ever, it says.
    store.answer = [](FetchContext&) { return Store::ok("for ever", WallClock::time_point::max()); };
    refresher->refresh("a");
    answer();
    EXPECT_EQ(value(), "for ever");
    EXPECT_EQ(refresher->status().front().next_fetch, now + kFetchPeriodMax);
    // And for a millisecond.
    store.answer = [](FetchContext& context) { return Store::ok("short", context.now + milliseconds(1)); };
    refresher->refresh("a");
    answer();
    EXPECT_EQ(value(), "short");
    EXPECT_EQ(refresher->status().front().next_fetch, now + seconds(1));
}

TEST_F(RefresherTest, ASlowStoreHoldsNobodyUpButItself) {
    Store slow;
    std::vector<SecretSource> sources;
    for (const char* name : {"a", "b", "c", "d"}) sources.push_back(slow.source(name));
    keep(sources);
    EXPECT_EQ(running.size(), kFetchesPerTypeMax);
    for (int i = 0; i < 10; ++i) {
        now += minutes(10);
        refresher->tick();
        EXPECT_EQ(refresher->refresh("a"), 1U);
    }
    EXPECT_EQ(running.size(), kFetchesPerTypeMax);  // once for each, however long it takes
    answer();
    EXPECT_EQ(value(3), "first");
    EXPECT_EQ(slow.asked, 5);  // "a" once more, as it was asked for meanwhile
}

TEST_F(RefresherTest, SandboxesShareWhatComesOutTheSame) {
    const std::vector<Identity> identities{{"one", {{"tenant", "acme"}}, {}}, {"two", {{"tenant", "acme"}}, {}},
                                           {"three", {{"tenant", "other"}}, {}}};
    Store by_tenant;
    by_tenant.answer = [](FetchContext& context) { return Store::ok("of " + context.identity.params.at("tenant")); };
    keep({store.source("common"), by_tenant.source("own", {"kv/${params.tenant}"})}, identities);
    answer();
    EXPECT_EQ(store.asked, 1);
    EXPECT_EQ(by_tenant.asked, 2);
    EXPECT_EQ(value(1, identities[0]), "of acme");
    EXPECT_EQ(value(1, identities[1]), "of acme");
    EXPECT_EQ(value(1, identities[2]), "of other");
    EXPECT_EQ(value(1, {"four", {{"tenant", "new"}}, {}}), "null");
}

TEST_F(RefresherTest, WhatNoSandboxNeedsIsNotFetched) {
    const auto source = store.source("a", {"${sandbox.id}"});
    refresher->keep({source}, {{{"s", {}, {}}, {"b"}}});
    EXPECT_TRUE(running.empty());
    EXPECT_TRUE(refresher->has_settled());
    EXPECT_EQ(refresher->value(source, {"s", {}, {}}), nullptr);
}

TEST_F(RefresherTest, AStoresOwnSecretsAreFetchedBeforeIt) {
    Store token;
    token.say("token-1");
    store.answer = [](FetchContext& context) -> Result<Fetched> {
        const auto found = context.inputs.get("token");
        if (!found) return failure(found.error());
        return Store::ok("with " + std::string(*found));
    };
    refresher->keep(kept = {store.source("a", {"${secrets.token}"}), token.source("token")}, {{{"s", {}, {}}, {"a"}}});
    EXPECT_EQ(running.size(), 1U);
    answer();
    EXPECT_EQ(value(), "with token-1");
    token.say("token-2");
    refresher->refresh("token");
    answer();
    EXPECT_EQ(value(), "with token-2");
    token.fail("gone", ErrorCode::denied);
    refresher->refresh("token");
    answer();
    EXPECT_EQ(value(), "with token-2");  // it is good until it expires: what it was made with is another matter
    pass(minutes(25));
    EXPECT_EQ(value(), "!secret \"a\": it has expired: secret \"token\": gone");
}

TEST_F(RefresherTest, AStoreWhoseOwnSecretFailsSaysSo) {
    Store token;
    token.fail("no login");
    store.answer = [](FetchContext& context) -> Result<Fetched> {
        const auto found = context.inputs.get("token");
        return found ? Store::ok(*found) : failure(found.error());
    };
    keep({store.source("a", {"${secrets.token}"}), token.source("token")});
    answer();
    EXPECT_EQ(value(), "!secret \"a\": secret \"token\": no login");
    EXPECT_TRUE(refresher->has_settled());
    token.say("t");
    refresher->refresh("token");
    answer();  // at once, not after the back-off
    EXPECT_EQ(value(), "t");
}

TEST_F(RefresherTest, ReadsInputsOfOtherKinds) {
    setenv("SALLYPORT_REFRESHER_TEST", "role", 1);
    store.answer = [](FetchContext& context) { return Store::ok(context.inputs.get("role").value()); };
    keep({store.source("a", {"${secrets.role}"}), {"role", SourceKind::env, "SALLYPORT_REFRESHER_TEST"}});
    answer();
    EXPECT_EQ(value(), "role");
    unsetenv("SALLYPORT_REFRESHER_TEST");
}

class Counter final : public ProviderState {
public:
    int count = 0;
};

TEST_F(RefresherTest, AProviderRemembersFromOneFetchToTheNextAcrossAReload) {
    store.answer = [](FetchContext& context) {
        if (!context.state) context.state = std::make_unique<Counter>();
        return Store::ok(std::to_string(++static_cast<Counter&>(*context.state).count));
    };
    keep({store.source("a")});
    answer();
    keep({store.source("a")});  // another provider of the same definition
    EXPECT_EQ(value(), "1");
    EXPECT_TRUE(running.empty());
    refresher->keep(kept, {});  // no sandbox
    EXPECT_EQ(value(), "1");
    refresher->refresh("a");
    answer();
    EXPECT_EQ(value(), "2");
}

TEST_F(RefresherTest, AnotherDefinitionIsAnotherSecret) {
    keep({store.source("a")});
    answer();
    Store other;
    other.fail("down");
    SecretSource source = other.source("a");
    source.definition = "another";
    keep({source});
    EXPECT_EQ(value(), "!secret \"a\": it has not been fetched yet");
    answer();
    EXPECT_EQ(value(), "!secret \"a\": down");
}

TEST_F(RefresherTest, AnAnswerForWhatIsGoneIsDropped) {
    const Identity identity{"s", {}, {}};
    keep({store.source("a", {"${sandbox.id}"})});
    refresher->keep(kept, {});
    EXPECT_EQ(value(), "null");
    answer();
    EXPECT_EQ(value(), "null");
    EXPECT_TRUE(changed.empty());
    keep(kept);
    auto late = std::move(running.front());
    running.clear();
    refresher.reset();
    late();  // for nobody
    EXPECT_TRUE(changed.empty());
}

TEST_F(RefresherTest, AClockThatIsSetBackMakesNothingLastLonger) {
    store.answer = [](FetchContext& context) { return Store::ok("v", context.now + hours(1)); };
    keep({store.source("a")});
    answer();
    store.fail("down");
    now -= hours(24);
    refresher->tick();
    pass(minutes(59));
    EXPECT_EQ(value(), "v");
    pass(minutes(1));
    EXPECT_EQ(value(), "!secret \"a\": it has expired: down");
}

TEST_F(RefresherTest, ThreatX6WhatIsSaidOfItHoldsNoValue) {
    constexpr std::string_view kMarker = "mArKeR-88d1";
    keep({store.source("a", {"${sandbox.id}"})});
    store.say(std::string(kMarker));
    answer();
    store.fail("down");
    refresher->refresh("a");
    answer();
    const auto status = refresher->status();
    ASSERT_EQ(status.size(), 1U);
    EXPECT_EQ(status[0].name, "a");
    EXPECT_EQ(status[0].sandbox, "s");
    EXPECT_TRUE(status[0].has_value);
    EXPECT_EQ(status[0].fetched_at, now);
    EXPECT_EQ(status[0].usable_until, now + minutes(20));
    EXPECT_EQ(status[0].fetches, 2U);
    EXPECT_EQ(status[0].failures, 1U);
    EXPECT_EQ(status[0].last_error, "down");
    store.say(std::string(kMarker) + "\n\n");
    refresher->refresh("a");
    answer();
    EXPECT_EQ(refresher->status()[0].last_error.find(kMarker), std::string::npos);
}

}  // namespace
}  // namespace sallyport::secrets
