#include "proxy/origin_protocols.h"

namespace sallyport::proxy {

std::list<OriginProtocols::Origin>::iterator OriginProtocols::look_up(http::Scheme scheme, std::string_view host,
                                                                      bool is_address, std::uint16_t port) {
    key_text_ = http::to_string(scheme);
    // No name holds a bracket.
    key_text_ += is_address ? "://[" : "://";
    key_text_ += host;
    key_text_ += '|';
    key_text_ += std::to_string(port);
    const auto found = by_key_.find(key_text_);
    if (found == by_key_.end()) return origins_.end();
    origins_.splice(origins_.begin(), origins_, found->second);
    return found->second;
}

std::optional<Spoken> OriginProtocols::find(http::Scheme scheme, std::string_view host, bool is_address,
                                            std::uint16_t port) {
    const auto known = look_up(scheme, host, is_address, port);
    return known == origins_.end() ? std::nullopt : std::optional(known->spoken);
}

void OriginProtocols::learn(http::Scheme scheme, std::string_view host, bool is_address, std::uint16_t port,
                            Spoken spoken) {
    if (const auto known = look_up(scheme, host, is_address, port); known != origins_.end()) {
        known->spoken = spoken;
        return;
    }
    if (origins_.size() >= origins_max_) {
        by_key_.erase(origins_.back().key);
        origins_.pop_back();
    }
    origins_.push_front({key_text_, spoken});
    by_key_.emplace(origins_.front().key, origins_.begin());
}

}  // namespace sallyport::proxy
