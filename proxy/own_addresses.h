// The machine's own addresses: private whatever their range. Asked of the kernel anew at most once a second. One worker's.
#pragma once

#include <vector>

#include "net/address.h"
#include "net/loop.h"

namespace sallyport::proxy {

class OwnAddresses final {
public:
    explicit OwnAddresses(net::Loop& loop) : loop_(loop) {}

    bool contains(const net::Address& address);

private:
    net::Loop& loop_;
    std::vector<net::Address> addresses_;
    net::Clock::time_point valid_until_;
};

}  // namespace sallyport::proxy
