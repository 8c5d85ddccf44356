// c-ares on the loop: one absolute name in, its A and AAAA records out. No cache, no hosts file, no search domains.
// Owned by the resolver, which it must not be destroyed by while it calls back.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/loop.h"

struct ares_addrinfo;
struct ares_channeldata;

namespace sallyport::net {

struct DnsRecords {
    std::vector<Address> addresses;  // not empty, no duplicates
    std::chrono::seconds ttl{0};     // the shortest on the way, aliases included
};

class DnsClient final {
public:
    struct Options {
        std::chrono::milliseconds timeout{5000};  // how tries are spread; the caller has the deadline
        std::string resolv_conf_path;
        std::string servers;  // "address:port,...", instead of the file's
    };
    using Done = std::function<void(Result<DnsRecords>)>;

    DnsClient(Loop& loop, Options options);
    // Does not call back any more.
    ~DnsClient();
    DnsClient(const DnsClient&) = delete;
    DnsClient& operator=(const DnsClient&) = delete;

    // Calls back once, perhaps before it returns. dns_not_found, dns_failed.
    void look_up(const std::string& name, Done done);
    // c-ares is on the stack: now is no time to destroy this.
    bool is_busy() const { return busy_ > 0; }

private:
    struct Question;

    void on_socket_state(int fd, int interest);
    void process(int readable_fd, int writable_fd);
    void arm();

    Loop& loop_;
    ares_channeldata* channel_ = nullptr;
    std::string failure_;  // why there is no channel
    std::unordered_map<int, std::unique_ptr<FdWatch>> watches_;
    Timer retry_;
    int busy_ = 0;
    bool closing_ = false;
};

}  // namespace sallyport::net
