// From a name to a connected socket: look-up, check of every address, connecting. Whatever goes out, requests and tunnels,
// goes out through here. Owned by whoever waits; destroying it gives up. Lives on one worker.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/dialer.h"
#include "net/resolver.h"
#include "proxy/own_addresses.h"
#include "proxy/worker_context.h"

namespace sallyport::proxy {

struct OriginAddress {
    std::string host;  // canonical
    bool is_address = false;
    std::uint16_t port = 0;
    // The rule's; null or empty for none. Must stay valid while the dialer lives.
    const std::vector<std::string>* granted_networks = nullptr;
    // Of an address: a rule names it. Otherwise it is checked as if it had been resolved.
    bool is_literal_granted = true;
};

class OriginDialer final {
public:
    using Done = std::function<void(Result<UniqueFd>)>;

    // `done` is called once, on the loop, never before the constructor returns: with a connected descriptor, or
    // dns_not_found, dns_failed, private_address, connect_failed, connect_timeout. It may destroy the dialer.
    OriginDialer(WorkerContext& context, OwnAddresses& own_addresses, OriginAddress origin, Done done);
    ~OriginDialer();
    OriginDialer(const OriginDialer&) = delete;
    OriginDialer& operator=(const OriginDialer&) = delete;

    std::uint64_t dns_us() const { return dns_us_; }
    std::uint64_t connect_us() const { return connect_us_; }

private:
    void on_resolved(net::Resolver::Answer answer);
    Result<void> check_addresses(const std::vector<net::Address>& addresses) const;
    void finish(Result<UniqueFd> outcome);
    std::uint64_t lap_us();

    WorkerContext& context_;
    OwnAddresses& own_addresses_;
    const OriginAddress origin_;
    Done done_;
    std::unique_ptr<net::Resolver::Query> query_;
    std::unique_ptr<net::Dialer> dialer_;
    Error refusal_;
    net::Timer refuse_;
    net::Clock::time_point lap_start_;
    std::uint64_t dns_us_ = 0;
    std::uint64_t connect_us_ = 0;
};

// "address:port" of the other end; empty where there is none.
std::string peer_text(int fd);

}  // namespace sallyport::proxy
