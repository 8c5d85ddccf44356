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
    // Runs `task` after the present event is handled: how owners delete what has just called them. Tasks that it defers
    // in turn run before the next event too.
    void defer(std::function<void()> task);
    // The time at which the present event began to be handled: read at most once for each, and only if asked for.
    Clock::time_point now() const;

    event_base* base() const { return base_.get(); }

private:
    friend class FdWatch;
    friend class Timer;
    // The handling of one event, from its callback to its deferred tasks.
    class Event {
    public:
        explicit Event(Loop& loop);
        ~Event();

    private:
        Loop& loop_;
    };

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
    int handling_ = 0;
    mutable bool now_is_known_ = false;  // for the event that is being handled
    mutable Clock::time_point now_;
};

// Calls back while the descriptor is ready, until told otherwise. Does not own the descriptor, and must be gone before
// it is closed. May be destroyed by its own callback.
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
    void handle(int ready);
    void set(std::unique_ptr<event, void (*)(event*)>& slot, int interest, bool on);

    Loop& loop_;
    int fd_;
    std::function<void(int)> on_ready_;
    std::unique_ptr<event, void (*)(event*)> read_event_;   // both made when first wanted
    std::unique_ptr<event, void (*)(event*)> write_event_;
    int wanted_ = kNone;
    bool* destroyed_ = nullptr;  // set while the callback runs
};

// Calls back once, when the time is up. May be destroyed or started again by its own callback. Restarting is nearly
// free where it only puts the deadline off, as request deadlines do: libevent's timer is left to fire early and rearms.
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
    void handle();
    void arm(Clock::duration after);

    Loop& loop_;
    std::function<void()> on_expiry_;
    std::unique_ptr<event, void (*)(event*)> event_;
    Clock::time_point deadline_;  // where running_
    Clock::time_point armed_for_;  // where armed_: when libevent's timer fires
    bool running_ = false;
    bool armed_ = false;
    bool* destroyed_ = nullptr;  // set while the callback runs
};

}  // namespace sallyport::net
