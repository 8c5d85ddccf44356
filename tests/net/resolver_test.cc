#include "net/resolver.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/net/fake_name_server.h"

namespace sallyport::net {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Address at(std::string_view text) { return parse_address(text).value(); }

class ResolverTest : public testing::Test {
protected:
    ResolverTest() {
        std::filesystem::create_directory(folder);
        write(options.hosts_path, "10.0.0.1 listed.example single\n10.0.0.9 fixed.localhost\n");
        // Neither the domains nor the dots may matter: names are absolute.
        write(options.resolv_conf_path, "search corp.example\noptions ndots:5\n");
        server.zone["a.example"] = {{at("192.0.2.1"), at("2001:db8::1")}};
        server.zone["b.example"] = {{at("192.0.2.2")}};
        server.zone["c.example"] = {{at("192.0.2.3")}};
        server.zone["silent.example"] = {.is_silent = true};
    }
    ~ResolverTest() override { std::filesystem::remove_all(folder); }

    // A new file each time, so that its stamp is new however fast the test is.
    static void write(const std::string& path, const std::string& text) {
        std::ofstream(path + ".new") << text;
        std::filesystem::rename(path + ".new", path);
    }
    Resolver& resolver() {
        if (!made) made = std::make_unique<Resolver>(loop, options);
        return *made;
    }
    Resolver::Answer resolve(const std::string& name) {
        std::optional<Resolver::Answer> answer;
        const auto query = resolver().resolve(name, [&](Resolver::Answer got) {
            answer = std::move(got);
            loop.stop();
        });
        EXPECT_EQ(query == nullptr, answer.has_value());
        while (!answer) loop.run();
        return *answer;
    }
    // In one event, so in one moment of the loop's clock.
    void in_one_moment(std::function<void()> task) {
        loop.post([this, task = std::move(task)] {
            task();
            loop.stop();
        });
        loop.run();
    }

    Loop loop;
    FakeNameServer server{loop};
    std::filesystem::path folder =
        std::filesystem::path(testing::TempDir()) / ("resolver." + std::to_string(getpid()));
    ResolverOptions options{.timeout = milliseconds(20000),
                            .hosts_path = folder / "hosts",
                            .resolv_conf_path = folder / "resolv.conf",
                            .files_checked_every = milliseconds(0),
                            .servers_csv = server.csv()};
    std::unique_ptr<Resolver> made;
};

TEST_F(ResolverTest, FindsEveryAddress) {
    EXPECT_THAT(*resolve("a.example"), UnorderedElementsAre(at("192.0.2.1"), at("2001:db8::1")));
}

TEST_F(ResolverTest, TakesAddressesAndListedNamesAsTheyAre) {
    EXPECT_THAT(*resolve("192.0.2.7"), ElementsAre(at("192.0.2.7")));
    EXPECT_THAT(*resolve("2001:db8::7"), ElementsAre(at("2001:db8::7")));
    EXPECT_THAT(*resolve("listed.example"), ElementsAre(at("10.0.0.1")));
    EXPECT_THAT(*resolve("single"), ElementsAre(at("10.0.0.1")));
    EXPECT_THAT(server.asked, IsEmpty());
}

TEST_F(ResolverTest, KeepsLocalhostOnTheLoopback) {
    EXPECT_THAT(*resolve("localhost"), ElementsAre(at("127.0.0.1"), at("::1")));
    EXPECT_THAT(*resolve("any.localhost"), ElementsAre(at("127.0.0.1"), at("::1")));
    EXPECT_THAT(*resolve("fixed.localhost"), ElementsAre(at("10.0.0.9")));
    EXPECT_THAT(server.asked, IsEmpty());
}

TEST_F(ResolverTest, AsksForNamesAsTheyAre) {
    server.zone["word"] = {{at("192.0.2.4")}};
    EXPECT_THAT(*resolve("word"), ElementsAre(at("192.0.2.4")));
    EXPECT_EQ(resolve("missing").error().code, ErrorCode::dns_not_found);
    EXPECT_EQ(resolve("missing.example").error().code, ErrorCode::dns_not_found);
    EXPECT_THAT(server.asked, ElementsAre("word", "missing", "missing.example"));
}

TEST_F(ResolverTest, RemembersAnswers) {
    (void)resolve("a.example");
    const auto again = resolve("a.example");
    EXPECT_EQ(again->size(), 2u);
    EXPECT_THAT(server.asked, ElementsAre("a.example"));
}

TEST_F(ResolverTest, RemembersFailuresForAWhile) {
    bool asked_again = false;
    const auto query = resolver().resolve("missing.example", [&](Resolver::Answer first) {
        EXPECT_EQ(first.error().code, ErrorCode::dns_not_found);
        const auto none = resolver().resolve("missing.example", [&](Resolver::Answer second) {
            EXPECT_EQ(second.error(), first.error());
            asked_again = true;
        });
        EXPECT_EQ(none, nullptr);
        loop.stop();
    });
    loop.run();
    EXPECT_TRUE(asked_again);
    EXPECT_THAT(server.asked, ElementsAre("missing.example"));
}

TEST_F(ResolverTest, ForgetsAnswersAfterTheirTime) {
    server.zone["a.example"].ttl_seconds = 0;
    (void)resolve("a.example");
    (void)resolve("a.example");
    EXPECT_THAT(server.asked, ElementsAre("a.example", "a.example"));
}

TEST_F(ResolverTest, KeepsNoAnswerLongerThanItMay) {
    options.ttl_max = std::chrono::seconds(0);
    (void)resolve("a.example");
    (void)resolve("a.example");
    EXPECT_THAT(server.asked, ElementsAre("a.example", "a.example"));
}

TEST_F(ResolverTest, ForgetsTheLeastRecentlyUsedWhereItIsFull) {
    options.cache_entries_max = 2;
    for (const char* name : {"a.example", "b.example", "a.example", "c.example", "a.example", "b.example"}) (void)resolve(name);
    EXPECT_THAT(server.asked, ElementsAre("a.example", "b.example", "c.example", "b.example"));
}

TEST_F(ResolverTest, AsksOnceForAllWhoWait) {
    int answers = 0;
    const auto count = [&](Resolver::Answer answer) {
        EXPECT_TRUE(answer.has_value());
        if (++answers == 2) loop.stop();
    };
    const auto first = resolver().resolve("a.example", count);
    const auto cancelled = resolver().resolve("a.example", [](const Resolver::Answer&) { FAIL(); }) == nullptr;
    const auto second = resolver().resolve("a.example", count);
    EXPECT_FALSE(cancelled);
    loop.run();
    EXPECT_EQ(answers, 2);
    EXPECT_THAT(server.asked, ElementsAre("a.example"));
}

TEST_F(ResolverTest, FinishesALookUpThatNobodyWaitsForAnyMore) {
    (void)resolver().resolve("a.example", [](const Resolver::Answer&) { FAIL(); });
    EXPECT_TRUE(resolve("b.example").has_value());
    EXPECT_TRUE(resolve("a.example").has_value());
    EXPECT_THAT(server.asked, ElementsAre("a.example", "b.example"));
}

TEST_F(ResolverTest, LetsACallbackCancelTheOthers) {
    std::unique_ptr<Resolver::Query> first, second;
    int answers = 0;
    first = resolver().resolve("a.example", [&](const Resolver::Answer&) {
        ++answers;
        second.reset();
        first.reset();
        loop.stop();
    });
    second = resolver().resolve("a.example", [&](const Resolver::Answer&) { ++answers; });
    loop.run();
    EXPECT_EQ(answers, 1);
}

TEST_F(ResolverTest, GivesUpInTime) {
    options.timeout = milliseconds(10);
    const auto answer = resolve("silent.example");
    EXPECT_EQ(answer.error().code, ErrorCode::dns_failed);
}

TEST_F(ResolverTest, FailsWhereTheServerDoes) {
    server.zone["broken.example"] = {.code = DnsCode::server_failure};
    EXPECT_EQ(resolve("broken.example").error().code, ErrorCode::dns_failed);
}

TEST_F(ResolverTest, FailsAtOnceForNamesThatAreNeverAsked) {
    EXPECT_EQ(resolve("hidden.onion").error().code, ErrorCode::dns_not_found);
    EXPECT_EQ(resolve("two..dots").has_value(), false);
    EXPECT_THAT(server.asked, IsEmpty());
}

TEST_F(ResolverTest, NoticesANewHostsFile) {
    (void)resolve("b.example");
    write(options.hosts_path, "10.0.0.2 listed.example b.example\n");
    EXPECT_THAT(*resolve("listed.example"), ElementsAre(at("10.0.0.2")));
    EXPECT_THAT(*resolve("b.example"), ElementsAre(at("10.0.0.2")));
    std::filesystem::remove(options.hosts_path);
    EXPECT_THAT(*resolve("b.example"), ElementsAre(at("192.0.2.2")));
}

TEST_F(ResolverTest, LooksAtItsFilesNoMoreOftenThanItMay) {
    options.files_checked_every = std::chrono::hours(1);
    in_one_moment([&] {
        (void)resolver().resolve("listed.example", [](const Resolver::Answer&) {});
        write(options.hosts_path, "");
        (void)resolver().resolve("listed.example", [](const Resolver::Answer& answer) { EXPECT_TRUE(answer.has_value()); });
    });
}

TEST_F(ResolverTest, AsksTheNewServersWhatItIsAsking) {
    bool answered = false;
    const auto query = resolver().resolve("silent.example", [&](const Resolver::Answer& answer) {
        answered = answer.has_value();
    });
    EXPECT_TRUE(resolve("b.example").has_value());  // by now the silent one has been asked
    server.zone["silent.example"] = {{at("192.0.2.5")}};
    write(options.resolv_conf_path, "nameserver 192.0.2.53\n");
    EXPECT_TRUE(resolve("b.example").has_value());
    EXPECT_TRUE(resolve("silent.example").has_value());
    EXPECT_TRUE(answered);
    EXPECT_THAT(server.asked, UnorderedElementsAre("silent.example", "b.example", "silent.example", "b.example"));
}

TEST_F(ResolverTest, MayGoWithLookUpsUnderWay) {
    const auto query = resolver().resolve("silent.example", [](const Resolver::Answer&) { FAIL(); });
    made.reset();
}

}  // namespace
}  // namespace sallyport::net
