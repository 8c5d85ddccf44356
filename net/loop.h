// The event loop of one thread, over libevent. Watches and timers are members of whoever waits on them, and cancel
// themselves on destruction. Everything but post() belongs to the loop's own thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/unique_fd.h"

struct event;
struct event_base;

namespace sallyport::net {

using Clock = std::chrono::steady_clock;

class Loop final {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // Until stop().
    void run();
    // From the loop's thread.
    void stop();
    // Runs `task` on the loop's thread, soon. From any thread.
    void post(std::function<void()> task);
    // Runs `task` after the present event is handled: how owners delete what has just called them.
    void defer(std::function<void()> task);
    // The time at which this round of events began; no system call.
    Clock::time_point now() const;

    event_base* base() const { return base_.get(); }

private:
    void run_posted();
    void run_deferred();

    struct BaseFree {
        void operator()(event_base* base) const;
    };
    std::unique_ptr<event_base, BaseFree> base_;
    UniqueFd wake_fd_;
    std::unique_ptr<event, void (*)(event*)> wake_event_;
    std::unique_ptr<event, void (*)(event*)> defer_event_;
    std::mutex mutex_;
    std::vector<std::function<void()>> posted_;  // guarded by mutex_
    std::vector<std::function<void()>> deferred_;
};

// Calls back while the descriptor is ready, until told otherwise. Does not own the descriptor.
class FdWatch final {
public:
    enum Interest : int { kNone = 0, kRead = 1, kWrite = 2 };

    FdWatch(Loop& loop, int fd, std::function<void(int ready)> on_ready);
    ~FdWatch();
    FdWatch(const FdWatch&) = delete;
    FdWatch& operator=(const FdWatch&) = delete;

    // A set of Interest. Cheap where nothing changes.
    void want(int interest);
    int wanted() const { return wanted_; }

private:
    std::function<void(int)> on_ready_;
    std::unique_ptr<event, void (*)(event*)> read_event_;
    std::unique_ptr<event, void (*)(event*)> write_event_;
    int wanted_ = kNone;
};

class Timer final {
public:
    Timer(Loop& loop, std::function<void()> on_expiry);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    // Replaces an earlier call.
    void start(std::chrono::milliseconds after);
    void stop();
    bool running() const { return running_; }

private:
    std::function<void()> on_expiry_;
    std::unique_ptr<event, void (*)(event*)> event_;
    bool running_ = false;
};

}  // namespace sallyport::net
