// What the policy's limits leave a sandbox: token buckets and counts of what runs, for each rule that has a `limit` and
// for the policy as a whole. What has been used up stays used up when a new generation comes: state is kept under the
// rule's limit key and the limit's own text. Owned by a sandbox's Egress; lives on one worker. Has no clock of its own.
//
// A bucket holds one period's worth, is full at first and fills evenly. Nothing goes out that it does not cover: a
// request is refused at its head where the bucket of requests is empty, or the one of bytes does not cover the head; a
// body is cut at the piece that is not covered.
//
// url_entropy: the order-0 entropy of the target's bytes (how many bits each would take, coded by how often it occurs in
// this target), in bytes, plus one for the choice itself; nothing for a target that is among the last kSeenTargetsMax
// different ones. An upper bound for hardly any text, an over-estimate for words: it is made for slowing down who writes
// data into addresses, not for measuring it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "net/loop.h"
#include "rules/actions.h"

namespace sallyport::proxy {

class LimitState;  // proxy/limit_state.h

class Limiter final {
public:
    Limiter();
    ~Limiter();
    Limiter(const Limiter&) = delete;
    Limiter& operator=(const Limiter&) = delete;

    // The right to go on: counts as running until it is released or gone, and pays for bytes. An empty one pays for
    // everything. Must not outlive the limiter.
    class Permit {
    public:
        Permit() = default;
        Permit(Permit&& other) noexcept;
        Permit& operator=(Permit&& other) noexcept;
        ~Permit() { release(); }

        // False where a bucket does not cover them: then none of them may be sent.
        bool spend(std::uint64_t bytes, net::Clock::time_point now);
        void release();
        bool is_limited() const { return limiter_ != nullptr; }

    private:
        friend class Limiter;
        struct Share {
            LimitState* state = nullptr;
            bool runs = false;  // counted in the state's concurrency
        };
        Limiter* limiter_ = nullptr;
        Share rule_;
        Share policy_;
    };

    // How much of an exchange counts under one limit.
    enum class Counts {
        everything,
        bytes,  // a handler's fetch where its call counts as the request already: what goes out, and what its target says
    };

    struct Exchange {
        const rules::LimitSpec* rule_limit = nullptr;  // null for none
        std::string_view rule_key;
        Counts rule_counts = Counts::everything;
        const rules::LimitSpec* policy_limit = nullptr;  // null for none
        Counts policy_counts = Counts::everything;
        std::string_view target;      // path and query; empty for a tunnel
        std::uint64_t head_bytes = 0;  // what goes out at once
    };

    // rate_limited, and then nothing has been taken from either limit.
    Result<Permit> admit(const Exchange& exchange, net::Clock::time_point now);

    // After a refusal or a failed spend(): when the bucket would cover it, at least one second.
    std::chrono::seconds retry_after() const { return retry_after_; }

    std::size_t size() const { return states_.size(); }

private:
    LimitState& state_of(std::string_view key, const rules::LimitSpec& spec, net::Clock::time_point now);
    void forget_unused(net::Clock::time_point now);

    std::unordered_map<std::string, std::unique_ptr<LimitState>> states_;
    std::string key_text_;  // reused, so that a look-up allocates nothing
    std::chrono::seconds retry_after_{1};
};

}  // namespace sallyport::proxy
