#include "secrets/fetch_threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>

namespace sallyport::secrets {
namespace {

TEST(FetchThreads, RunAsManyTasksAtOnceAsThereAreThreads) {
    FetchThreads threads(3);
    std::latch all_there(3);
    std::latch done(3);
    for (int i = 0; i < 3; ++i) {
        threads.run([&] {
            all_there.arrive_and_wait();  // would never end if one waited for another
            done.count_down();
        });
    }
    done.wait();
}

TEST(FetchThreads, RunMoreTasksThanTheyAre) {
    std::atomic<int> sum = 0;
    FetchThreads threads(2);
    std::latch done(100);
    for (int i = 1; i <= 100; ++i) {
        threads.run([&, i] {
            sum += i;
            done.count_down();
        });
    }
    done.wait();
    EXPECT_EQ(sum, 5050);
}

TEST(FetchThreads, DropAtTheEndWhatHasNotBegun) {
    std::latch begun(1);
    std::latch dropped(1);
    bool has_run_second = false;
    {
        FetchThreads threads(1);
        threads.run([&] {
            begun.count_down();
            dropped.wait();  // would never end if the second were not dropped first
        });
        begun.wait();
        std::shared_ptr<void> held(nullptr, [&](void*) { dropped.count_down(); });
        threads.run([&, held = std::move(held)] { has_run_second = true; });
    }
    EXPECT_FALSE(has_run_second);
}

}  // namespace
}  // namespace sallyport::secrets
