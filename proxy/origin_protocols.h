// What origins of one sandbox were found to speak over TLS, the most recently used ones. Says nothing about whether one may be
// spoken to: that is asked of the policy each time. Owned by an UpstreamPool. Lives on one worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "http/message.h"
#include "proxy/spoken.h"

namespace sallyport::proxy {

class OriginProtocols final {
public:
    explicit OriginProtocols(std::size_t origins_max) : origins_max_(origins_max) {}

    // `host` is canonical: a name, or an address where `is_address`.
    std::optional<Spoken> find(http::Scheme scheme, std::string_view host, bool is_address, std::uint16_t port);
    // Instead of what was known.
    void learn(http::Scheme scheme, std::string_view host, bool is_address, std::uint16_t port, Spoken spoken);

    std::size_t size() const { return origins_.size(); }

private:
    struct Origin {
        std::string key;
        Spoken spoken;
    };

    std::list<Origin>::iterator look_up(http::Scheme scheme, std::string_view host, bool is_address, std::uint16_t port);

    const std::size_t origins_max_;
    std::list<Origin> origins_;  // most recently used first
    std::unordered_map<std::string_view, std::list<Origin>::iterator> by_key_;
    std::string key_text_;  // reused, so that a look-up allocates nothing
};

}  // namespace sallyport::proxy
