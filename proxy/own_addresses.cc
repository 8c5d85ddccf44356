#include "proxy/own_addresses.h"

#include <algorithm>

namespace sallyport::proxy {
namespace {

constexpr std::chrono::seconds kTtl{1};

}  // namespace

bool OwnAddresses::contains(const net::Address& address) {
    const auto now = loop_.now();
    if (addresses_.empty() || now >= valid_until_) {
        addresses_ = net::own_addresses();
        valid_until_ = now + kTtl;
    }
    return std::find(addresses_.begin(), addresses_.end(), net::fold(address)) != addresses_.end();
}

}  // namespace sallyport::proxy
