// Threads that wait for stores, so that nobody else does. Started when they are first needed: a process that is confined
// before has them confined too. Owned by whoever owns the refresher, and gone before what their tasks use.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sallyport::secrets {

class FetchThreads final {
public:
    explicit FetchThreads(std::size_t threads_max) : threads_max_(threads_max) {}
    // Waits for the tasks that run; those that do not yet are dropped.
    ~FetchThreads();
    FetchThreads(const FetchThreads&) = delete;
    FetchThreads& operator=(const FetchThreads&) = delete;

    // From the owner's thread.
    void run(std::function<void()> task);

private:
    void serve();

    const std::size_t threads_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> tasks_;  // guarded by mutex_, as what follows
    std::size_t idle_ = 0;
    bool is_ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace sallyport::secrets
