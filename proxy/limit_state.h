// What one limit has counted: its buckets, what runs under it, and the targets that it has seen. Owned by a Limiter.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "net/loop.h"
#include "proxy/limiter.h"
#include "rules/actions.h"

namespace sallyport::proxy {

// A target that has been forgotten costs again; 8 bytes and a place in a set for each.
inline constexpr std::size_t kSeenTargetsMax = 4096;

class TokenBucket final {
public:
    TokenBucket(const rules::Rate& rate, net::Clock::time_point now);

    bool covers(double amount, net::Clock::time_point now);
    // What covers() has allowed.
    void take(double amount) { level_ -= amount; }
    // Until it will cover that much; a period where it never will.
    std::chrono::seconds until_covers(double amount) const;
    bool is_full(net::Clock::time_point now);

private:
    void fill(net::Clock::time_point now);

    double capacity_;
    double per_second_;
    double level_;
    net::Clock::time_point filled_at_;
};

// The last kSeenTargetsMax different ones, as keyed hashes: nobody can make one that looks like another.
class SeenTargets final {
public:
    bool contains(std::string_view target) const { return set_.contains(hash(target)); }
    void add(std::string_view target);

private:
    static std::uint64_t hash(std::string_view target);

    std::unordered_set<std::uint64_t> set_;
    std::vector<std::uint64_t> ring_;
    std::size_t oldest_ = 0;
};

// See limiter.h.
double entropy_bytes(std::string_view target);

class LimitState final {
public:
    LimitState(const rules::LimitSpec& spec, net::Clock::time_point now);

    struct Charge {
        bool as_request = true;  // a request, one more that runs
        std::uint64_t bytes = 0;
        std::string_view target;
    };
    // Two steps, so that of two limits none is charged where the other refuses. Nothing, or what it is that is used up.
    const char* refusal(const Charge& charge, net::Clock::time_point now);
    void take(const Charge& charge);

    bool spend(std::uint64_t bytes, net::Clock::time_point now);
    // Of what was taken.
    void end_one(bool as_request);

    // Of the last refusal.
    std::chrono::seconds retry_after() const { return retry_after_; }
    // As good as new: nothing is lost where it is forgotten.
    bool is_unused(net::Clock::time_point now);

private:
    bool covers(std::optional<TokenBucket>& bucket, double amount, net::Clock::time_point now);

    std::optional<TokenBucket> requests_;
    std::optional<TokenBucket> bytes_;
    std::optional<TokenBucket> entropy_;
    std::optional<std::uint32_t> concurrency_max_;
    std::uint32_t running_ = 0;
    std::uint32_t holders_ = 0;  // of permits: beside those that run, those that pay for bytes alone
    SeenTargets seen_;
    std::chrono::seconds retry_after_{1};
};

}  // namespace sallyport::proxy
