// Connects to the first of several addresses that answers, IPv6 and IPv4 in turn, a quarter of a second apart
// (RFC 8305). Owned by whoever waits; destroying it gives up.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/address.h"
#include "net/loop.h"

namespace sallyport::net {

class Dialer final {
public:
    using Done = std::function<void(Result<UniqueFd>)>;

    // `done` is called once, on the loop, never before the constructor returns: with a connected, non-blocking
    // descriptor, or connect_failed, or connect_timeout after `timeout`.
    Dialer(Loop& loop, std::vector<Address> addresses, std::uint16_t port, std::chrono::milliseconds timeout, Done done);
    ~Dialer();
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;

private:
    struct Attempt {
        UniqueFd fd;
        std::unique_ptr<FdWatch> watch;
    };

    void try_next();
    bool begin_attempt(const Address& address);
    void on_attempt_ready(std::size_t index);
    void finish(Result<UniqueFd> outcome);

    Loop& loop_;
    std::vector<Address> addresses_;  // in the order of trying
    std::uint16_t port_;
    Done done_;
    std::size_t next_ = 0;
    std::size_t pending_ = 0;
    std::string last_failure_ = "no address";
    std::vector<Attempt> attempts_;
    Timer stagger_;
    Timer deadline_;
};

// IPv6 first, then by turns; the order within a family is kept.
std::vector<Address> interleave_families(const std::vector<Address>& addresses);

}  // namespace sallyport::net
