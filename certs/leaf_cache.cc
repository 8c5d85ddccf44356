#include "certs/leaf_cache.h"

#include <ctime>

#include "base/check.h"

namespace sallyport::certs {
namespace {

using Time = std::chrono::system_clock::time_point;

constexpr std::chrono::hours kRenewBefore{24};

Time not_after(const X509* leaf) {
    std::tm end{};
    SALLYPORT_CHECK(ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end) == 1);
    return std::chrono::system_clock::from_time_t(timegm(&end));
}

// A day before the end. A leaf cut short by its CA's end, of which no longer one can be had, is kept for half its life.
Time renewal(Time now, Time end) { return std::max(end - kRenewBefore, now + (end - now) / 2); }

}  // namespace

LeafCache::LeafCache(CertificateAuthority& authority, std::size_t entries_max)
    : authority_(authority), entries_max_(entries_max) {
    SALLYPORT_CHECK(entries_max > 0);
}

Result<X509*> LeafCache::get(std::string_view host, bool is_address, Time now) {
    const auto found = by_host_.find(host);
    if (found != by_host_.end()) {
        entries_.splice(entries_.begin(), entries_, found->second);
        if (now < found->second->renew_at) return found->second->leaf.get();
    }
    auto leaf = authority_.mint_leaf(host, is_address, now);
    if (!leaf) return failure(std::move(leaf.error()));
    if (found == by_host_.end()) {
        make_room();
        entries_.push_front({std::string(host), nullptr, {}});
        by_host_.emplace(entries_.front().host, entries_.begin());
    }
    Entry& entry = entries_.front();
    entry.renew_at = renewal(now, not_after(leaf->get()));
    entry.leaf = std::move(*leaf);
    return entry.leaf.get();
}

bool LeafCache::contains(std::string_view host) const { return by_host_.contains(host); }

void LeafCache::make_room() {
    if (entries_.size() < entries_max_) return;
    by_host_.erase(entries_.back().host);
    entries_.pop_back();
}

}  // namespace sallyport::certs
