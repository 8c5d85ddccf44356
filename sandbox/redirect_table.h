// The nftables rules of a sandbox's namespace, through libnftables: what leads connections to the daemon's listeners, and
// what keeps an attached namespace closed. Made and run on a thread inside the namespace.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

struct nft_ctx;

namespace sallyport::sandbox {

// The ports of the listeners on 127.0.0.1 and ::1.
struct RedirectPorts {
    std::uint16_t tcp_v4 = 0;
    std::uint16_t tcp_v6 = 0;
    std::uint16_t dns_v4 = 0;
    std::uint16_t dns_v6 = 0;
};

// All TCP that is not to loopback, and DNS to anywhere, goes to the listeners; of the rest UDP finds no port (an ICMP
// error), and every other protocol is refused. Replaces a table left by an earlier daemon.
std::string redirect_rules(const RedirectPorts& ports);

// plain: stays when the daemon dies. held: belongs to the netlink socket that made it, so that nobody else, root inside
// the namespace included, can change or flush it; goes with that socket.
enum class TableKind { plain, held };

// Nothing but loopback: in, out, forwarded, and raw frames on each of the `uplinks`.
std::string closing_rules(TableKind kind, const std::vector<std::string>& uplinks);

// A netlink socket in the namespace of the thread that opened it. Held tables live as long as it does.
class NftSocket final {
public:
    static Result<NftSocket> open();
    Result<void> run(const std::string& rules);

private:
    struct Free {
        void operator()(nft_ctx* context) const;
    };
    explicit NftSocket(nft_ctx* context) : context_(context) {}
    std::unique_ptr<nft_ctx, Free> context_;
};

}  // namespace sallyport::sandbox
