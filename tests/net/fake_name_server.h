// A name server on a loopback socket, on the test's own loop: it answers as it is told, and remembers what it was asked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "net/address.h"
#include "net/dns_wire.h"
#include "net/loop.h"

namespace sallyport::net {

struct FakeAnswer {
    std::vector<Address> addresses;
    std::uint32_t ttl_seconds = 60;
    DnsCode code = DnsCode::no_error;
    bool is_silent = false;
    std::string alias;  // a CNAME to this name comes first, with `alias_ttl_seconds`
    std::uint32_t alias_ttl_seconds = 60;
};

class FakeNameServer final {
public:
    explicit FakeNameServer(Loop& loop);

    // As Resolver takes it: "127.0.0.1:port".
    const std::string& csv() const { return csv_; }
    // What is not here does not exist.
    std::map<std::string, FakeAnswer> zone;
    // Names by A query: every look-up asks for A once, if no answer is lost.
    std::vector<std::string> asked;

private:
    void answer_one();
    std::string answer(const DnsQuestion& question) const;

    UniqueFd socket_;
    std::string csv_;
    FdWatch watch_;
};

}  // namespace sallyport::net
