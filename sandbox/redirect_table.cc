#include "sandbox/redirect_table.h"

#include <nftables/libnftables.h>

namespace sallyport::sandbox {
namespace {

// Add, delete, add: one transaction that replaces a table whether or not it was there.
std::string replaced_table(const std::string& family_and_name, const std::string& body) {
    return "table " + family_and_name + "\ndelete table " + family_and_name + "\ntable " + family_and_name + " {\n" +
           body + "}\n";
}

std::string redirects(const std::string& family, const std::string& match, std::uint16_t port) {
    return "  meta nfproto " + family + " " + match + " redirect to :" + std::to_string(port) + "\n";
}

// Ahead of other NAT in an attached namespace (docker's resolver has rules of its own at -100): the first one decides.
std::string redirect_chain(const RedirectPorts& ports) {
    return " chain to_listeners {\n  type nat hook output priority -101; policy accept;\n" +
           redirects("ipv4", "udp dport 53", ports.dns_v4) + redirects("ipv6", "udp dport 53", ports.dns_v6) +
           redirects("ipv4", "tcp dport 53", ports.tcp_v4) + redirects("ipv6", "tcp dport 53", ports.tcp_v6) +
           "  ip daddr 127.0.0.0/8 return\n  ip6 daddr ::1 return\n" +
           redirects("ipv4", "meta l4proto tcp", ports.tcp_v4) + redirects("ipv6", "meta l4proto tcp", ports.tcp_v6) +
           " }\n";
}

// The namespace itself would answer an echo request to any address; ICMP errors stay, they are how UDP fails at once.
constexpr char kGuardChain[] = R"( chain guard {
  type filter hook output priority 0; policy accept;
  ip daddr 127.0.0.0/8 accept
  ip6 daddr ::1 accept
  meta l4proto { tcp, udp } accept
  icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
  icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
  icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  reject with icmpx type admin-prohibited
 }
)";

constexpr char kClosingChains[] = R"( chain output {
  type filter hook output priority -10; policy accept;
  oif != lo reject with icmpx type admin-prohibited
 }
 chain input {
  type filter hook input priority -10; policy accept;
  iif != lo drop
 }
 chain forward { type filter hook forward priority -10; policy drop; }
)";

// Packet sockets do not pass the inet hooks.
std::string wire_chains(const std::vector<std::string>& uplinks) {
    std::string chains;
    for (std::size_t i = 0; i < uplinks.size(); ++i) {
        chains += " chain egress" + std::to_string(i) + " { type filter hook egress device \"" + uplinks[i] +
                  "\" priority -10; policy drop; }\n";
    }
    return chains;
}

}  // namespace

std::string redirect_rules(const RedirectPorts& ports) {
    return replaced_table("inet sallyport", redirect_chain(ports) + kGuardChain);
}

std::string closing_rules(TableKind kind, const std::vector<std::string>& uplinks) {
    const std::string name = kind == TableKind::held ? "sallyport_held" : "sallyport_closed";
    const std::string flags = kind == TableKind::held ? " flags owner;\n" : "";
    const auto table = [&](const std::string& family, const std::string& chains) {
        // A held table cannot outlive its socket, so there is none to replace; nor may one be named twice in a batch.
        if (kind == TableKind::held) return "table " + family + " " + name + " {\n" + flags + chains + "}\n";
        return replaced_table(family + " " + name, chains);
    };
    std::string rules = table("inet", kClosingChains);
    if (!uplinks.empty()) rules += table("netdev", wire_chains(uplinks));
    return rules;
}

void NftSocket::Free::operator()(nft_ctx* context) const { ::nft_ctx_free(context); }

Result<NftSocket> NftSocket::open() {
    nft_ctx* context = ::nft_ctx_new(NFT_CTX_DEFAULT);
    if (context == nullptr) return failure(ErrorCode::system, "cannot open an nftables socket");
    ::nft_ctx_buffer_error(context);
    ::nft_ctx_buffer_output(context);
    return NftSocket(context);
}

Result<void> NftSocket::run(const std::string& rules) {
    if (::nft_run_cmd_from_buffer(context_.get(), rules.c_str()) == 0) return {};
    return failure(ErrorCode::system, std::string("nftables: ") + ::nft_ctx_get_error_buffer(context_.get()));
}

}  // namespace sallyport::sandbox
