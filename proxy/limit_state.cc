#include "proxy/limit_state.h"

#include <openssl/sha.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"

namespace sallyport::proxy {
namespace {

// Sums of small amounts are not exact.
constexpr double kRoundingSlack = 1e-6;

}  // namespace

TokenBucket::TokenBucket(const rules::Rate& rate, net::Clock::time_point now)
    : capacity_(static_cast<double>(rate.amount)),
      per_second_(capacity_ / static_cast<double>(std::max<std::int64_t>(rate.period.count(), 1))),
      level_(capacity_),
      filled_at_(now) {}

void TokenBucket::fill(net::Clock::time_point now) {
    if (now <= filled_at_) return;
    level_ = std::min(capacity_, level_ + std::chrono::duration<double>(now - filled_at_).count() * per_second_);
    filled_at_ = now;
}

bool TokenBucket::covers(double amount, net::Clock::time_point now) {
    fill(now);
    return level_ + kRoundingSlack >= amount;
}

std::chrono::seconds TokenBucket::until_covers(double amount) const {
    const double missing = std::min(amount, capacity_) - level_;
    const double seconds = per_second_ > 0 ? std::ceil(missing / per_second_ - kRoundingSlack) : 1;
    return std::chrono::seconds(std::max<std::int64_t>(static_cast<std::int64_t>(seconds), 1));
}

bool TokenBucket::is_full(net::Clock::time_point now) {
    fill(now);
    return level_ + kRoundingSlack >= capacity_;
}

std::uint64_t SeenTargets::hash(std::string_view target) {
    static const std::string key = [] {
        std::string bytes(32, '\0');
        SALLYPORT_CHECK(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
        return bytes;
    }();
    const std::string text = key + std::string(target);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    std::uint64_t value = 0;
    std::memcpy(&value, digest, sizeof value);
    return value;
}

void SeenTargets::add(std::string_view target) {
    const std::uint64_t value = hash(target);
    if (!set_.insert(value).second) return;
    if (ring_.size() < kSeenTargetsMax) return ring_.push_back(value);
    set_.erase(std::exchange(ring_[oldest_], value));
    oldest_ = (oldest_ + 1) % kSeenTargetsMax;
}

double entropy_bytes(std::string_view target) {
    std::array<std::size_t, 256> counts{};
    for (const char c : target) ++counts[static_cast<unsigned char>(c)];
    double bits = 0;
    for (const std::size_t count : counts) {
        if (count == 0) continue;
        bits -= static_cast<double>(count) * std::log2(static_cast<double>(count) / static_cast<double>(target.size()));
    }
    return bits / 8 + 1;
}

LimitState::LimitState(const rules::LimitSpec& spec, net::Clock::time_point now) : concurrency_max_(spec.concurrency) {
    if (spec.requests) requests_.emplace(*spec.requests, now);
    if (spec.bytes_out) bytes_.emplace(*spec.bytes_out, now);
    if (spec.url_entropy) entropy_.emplace(*spec.url_entropy, now);
}

bool LimitState::covers(std::optional<TokenBucket>& bucket, double amount, net::Clock::time_point now) {
    if (!bucket || bucket->covers(amount, now)) return true;
    retry_after_ = bucket->until_covers(amount);
    return false;
}

const char* LimitState::refusal(const Charge& charge, net::Clock::time_point now) {
    retry_after_ = std::chrono::seconds(1);
    if (charge.as_request && concurrency_max_ && running_ >= *concurrency_max_) return "concurrency";
    if (charge.as_request && !covers(requests_, 1, now)) return "requests";
    if (!covers(bytes_, static_cast<double>(charge.bytes), now)) return "bytes_out";
    const bool is_new = entropy_ && !charge.target.empty() && !seen_.contains(charge.target);
    if (is_new && !covers(entropy_, entropy_bytes(charge.target), now)) return "url_entropy";
    return nullptr;
}

void LimitState::take(const Charge& charge) {
    ++holders_;
    if (charge.as_request) ++running_;
    if (charge.as_request && requests_) requests_->take(1);
    if (bytes_) bytes_->take(static_cast<double>(charge.bytes));
    if (!entropy_ || charge.target.empty() || seen_.contains(charge.target)) return;
    entropy_->take(entropy_bytes(charge.target));
    seen_.add(charge.target);
}

void LimitState::end_one(bool as_request) {
    --holders_;
    if (as_request) --running_;
}

bool LimitState::spend(std::uint64_t bytes, net::Clock::time_point now) {
    if (!covers(bytes_, static_cast<double>(bytes), now)) return false;
    if (bytes_) bytes_->take(static_cast<double>(bytes));
    return true;
}

// The targets that it has seen are forgotten with it: they cost once more.
bool LimitState::is_unused(net::Clock::time_point now) {
    const auto is_full = [&](std::optional<TokenBucket>& bucket) { return !bucket || bucket->is_full(now); };
    return holders_ == 0 && is_full(requests_) && is_full(bytes_) && is_full(entropy_);
}

}  // namespace sallyport::proxy
