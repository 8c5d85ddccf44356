#include "secrets/refresher.h"

#include <algorithm>
#include <utility>

#include "secrets/inputs.h"
#include "secrets/value_check.h"

namespace sallyport::secrets {
namespace {

using std::chrono::milliseconds;

// A clock that is set back, or a machine that slept, is noticed then.
constexpr milliseconds kWakeMax{30'000};
constexpr unsigned kJitterPercent = 10;
constexpr unsigned kBackOffJitterPercent = 50;
// A value that is good for a second is fetched each second, and not in a loop.
constexpr milliseconds kFetchPeriodMin{1000};

milliseconds back_off(unsigned failures) {
    milliseconds time = kBackOffMin;
    for (unsigned i = 1; i < failures && time < kBackOffMax; ++i) time *= 2;
    return std::min(time, kBackOffMax);
}

SharedValue absence_of(const SecretSource& source, std::string_view why) {
    std::string detail = "secret \"" + source.name + "\": " + std::string(why);
    return std::make_shared<const Result<SecretString>>(failure(ErrorCode::secret_unavailable, std::move(detail)));
}

bool is_same_value(const SharedValue& value, const SecretString& other) {
    return value && (*value)->reveal() == other.reveal();
}

milliseconds until(WallClock::time_point then, WallClock::time_point now) {
    return std::chrono::ceil<milliseconds>(then - now);
}

}  // namespace

struct Refresher::Job {
    std::string key;
    std::uint64_t id = 0;
    std::string type;
    std::shared_ptr<const SecretProvider> provider;
    Identity identity;
    SecretSnapshot inputs;
    std::unique_ptr<ProviderState> state;
    WallClock::time_point started;
    Result<Fetched> outcome = failure(ErrorCode::secret_unavailable);

    // On another thread.
    void fetch(HttpClient& http, CommandRunner& commands, Random& random) {
        FetchContext context{identity, inputs, http, commands, random, started, state};
        outcome = provider->fetch(context);
        if (!outcome) return;
        auto checked = check_value(outcome->value.reveal());
        if (checked) outcome->value = std::move(*checked);
        if (!checked) outcome = failure(checked.error());
    }
};

Refresher::Refresher(Parts parts) : parts_(std::move(parts)), self_(std::make_shared<Refresher*>(this)) {}

Refresher::~Refresher() { *self_ = nullptr; }

std::string Refresher::key_of(const SecretSource& source, const Identity& identity) const {
    std::string key = source.name;
    key.append(1, '\0').append(source.definition).append(1, '\0');
    if (source.definition.empty()) key.append(std::to_string(reinterpret_cast<std::uintptr_t>(source.provider.get())));
    return key.append(1, '\0').append(own_part(source, sources_, identity));
}

const SecretSource* Refresher::find_source(std::string_view name) const {
    const auto found = std::find_if(sources_.begin(), sources_.end(), [&](const auto& each) { return each.name == name; });
    return found == sources_.end() ? nullptr : &*found;
}

const Refresher::Entry* Refresher::find_entry(const SecretSource& source, const Identity& identity) const {
    const auto found = entries_.find(key_of(source, identity));
    return found == entries_.end() ? nullptr : &found->second;
}

void Refresher::add(const SecretSource& source, const Identity& identity, std::set<std::string>& kept) {
    if (source.kind != SourceKind::provider) return;
    std::string key = key_of(source, identity);
    if (!kept.insert(key).second) return;
    for (const std::string& input : inputs_of(source)) {
        if (const SecretSource* needed = find_source(input)) add(*needed, identity, kept);
    }
    const auto [found, is_new] = entries_.try_emplace(std::move(key));
    Entry& entry = found->second;
    // Its times may be others now, and its provider another object.
    entry.source = source;
    entry.inputs = inputs_of(source);
    if (!is_new) return;
    entry.id = next_id_++;
    entry.identity = identity;
    entry.is_common = own_part(source, sources_, identity).empty();
    entry.due = parts_.now();
    entry.absence = absence_of(source, "it has not been fetched yet");
}

void Refresher::keep(std::vector<SecretSource> sources, const std::vector<Need>& needs) {
    sources_ = std::move(sources);
    std::set<std::string> kept;
    for (const Need& need : needs) {
        for (const std::string& name : need.names) {
            if (const SecretSource* source = find_source(name)) add(*source, need.identity, kept);
        }
    }
    // What a provider remembers (a rotated refresh token) is not lost with the last sandbox.
    for (const auto& [key, entry] : entries_) {
        const SecretSource* source = find_source(entry.source.name);
        if (!entry.is_common || source == nullptr || key_of(*source, entry.identity) != key) continue;
        add(*source, entry.identity, kept);
    }
    std::erase_if(entries_, [&](const auto& each) { return !kept.contains(each.first); });
    tick();
}

SharedValue Refresher::value(const SecretSource& source, const Identity& identity) const {
    const Entry* entry = find_entry(source, identity);
    if (entry == nullptr) return nullptr;
    return entry->value ? entry->value : entry->absence;
}

std::size_t Refresher::refresh(std::string_view name) {
    std::size_t count = 0;
    for (auto& [key, entry] : entries_) {
        if (entry.source.name != name) continue;
        ++count;
        entry.due = parts_.now();
        entry.is_asked_again = entry.is_fetching;
    }
    tick();
    return count;
}

void Refresher::tick() {
    const auto now = parts_.now();
    if (now < last_tick_) set_back(last_tick_ - now);
    last_tick_ = now;
    end_expired(now);
    for (Entry* entry : due_entries(now)) {
        if (may_start(*entry)) start(*entry, now);
    }
    plan_wake(now);
}

// By a clock that was: what was planned is sooner by as much, or it would be late.
void Refresher::set_back(WallClock::duration time) {
    for (auto& [key, entry] : entries_) {
        entry.due -= time;
        if (entry.fetched_at) *entry.fetched_at -= time;
        if (entry.usable_until) *entry.usable_until -= time;
    }
}

// The one that has waited longest first.
std::vector<Refresher::Entry*> Refresher::due_entries(WallClock::time_point now) {
    std::vector<Entry*> due;
    for (auto& [key, entry] : entries_) {
        if (!entry.is_fetching && entry.due <= now) due.push_back(&entry);
    }
    std::stable_sort(due.begin(), due.end(), [](const Entry* a, const Entry* b) { return a->due < b->due; });
    return due;
}

bool Refresher::may_start(const Entry& entry) const {
    if (running_ >= kFetchesMax) return false;
    const auto of_type = running_by_type_.find(entry.source.provider->type());
    if (of_type != running_by_type_.end() && of_type->second >= kFetchesPerTypeMax) return false;
    // An input that failed is told to the provider; one that has not been tried is waited for.
    return std::none_of(entry.inputs.begin(), entry.inputs.end(), [&](const std::string& name) {
        const SecretSource* source = find_source(name);
        const Entry* input = source == nullptr ? nullptr : find_entry(*source, entry.identity);
        return input != nullptr && !input->has_settled;
    });
}

void Refresher::start(Entry& entry, WallClock::time_point now) {
    std::vector<SecretSource> inputs;
    for (const std::string& name : entry.inputs) {
        if (const SecretSource* source = find_source(name)) inputs.push_back(*source);
    }
    auto job = std::make_shared<Job>();
    job->key = key_of(entry.source, entry.identity);
    job->id = entry.id;
    job->type = entry.source.provider->type();
    job->provider = entry.source.provider;
    job->identity = entry.identity;
    job->inputs = SecretSnapshot::load(inputs, entry.identity, {}, [this](const auto& source, const auto& identity) {
        return value(source, identity);
    });
    job->state = std::move(entry.state);
    job->started = now;
    entry.is_fetching = true;
    ++running_;
    ++running_by_type_[job->type];
    parts_.run([job, self = self_, post = parts_.post, &http = parts_.http, &commands = parts_.commands,
                &random = parts_.random] {
        job->fetch(http, commands, random);
        post([job, self] {
            if (*self != nullptr) (*self)->finish(*job);
        });
    });
}

void Refresher::finish(Job& job) {
    --running_;
    --running_by_type_[job.type];
    const auto found = entries_.find(job.key);
    if (found != entries_.end() && found->second.id == job.id) {
        Entry& entry = found->second;
        const auto now = parts_.now();
        const SharedValue before = entry.value ? entry.value : entry.absence;
        const std::string name = entry.source.name;
        entry.state = std::move(job.state);
        entry.is_fetching = false;
        entry.has_settled = true;
        ++entry.fetches;
        if (job.outcome) {
            take_value(entry, std::move(*job.outcome), now);
        } else {
            take_failure(entry, job.outcome.error(), now);
        }
        if (std::exchange(entry.is_asked_again, false)) entry.due = now;
        const bool has_changed = (entry.value ? entry.value : entry.absence) != before;
        wake_dependents(name, has_changed, now);
        if (has_changed) parts_.changed(name);
    }
    tick();
}

void Refresher::take_value(Entry& entry, Fetched fetched, WallClock::time_point now) {
    if (fetched.expires_at && *fetched.expires_at <= now) {
        return take_failure(entry, {ErrorCode::secret_unavailable, "the store's value has expired already"}, now);
    }
    milliseconds period = entry.source.refresh;
    entry.usable_until = fetched.expires_at;
    // Three quarters of its life leave time for some failures.
    if (fetched.expires_at) period = std::chrono::duration_cast<milliseconds>(*fetched.expires_at - now) / 4 * 3;
    if (!fetched.expires_at) entry.usable_until = now + entry.source.refresh + entry.source.grace;
    entry.due = now + std::clamp(shortened(period, kJitterPercent), kFetchPeriodMin, kFetchPeriodMax);
    entry.fetched_at = now;
    entry.failures_in_a_row = 0;
    entry.last_error.clear();
    entry.absence = nullptr;
    if (is_same_value(entry.value, fetched.value)) return;
    entry.value = std::make_shared<const Result<SecretString>>(std::move(fetched.value));
}

void Refresher::take_failure(Entry& entry, const Error& error, WallClock::time_point now) {
    ++entry.failures;
    ++entry.failures_in_a_row;
    const bool is_same = entry.last_error == error.detail;
    entry.last_error = error.detail;
    entry.due = now + shortened(back_off(entry.failures_in_a_row), kBackOffJitterPercent);
    if (error.code == ErrorCode::denied || !entry.value) {
        if (!entry.value && is_same) return;
        drop_value(entry, error.detail);
    }
}

void Refresher::drop_value(Entry& entry, std::string_view why) {
    entry.value = nullptr;
    entry.usable_until = std::nullopt;
    entry.absence = absence_of(entry.source, why);
}

// What has waited for this one, or was made with its earlier value.
void Refresher::wake_dependents(const std::string& name, bool has_changed, WallClock::time_point now) {
    for (auto& [key, entry] : entries_) {
        const bool depends = std::find(entry.inputs.begin(), entry.inputs.end(), name) != entry.inputs.end();
        if (!depends || (!has_changed && entry.has_settled)) continue;
        entry.due = now;
        entry.is_asked_again = entry.is_fetching;
    }
}

void Refresher::end_expired(WallClock::time_point now) {
    std::set<std::string> names;
    for (auto& [key, entry] : entries_) {
        if (!entry.value || *entry.usable_until > now) continue;
        drop_value(entry, entry.last_error.empty() ? "it has expired" : "it has expired: " + entry.last_error);
        names.insert(entry.source.name);
    }
    for (const std::string& name : names) parts_.changed(name);
}

void Refresher::plan_wake(WallClock::time_point now) {
    if (entries_.empty()) return;
    milliseconds next = kWakeMax;
    for (const auto& [key, entry] : entries_) {
        // What is due and not running waits for something else to end, which is a tick of its own.
        if (!entry.is_fetching && entry.due > now) next = std::min(next, until(entry.due, now));
        if (entry.value) next = std::min(next, until(*entry.usable_until, now));
    }
    parts_.wake_after(std::max(next, milliseconds{1}));
}

milliseconds Refresher::shortened(milliseconds time, unsigned percent_max) {
    unsigned char bytes[2] = {};
    parts_.random.fill(bytes);
    const auto at_random = static_cast<milliseconds::rep>(bytes[0] << 8 | bytes[1]);
    // In this order: a time of many years does not overflow.
    return time - time / 100 * percent_max * at_random / 0xffff;
}

bool Refresher::has_settled() const {
    return std::all_of(entries_.begin(), entries_.end(), [](const auto& each) { return each.second.has_settled; });
}

std::vector<Refresher::Status> Refresher::status() const {
    std::vector<Status> all;
    for (const auto& [key, entry] : entries_) {
        Status status;
        status.name = entry.source.name;
        status.sandbox = entry.is_common ? "" : entry.identity.sandbox;
        status.has_value = entry.value != nullptr;
        status.is_fetching = entry.is_fetching;
        status.fetched_at = entry.fetched_at;
        status.usable_until = entry.usable_until;
        status.next_fetch = entry.due;
        status.fetches = entry.fetches;
        status.failures = entry.failures;
        status.last_error = entry.last_error;
        all.push_back(std::move(status));
    }
    return all;
}

}  // namespace sallyport::secrets
