#include "net/resolver.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "net/dns_client.h"
#include "net/hosts_file.h"

namespace sallyport::net {
namespace {

constexpr std::chrono::seconds kFailureTtl{1};

// What changes when a file is written or replaced.
using FileStamp = std::tuple<dev_t, ino_t, off_t, time_t, long>;

FileStamp stamp_of(const std::string& path) {
    struct stat found {};
    if (stat(path.c_str(), &found) != 0) return {};
    return {found.st_dev, found.st_ino, found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
}

bool is_localhost(std::string_view name) { return name == "localhost" || name.ends_with(".localhost"); }

// RFC 6761 section 6.3.
std::vector<Address> loopback() { return {*parse_address("127.0.0.1"), *parse_address("::1")}; }

// Answers by name, least recently used out first.
class AnswerCache {
public:
    explicit AnswerCache(std::size_t entries_max) : entries_max_(std::max<std::size_t>(1, entries_max)) {}

    std::optional<Resolver::Answer> find(const std::string& name, Clock::time_point now) {
        const auto found = by_name_.find(name);
        if (found == by_name_.end()) return std::nullopt;
        if (now >= found->second->expires) {
            entries_.erase(found->second);
            by_name_.erase(found);
            return std::nullopt;
        }
        entries_.splice(entries_.begin(), entries_, found->second);
        return found->second->answer;
    }
    // `name` has no entry.
    void insert(const std::string& name, Resolver::Answer answer, Clock::time_point expires) {
        if (entries_.size() >= entries_max_) {
            by_name_.erase(entries_.back().name);
            entries_.pop_back();
        }
        entries_.push_front({name, std::move(answer), expires});
        SALLYPORT_CHECK(by_name_.emplace(entries_.front().name, entries_.begin()).second);
    }
    void clear() {
        by_name_.clear();
        entries_.clear();
    }

private:
    struct Entry {
        std::string name;
        Resolver::Answer answer;
        Clock::time_point expires;
    };
    std::size_t entries_max_;
    std::list<Entry> entries_;  // most recently used first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name_;  // keys point into entries_
};

struct LookUp;

// One who waits for a look-up's answer.
struct Waiter final : Resolver::Query {
    Waiter(LookUp& look_up, std::function<void(Resolver::Answer)> done);
    ~Waiter() override;

    LookUp* look_up;
    std::function<void(Resolver::Answer)> done;
};

// A question that is being asked, once for all who wait.
struct LookUp {
    LookUp(Loop& loop, std::string name, std::function<void()> on_deadline)
        : name(std::move(name)), deadline(loop, std::move(on_deadline)) {}
    ~LookUp() {
        for (Waiter* waiter : waiters) waiter->look_up = nullptr;
    }
    // Any callback may destroy any waiter.
    void tell(const Resolver::Answer& answer) {
        while (!waiters.empty()) {
            Waiter* next = waiters.front();
            waiters.pop_front();
            next->look_up = nullptr;
            const auto done = std::move(next->done);
            done(answer);
        }
    }

    std::string name;
    std::uint64_t attempt = 0;  // what comes for an earlier one is nobody's
    Timer deadline;
    std::list<Waiter*> waiters;
};

Waiter::Waiter(LookUp& asked, std::function<void(Resolver::Answer)> callback)
    : look_up(&asked), done(std::move(callback)) {
    asked.waiters.push_back(this);
}

Waiter::~Waiter() {
    if (look_up != nullptr) look_up->waiters.remove(this);
}

}  // namespace

class Resolver::Impl {
public:
    Impl(Loop& loop, ResolverOptions options)
        : loop_(loop), options_(std::move(options)), answers_(options_.cache_entries_max) {
        read_hosts();
        make_client();
    }

    std::unique_ptr<Query> resolve(const std::string& name, std::function<void(Answer)> done) {
        notice_changes();
        if (auto answer = answer_at_hand(name)) {
            done(std::move(*answer));
            return nullptr;
        }
        auto& look_up = under_way_[name];
        const bool is_new = look_up == nullptr;
        if (is_new) look_up = make_look_up(name);
        auto waiter = std::make_unique<Waiter>(*look_up, std::move(done));
        if (is_new) ask(*look_up);
        const bool was_told = waiter->look_up == nullptr;
        return was_told ? nullptr : std::move(waiter);
    }

private:
    std::optional<Answer> answer_at_hand(const std::string& name) {
        if (const auto address = parse_address(name)) return std::vector<Address>{*address};
        if (const auto listed = hosts_.find(name); listed != hosts_.end()) return listed->second;
        if (is_localhost(name)) return loopback();
        return answers_.find(name, loop_.now());
    }

    std::unique_ptr<LookUp> make_look_up(const std::string& name) {
        auto made = std::make_unique<LookUp>(loop_, name, [this, name] {
            finish(name, failure(ErrorCode::dns_failed, "no answer in time"), kFailureTtl);
        });
        made->deadline.start(options_.timeout);
        return made;
    }

    void ask(LookUp& look_up) {
        look_up.attempt = ++attempts_;
        // The look-up may be over, and gone, before this returns.
        const std::string name = look_up.name;
        client_->look_up(name, [this, name, attempt = attempts_](Result<DnsRecords> result) {
            const auto found = under_way_.find(name);
            if (found == under_way_.end() || found->second->attempt != attempt) return;
            if (!result) return finish(name, failure(std::move(result.error())), kFailureTtl);
            finish(name, std::move(result->addresses), std::min(result->ttl, options_.ttl_max));
        });
    }

    void finish(const std::string& name, Answer answer, std::chrono::seconds ttl) {
        const auto finished = under_way_.extract(name);
        SALLYPORT_CHECK(!finished.empty());
        answers_.insert(name, answer, loop_.now() + ttl);
        finished.mapped()->tell(answer);
    }

    void notice_changes() {
        // A callback of c-ares may be asking: it gets what there is.
        if (loop_.now() < next_stat_ || client_->is_busy()) return;
        next_stat_ = loop_.now() + options_.files_checked_every;
        const bool is_new_hosts = stamp_of(options_.hosts_path) != hosts_stamp_;
        const bool is_new_resolv_conf = stamp_of(options_.resolv_conf_path) != resolv_conf_stamp_;
        if (is_new_hosts || is_new_resolv_conf) answers_.clear();
        if (is_new_hosts) read_hosts();
        if (is_new_resolv_conf) {
            make_client();
            ask_again();
        }
    }

    // The stamp comes first: what is written while we read is then noticed as a change.
    void read_hosts() {
        hosts_stamp_ = stamp_of(options_.hosts_path);
        hosts_ = read_hosts_file(options_.hosts_path);
    }

    void make_client() {
        resolv_conf_stamp_ = stamp_of(options_.resolv_conf_path);
        client_ = std::make_unique<DnsClient>(
            loop_, DnsClient::Options{options_.timeout, options_.resolv_conf_path, options_.servers_csv});
    }

    // Of the servers that are now named; the deadlines stay.
    void ask_again() {
        std::vector<std::string> names;
        for (const auto& [name, look_up] : under_way_) names.push_back(name);
        for (const std::string& name : names) {
            const auto found = under_way_.find(name);
            if (found != under_way_.end()) ask(*found->second);
        }
    }

    Loop& loop_;
    ResolverOptions options_;
    FileStamp hosts_stamp_;
    FileStamp resolv_conf_stamp_;
    Clock::time_point next_stat_;
    HostsTable hosts_;
    AnswerCache answers_;
    std::uint64_t attempts_ = 0;
    std::unordered_map<std::string, std::unique_ptr<LookUp>> under_way_;
    std::unique_ptr<DnsClient> client_;
};

Resolver::Resolver(Loop& loop, ResolverOptions options) : impl_(std::make_unique<Impl>(loop, std::move(options))) {}

Resolver::~Resolver() = default;

std::unique_ptr<Resolver::Query> Resolver::resolve(const std::string& name, std::function<void(Answer)> done) {
    return impl_->resolve(name, std::move(done));
}

}  // namespace sallyport::net
