#include "secrets/fetch_threads.h"

#include <utility>

namespace sallyport::secrets {

FetchThreads::~FetchThreads() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
        tasks_.clear();
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void FetchThreads::run(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (idle_ < tasks_.size() && threads_.size() < threads_max_) threads_.emplace_back([this] { serve(); });
    changed_.notify_one();
}

void FetchThreads::serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        changed_.wait(lock, [this] { return is_ending_ || !tasks_.empty(); });
        --idle_;
        if (is_ending_) return;
        auto task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        // What it holds is let go of before the lock is taken.
        task = nullptr;
        lock.lock();
    }
}

}  // namespace sallyport::secrets
