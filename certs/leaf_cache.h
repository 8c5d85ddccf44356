// The leaves of one sandbox, least recently used out first. Bounded; a leaf near its end is minted anew. One worker's.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "certs/authority.h"

namespace sallyport::certs {

class LeafCache final {
public:
    // The authority outlives the cache.
    LeafCache(CertificateAuthority& authority, std::size_t entries_max);

    // The certificate stays valid until the next call; OpenSSL takes its own reference.
    Result<X509*> get(std::string_view host, bool is_address, std::chrono::system_clock::time_point now);
    bool contains(std::string_view host) const;
    std::size_t size() const { return by_host_.size(); }

private:
    struct Entry {
        std::string host;
        X509Ptr leaf;
        std::chrono::system_clock::time_point renew_at;
    };
    void make_room();

    CertificateAuthority& authority_;
    std::size_t entries_max_;
    std::list<Entry> entries_;  // most recently used first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_host_;  // keys point into entries_
};

}  // namespace sallyport::certs
