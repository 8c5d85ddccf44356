#include "net/loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/check.h"

namespace sallyport::net {
namespace {

using EventPtr = std::unique_ptr<event, void (*)(event*)>;

EventPtr make_event(event_base* base, int fd, short what, event_callback_fn callback, void* argument) {
    EventPtr made(event_new(base, fd, what, callback, argument), &event_free);
    SALLYPORT_CHECK(made != nullptr);
    return made;
}

event_base* make_base() {
    const std::unique_ptr<event_config, void (*)(event_config*)> config(event_config_new(), &event_config_free);
    SALLYPORT_CHECK(config != nullptr);
    // One thread each, and post() uses a descriptor, so no locks. The change list joins a round's changes of interest
    // into one epoll_ctl a descriptor, or none.
    SALLYPORT_CHECK(event_config_set_flag(
                        config.get(), EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST |
                                          EVENT_BASE_FLAG_IGNORE_ENV) == 0);
    for (const char* method : {"select", "poll"}) event_config_avoid_method(config.get(), method);
    event_base* base = event_base_new_with_config(config.get());
    SALLYPORT_CHECK(base != nullptr);
    return base;
}

timeval to_timeval(Clock::duration duration) {
    const auto us = std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::microseconds>(duration).count());
    return {.tv_sec = us / 1'000'000, .tv_usec = us % 1'000'000};
}

// Calls `callback`, which may destroy the object that it and `destroyed` are members of; then it is false.
template <class... Arguments>
bool call_and_survive(std::function<void(Arguments...)>& callback, bool*& destroyed, Arguments... arguments) {
    bool gone = false;
    destroyed = &gone;
    auto running = std::move(callback);
    running(arguments...);
    if (gone) return false;
    destroyed = nullptr;
    callback = std::move(running);
    return true;
}

}  // namespace

void Loop::BaseFree::operator()(event_base* base) const { event_base_free(base); }

Loop::Event::Event(Loop& loop) : loop_(loop) {
    ++loop_.handling_;
    loop_.now_is_known_ = false;
}

Loop::Event::~Event() {
    if (loop_.handling_ == 1) loop_.run_deferred();
    --loop_.handling_;
}

Loop::Loop()
    : base_(make_base()),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      wake_event_(make_event(
          base_.get(), wake_fd_.get(), EV_READ | EV_PERSIST,
          [](int, short, void* self) noexcept { static_cast<Loop*>(self)->run_posted(); }, this)),
      defer_event_(make_event(
          base_.get(), -1, 0, [](int, short, void* self) noexcept { const Event event(*static_cast<Loop*>(self)); },
          this)) {
    SALLYPORT_CHECK(wake_fd_);
    SALLYPORT_CHECK(event_add(wake_event_.get(), nullptr) == 0);
}

Loop::~Loop() {
    // What the tasks own may cancel watches, so it goes while the loop is still whole.
    posted_.clear();
    deferred_.clear();
}

void Loop::run() { SALLYPORT_CHECK(event_base_loop(base_.get(), EVLOOP_NO_EXIT_ON_EMPTY) >= 0); }

void Loop::stop() { SALLYPORT_CHECK(event_base_loopbreak(base_.get()) == 0); }

void Loop::post(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
    if (posted_.size() > 1) return;  // woken already
    const std::uint64_t one = 1;
    SALLYPORT_CHECK(write(wake_fd_.get(), &one, sizeof one) == sizeof one);
}

void Loop::run_posted() {
    std::uint64_t count = 0;
    (void)!read(wake_fd_.get(), &count, sizeof count);
    std::vector<std::function<void()>> tasks;
    {
        const std::lock_guard lock(mutex_);
        tasks.swap(posted_);
    }
    for (auto& task : tasks) {
        const Event event(*this);
        std::exchange(task, nullptr)();
    }
}

void Loop::defer(std::function<void()> task) {
    deferred_.push_back(std::move(task));
    // Outside of any event of ours there is no end to wait for.
    if (handling_ == 0) event_active(defer_event_.get(), 0, 0);
}

void Loop::run_deferred() {
    while (!deferred_.empty()) {
        std::vector<std::function<void()>> tasks;
        tasks.swap(deferred_);
        for (auto& task : tasks) std::exchange(task, nullptr)();
    }
}

Clock::time_point Loop::now() const {
    if (handling_ > 0 && now_is_known_) return now_;
    now_is_known_ = true;
    return now_ = Clock::now();
}

FdWatch::FdWatch(Loop& loop, int fd, std::function<void(int ready)> on_ready)
    : loop_(loop),
      fd_(fd),
      on_ready_(std::move(on_ready)),
      read_event_(nullptr, &event_free),
      write_event_(nullptr, &event_free) {}

FdWatch::~FdWatch() {
    if (destroyed_ != nullptr) *destroyed_ = true;
}

void FdWatch::want(int interest) {
    const int changed = interest ^ wanted_;
    if (changed == 0) return;
    wanted_ = interest;
    if ((changed & kRead) != 0) set(read_event_, kRead, (interest & kRead) != 0);
    if ((changed & kWrite) != 0) set(write_event_, kWrite, (interest & kWrite) != 0);
}

void FdWatch::set(EventPtr& slot, int interest, bool on) {
    if (!on) {
        SALLYPORT_CHECK(event_del(slot.get()) == 0);
        return;
    }
    if (!slot) {
        const int what = (interest == kRead ? EV_READ : EV_WRITE) | EV_PERSIST;
        slot = make_event(
            loop_.base(), fd_, static_cast<short>(what),
            [](int, short ready, void* self) noexcept {
                static_cast<FdWatch*>(self)->handle((ready & EV_READ) != 0 ? kRead : kWrite);
            },
            this);
    }
    SALLYPORT_CHECK(event_add(slot.get(), nullptr) == 0);
}

void FdWatch::handle(int ready) {
    const Loop::Event event(loop_);
    (void)call_and_survive(on_ready_, destroyed_, ready);
}

Timer::Timer(Loop& loop, std::function<void()> on_expiry)
    : loop_(loop),
      on_expiry_(std::move(on_expiry)),
      event_(make_event(
          loop.base(), -1, 0, [](int, short, void* self) noexcept { static_cast<Timer*>(self)->handle(); }, this)) {}

Timer::~Timer() {
    if (destroyed_ != nullptr) *destroyed_ = true;
}

void Timer::start(std::chrono::milliseconds after) {
    running_ = true;
    deadline_ = loop_.now() + after;
    if (!armed_ || deadline_ < armed_for_) arm(after);
}

// libevent's timer stays as it is, for a start() to come; where none does, it fires once for nothing.
void Timer::stop() { running_ = false; }

void Timer::arm(Clock::duration after) {
    const timeval delay = to_timeval(after);
    SALLYPORT_CHECK(event_add(event_.get(), &delay) == 0);
    armed_ = true;
    armed_for_ = deadline_;
}

void Timer::handle() {
    const Loop::Event event(loop_);
    armed_ = false;
    if (!running_) return;
    const Clock::duration left = deadline_ - loop_.now();
    if (left > Clock::duration::zero()) return arm(left);
    running_ = false;
    (void)call_and_survive(on_expiry_, destroyed_);
}

}  // namespace sallyport::net
