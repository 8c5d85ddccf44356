// Keeps the values of sources that take time to ask (SourceKind::provider): fetches each ahead of its expiry, in the
// background, once for all sandboxes for which it comes out the same, and holds the last good value no longer than that is
// good for. Owned by whoever has the control thread; everything is called there and calls back there, and only
// SecretProvider::fetch runs elsewhere. Time and threads are the owner's, so that tests have neither.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "secrets/provider.h"
#include "secrets/secrets.h"

namespace sallyport::secrets {

// As many fetches at once, whatever there is to fetch; and of one type of store, so that one that does not answer leaves a
// thread to the others.
inline constexpr std::size_t kFetchesMax = 4;
inline constexpr std::size_t kFetchesPerTypeMax = 3;
// After a failure: 1s, 2s, 4s, …, each shortened by up to half at random.
inline constexpr std::chrono::milliseconds kBackOffMin{1000};
inline constexpr std::chrono::milliseconds kBackOffMax{60'000};
// However long a store says that its value is good: it may be revoked before.
inline constexpr std::chrono::milliseconds kFetchPeriodMax = std::chrono::hours(12);

class Refresher final {
public:
    struct Parts {
        HttpClient& http;
        CommandRunner& commands;
        Random& random;
        std::function<WallClock::time_point()> now;
        // Runs the task on another thread, soon; never more than kFetchesMax are asked for at once.
        std::function<void(std::function<void()>)> run;
        // Runs the task on the owner's thread, soon. From any thread.
        std::function<void(std::function<void()>)> post;
        // tick() is to be called after that time, instead of the time named before.
        std::function<void(std::chrono::milliseconds)> wake_after;
        // The source of this name has another value now, or none any more, for some sandbox. To be acted on later, not by a
        // call from within.
        std::function<void(const std::string& name)> changed;
    };

    // A sandbox, and the names of the secrets that its requests may need.
    struct Need {
        Identity identity;
        std::set<std::string, std::less<>> names;
    };

    // How one value is doing, for operators.
    struct Status {
        std::string name;
        std::string sandbox;  // one of those that it is fetched for; empty where it is the same for all
        bool has_value = false;
        bool is_fetching = false;
        std::optional<WallClock::time_point> fetched_at;
        std::optional<WallClock::time_point> usable_until;
        WallClock::time_point next_fetch;
        std::uint64_t fetches = 0;   // that have ended, well or not
        std::uint64_t failures = 0;  // of those
        std::string last_error;      // of the last fetch; empty where it went well
    };

    explicit Refresher(Parts parts);
    ~Refresher();
    Refresher(const Refresher&) = delete;
    Refresher& operator=(const Refresher&) = delete;

    // What is to be kept from now on, instead of what was named before: what is the same stays (SecretSource::definition),
    // what is new is fetched at once, with the secrets that it needs in turn before it. What no sandbox needs any more is
    // forgotten, except where it is the same for all.
    void keep(std::vector<SecretSource> sources, const std::vector<Need>& needs);

    // The value for this sandbox, or why there is none. Null for a source that keep() was not told of.
    SharedValue value(const SecretSource& source, const Identity& identity) const;

    // Fetches it again now, for every sandbox. How many values that concerns.
    std::size_t refresh(std::string_view name);

    // Starts what is due and ends what has expired.
    void tick();

    // Whether each value has been asked for at least once, and the answer is here.
    bool has_settled() const;
    // By name.
    std::vector<Status> status() const;

private:
    // One value of one source.
    struct Entry {
        std::uint64_t id = 0;  // no two are the same, ever
        SecretSource source;
        Identity identity;
        bool is_common = false;  // the same for all sandboxes
        std::vector<std::string> inputs;
        std::unique_ptr<ProviderState> state;
        SharedValue value;    // a good one, or null
        SharedValue absence;  // why there is no value
        std::optional<WallClock::time_point> fetched_at;
        std::optional<WallClock::time_point> usable_until;
        WallClock::time_point due;
        bool is_fetching = false;
        bool is_asked_again = false;  // while it was being fetched
        bool has_settled = false;
        unsigned failures_in_a_row = 0;
        std::uint64_t fetches = 0;
        std::uint64_t failures = 0;
        std::string last_error;
    };
    // What goes to another thread and comes back.
    struct Job;

    std::string key_of(const SecretSource& source, const Identity& identity) const;
    void add(const SecretSource& source, const Identity& identity, std::set<std::string>& kept);
    const SecretSource* find_source(std::string_view name) const;
    const Entry* find_entry(const SecretSource& source, const Identity& identity) const;
    bool may_start(const Entry& entry) const;
    std::vector<Entry*> due_entries(WallClock::time_point now);
    void start(Entry& entry, WallClock::time_point now);
    void finish(Job& job);
    void take_value(Entry& entry, Fetched fetched, WallClock::time_point now);
    void take_failure(Entry& entry, const Error& error, WallClock::time_point now);
    void drop_value(Entry& entry, std::string_view why);
    void wake_dependents(const std::string& name, bool has_changed, WallClock::time_point now);
    void set_back(WallClock::duration time);
    void end_expired(WallClock::time_point now);
    void plan_wake(WallClock::time_point now);
    std::chrono::milliseconds shortened(std::chrono::milliseconds time, unsigned percent_max);

    const Parts parts_;
    std::vector<SecretSource> sources_;
    std::map<std::string, Entry> entries_;
    std::uint64_t next_id_ = 1;
    WallClock::time_point last_tick_;
    std::size_t running_ = 0;  // also for entries that are gone
    std::map<std::string, std::size_t, std::less<>> running_by_type_;
    std::shared_ptr<Refresher*> self_;  // null inside once this is gone: for tasks that come back
};

}  // namespace sallyport::secrets
