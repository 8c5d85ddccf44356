#include "net/loop.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <string>
#include <thread>

#include "base/check.h"

namespace sallyport::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;

struct SocketPair {
    SocketPair() {
        int fds[2];
        SALLYPORT_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
        ours.reset(fds[0]);
        theirs.reset(fds[1]);
    }
    void send_to_us(std::string_view bytes) {
        SALLYPORT_CHECK(send(theirs.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    }
    std::string take_one() {
        char byte = 0;
        return recv(ours.get(), &byte, 1, 0) == 1 ? std::string(1, byte) : "";
    }
    UniqueFd ours, theirs;
};

TEST(Loop, RunsPostedTasksInOrder) {
    Loop loop;
    std::vector<int> ran;
    loop.post([&] { ran.push_back(1); });
    loop.post([&] { ran.push_back(2); });
    loop.post([&] { loop.stop(); });
    loop.run();
    EXPECT_THAT(ran, ElementsAre(1, 2));
}

TEST(Loop, RunsOnItsOwnThreadWhatAnotherPosts) {
    Loop loop;
    std::thread::id ran_on;
    std::thread other([&] {
        loop.post([&] {
            ran_on = std::this_thread::get_id();
            loop.stop();
        });
    });
    loop.run();
    other.join();
    EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(Loop, TakesPostsFromManyThreadsWhileItRuns) {
    constexpr int kThreads = 4;
    constexpr int kPosts = 500;
    Loop loop;
    int ran = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < kPosts; ++i) {
                loop.post([&] {
                    if (++ran == kThreads * kPosts) loop.stop();
                });
            }
        });
    }
    loop.run();
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(ran, kThreads * kPosts);
}

TEST(Loop, RunsDeferredTasksBeforeTheNextEvent) {
    Loop loop;
    std::vector<std::string> ran;
    loop.post([&] {
        loop.defer([&] {
            ran.push_back("deferred");
            loop.defer([&] { ran.push_back("deferred by it"); });
        });
        ran.push_back("first");
    });
    loop.post([&] {
        ran.push_back("second");
        loop.stop();
    });
    loop.run();
    EXPECT_THAT(ran, ElementsAre("first", "deferred", "deferred by it", "second"));
}

TEST(Loop, RunsWhatWasDeferredBeforeItRan) {
    Loop loop;
    bool ran = false;
    loop.defer([&] {
        ran = true;
        loop.stop();
    });
    loop.run();
    EXPECT_TRUE(ran);
}

TEST(Loop, RunsAgainAfterItWasStopped) {
    Loop loop;
    int rounds = 0;
    for (int i = 0; i < 2; ++i) {
        loop.post([&] {
            ++rounds;
            loop.stop();
        });
        loop.run();
    }
    EXPECT_EQ(rounds, 2);
}

TEST(Loop, TakesTasksThatOwnWatchesWithIt) {
    SocketPair sockets;
    auto loop = std::make_unique<Loop>();
    auto watch = std::make_shared<FdWatch>(*loop, sockets.ours.get(), [](int) {});
    watch->want(FdWatch::kRead);
    loop->post([kept = watch] {});
    loop->defer([kept = std::move(watch)] {});
    loop.reset();
}

TEST(Loop, HasOneTimeForEachEvent) {
    Loop loop;
    Clock::time_point first, second, outside = loop.now();
    loop.post([&] {
        first = loop.now();
        while (Clock::now() == first) {
        }
        second = loop.now();
        loop.stop();
    });
    loop.run();
    EXPECT_EQ(first, second);
    EXPECT_GE(first, outside);
    EXPECT_GE(loop.now(), first);
}

TEST(FdWatch, CallsWhileBytesAreLeft) {
    Loop loop;
    SocketPair sockets;
    std::string got;
    FdWatch watch(loop, sockets.ours.get(), [&](int ready) {
        EXPECT_EQ(ready, FdWatch::kRead);
        got += sockets.take_one();
        if (got.size() == 3) loop.stop();
    });
    watch.want(FdWatch::kRead);
    watch.want(FdWatch::kRead);
    sockets.send_to_us("abc");
    loop.run();
    EXPECT_EQ(got, "abc");
}

TEST(FdWatch, IsSilentWhereNothingIsWanted) {
    Loop loop;
    SocketPair sockets;
    int calls = 0;
    FdWatch watch(loop, sockets.ours.get(), [&](int) {
        ++calls;
        watch.want(FdWatch::kNone);
    });
    watch.want(FdWatch::kRead);
    sockets.send_to_us("ab");
    Timer end(loop, [&] { loop.stop(); });
    end.start(milliseconds(5));
    loop.run();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(watch.wanted(), FdWatch::kNone);
    watch.want(FdWatch::kRead);
    end.start(milliseconds(5));
    loop.run();
    EXPECT_EQ(calls, 2);
}

TEST(FdWatch, TellsReadingFromWriting) {
    Loop loop;
    SocketPair sockets;
    int seen = 0;
    FdWatch watch(loop, sockets.ours.get(), [&](int ready) {
        seen |= ready;
        if (ready == FdWatch::kWrite) watch.want(FdWatch::kRead);
        if (ready == FdWatch::kRead) (void)sockets.take_one();
        if (seen == (FdWatch::kRead | FdWatch::kWrite)) loop.stop();
    });
    watch.want(FdWatch::kRead | FdWatch::kWrite);
    sockets.send_to_us("a");
    loop.run();
    EXPECT_EQ(watch.wanted(), FdWatch::kRead);
}

TEST(FdWatch, MayBeDestroyedByItsOwnCallback) {
    Loop loop;
    SocketPair sockets;
    const auto held = std::make_shared<int>(0);
    std::unique_ptr<FdWatch> watch;
    watch = std::make_unique<FdWatch>(loop, sockets.ours.get(), [&, held](int) {
        watch.reset();
        EXPECT_EQ(held.use_count(), 2);  // what the callback holds lives until it returns
        loop.stop();
    });
    watch->want(FdWatch::kRead | FdWatch::kWrite);
    sockets.send_to_us("a");
    loop.run();
    EXPECT_EQ(held.use_count(), 1);
}

TEST(FdWatch, MayBeDestroyedByAnotherOfTheSameRound) {
    Loop loop;
    SocketPair a, b;
    std::unique_ptr<FdWatch> first, second;
    int calls = 0;
    const auto on_ready = [&](std::unique_ptr<FdWatch>& other) {
        return [&](int) {
            ++calls;
            other.reset();
            loop.post([&] { loop.stop(); });
        };
    };
    first = std::make_unique<FdWatch>(loop, a.ours.get(), on_ready(second));
    second = std::make_unique<FdWatch>(loop, b.ours.get(), on_ready(first));
    first->want(FdWatch::kWrite);
    second->want(FdWatch::kWrite);
    loop.run();
    EXPECT_EQ((first != nullptr) + (second != nullptr), 1);
    EXPECT_GE(calls, 1);
}

// The kernel hands out the lowest free number: a new connection often has the number of one closed in the same round.
TEST(FdWatch, WatchesANewSocketUnderAnOldNumber) {
    Loop loop;
    SocketPair old_pair;
    auto old_watch = std::make_unique<FdWatch>(loop, old_pair.ours.get(), [](int) {});
    old_watch->want(FdWatch::kRead);
    std::unique_ptr<SocketPair> new_pair;
    std::unique_ptr<FdWatch> new_watch;
    std::string got;
    loop.post([&] {
        const int number = old_pair.ours.get();
        old_watch.reset();
        old_pair.ours.reset();
        new_pair = std::make_unique<SocketPair>();
        ASSERT_EQ(new_pair->ours.get(), number);
        new_watch = std::make_unique<FdWatch>(loop, number, [&](int) {
            got = new_pair->take_one();
            loop.stop();
        });
        new_watch->want(FdWatch::kRead);
        new_pair->send_to_us("n");
    });
    loop.post([] {});
    loop.run();
    EXPECT_EQ(got, "n");
}

TEST(Timer, FiresOnceAndNotEarly) {
    Loop loop;
    int fired = 0;
    Timer timer(loop, [&] { ++fired; });
    Timer end(loop, [&] { loop.stop(); });
    const auto began = loop.now();
    timer.start(milliseconds(2));
    end.start(milliseconds(8));
    EXPECT_TRUE(timer.running());
    loop.run();
    EXPECT_EQ(fired, 1);
    EXPECT_FALSE(timer.running());
    EXPECT_GE(loop.now() - began, milliseconds(8));
}

TEST(Timer, WaitsForADeadlineThatWasPutOff) {
    Loop loop;
    Clock::time_point fired;
    Timer timer(loop, [&] {
        fired = loop.now();
        loop.stop();
    });
    timer.start(milliseconds(1));  // libevent's timer stays at this, fires early, and rearms
    timer.start(milliseconds(10));
    const auto deadline = loop.now() + milliseconds(9);
    loop.run();
    EXPECT_GE(fired, deadline);
}

TEST(Timer, FiresAtADeadlineThatWasBroughtForward) {
    Loop loop;
    Timer timer(loop, [&] { loop.stop(); });
    timer.start(hours(1));
    timer.start(milliseconds(1));
    loop.run();
    timer.start(hours(1));
    timer.stop();
    timer.start(milliseconds(1));
    loop.run();
    EXPECT_FALSE(timer.running());
}

TEST(Timer, DoesNotFireOnceStopped) {
    Loop loop;
    bool fired = false;
    Timer timer(loop, [&] { fired = true; });
    Timer end(loop, [&] { loop.stop(); });
    timer.start(milliseconds(1));
    timer.stop();
    EXPECT_FALSE(timer.running());
    end.start(milliseconds(5));
    loop.run();
    EXPECT_FALSE(fired);
}

TEST(Timer, MayBeStartedAgainByItsOwnCallback) {
    Loop loop;
    int fired = 0;
    Timer timer(loop, [&] {
        if (++fired == 3) return loop.stop();
        timer.start(milliseconds(fired));
    });
    timer.start(milliseconds(0));
    loop.run();
    EXPECT_EQ(fired, 3);
}

TEST(Timer, MayBeDestroyedByItsOwnCallback) {
    Loop loop;
    std::unique_ptr<Timer> timer;
    timer = std::make_unique<Timer>(loop, [&] {
        timer.reset();
        loop.stop();
    });
    timer->start(milliseconds(0));
    loop.run();
    EXPECT_EQ(timer, nullptr);
}

}  // namespace
}  // namespace sallyport::net
