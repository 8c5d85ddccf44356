// Names to addresses, for origins: the daemon's own hosts file and resolv.conf, through c-ares, on the loop. Answers
// are kept for their time to live (at most `ttl_max`), failures for a second. The files' changes are noticed (at most
// one stat of each a second). One worker's; a callback may not destroy it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/loop.h"

namespace sallyport::net {

struct ResolverOptions {
    std::chrono::milliseconds timeout{5000};   // for one look-up, tries included
    std::chrono::seconds ttl_max{60};
    std::size_t cache_entries_max = 4096;
    std::string hosts_path = "/etc/hosts";
    std::string resolv_conf_path = "/etc/resolv.conf";
    std::chrono::milliseconds files_checked_every{1000};
    std::string servers_csv;  // "address:port,..." instead of resolv.conf's, which has no ports
};

class Resolver final {
public:
    Resolver(Loop& loop, ResolverOptions options);
    ~Resolver();

    // Every address, v4 and v6, unordered duplicates removed, never empty. dns_not_found, dns_failed otherwise.
    using Answer = Result<std::vector<Address>>;

    // A look-up under way; destroying it means the callback will not come.
    class Query {
    public:
        virtual ~Query() = default;
    };
    // Calls back once: before it returns (then it returns null) where the answer is at hand, else later on the loop.
    std::unique_ptr<Query> resolve(const std::string& canonical_name, std::function<void(Answer)> done);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::net
