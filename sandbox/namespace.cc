#include "sandbox/namespace.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/log.h"
#include "sandbox/in_namespace.h"
#include "sandbox/routes.h"
#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

// /proc/sys/net is that of the namespace which the calling thread is in.
Result<void> set_sysctl(const std::string& name, std::string_view value) {
    const std::string path = "/proc/sys/net/" + name;
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd || ::write(fd.get(), value.data(), value.size()) < 0) return system_failure("set " + path);
    return {};
}

Result<void> open_with_redirect(NamespaceParts& parts) {
    auto listeners = open_listeners();
    if (!listeners) return failure(listeners.error());
    parts.listeners = std::move(*listeners);
    auto nft = NftSocket::open();
    if (!nft) return failure(nft.error());
    return nft->run(redirect_rules(parts.listeners.ports));
}

// A sandboxed root has no capabilities; it may still want port 80 of its own namespace.
Result<void> tune_new_namespace() {
    if (auto set = set_sysctl("ipv4/ip_unprivileged_port_start", "0"); !set) return set;
    return set_sysctl("ipv4/ip_local_port_range", "16384 65535");
}

// Docker switches IPv6 off on lo as well, where it does not use it. lo leads nowhere, and ::1 is needed.
Result<void> prepare_loopback() {
    if (auto set = set_sysctl("ipv6/conf/lo/disable_ipv6", "0"); !set) return set;
    if (auto up = set_link("lo", LinkState::up); !up) return up;
    if (auto added = add_resolver_address(); !added) return added;
    return route_everything_to_loopback();
}

// Rules belong to a namespace, and root inside could take a link elsewhere, or use a socket that passes no hook (AF_XDP):
// so the links themselves go, each to a place of its own: whoever still holds one (a tun's descriptor, a veth's other end)
// can find the namespace that it is in, and must meet no other link there. What cannot be moved (bridges, tunnels' fallback
// devices) leads nowhere without them; it is down, behind the rules.
Result<void> park(const std::vector<std::string>& links, std::vector<UniqueFd>& parking) {
    for (const std::string& link : links) {
        if (auto down = set_link(link, LinkState::down); !down) return down;
        auto place = run_in_new_namespace([]() -> Result<void> { return {}; });
        if (!place) return failure(place.error());
        const auto moved = move_link(link, place->get());
        if (!moved) return failure(moved.error());
        if (*moved == LinkMove::moved) parking.push_back(std::move(*place));
        if (*moved == LinkMove::immovable) {
            log(LogLevel::warning, link + " cannot leave its namespace: it is down, and behind the rules");
        }
    }
    return {};
}

// A held table is there only while its keeper lives.
Result<void> hold(NftSocket& nft, const std::vector<std::string>& links) {
    auto held = nft.run(closing_rules(TableKind::held, links));
    if (held || !nft.run("list table inet sallyport_held")) return held;
    return failure(ErrorCode::config_invalid, "the namespace is guarded already: by another sallyport that is running");
}

Result<void> close_namespace_of_this_thread(OpenNamespace& kept) {
    const auto links = uplinks();
    if (!links) return failure(links.error());
    auto nft = NftSocket::open();
    if (!nft) return failure(nft.error());
    if (auto held = hold(*nft, *links); !held) return held;
    if (auto plain = nft->run(closing_rules(TableKind::plain, *links)); !plain) return plain;
    kept.held_rules = std::move(*nft);
    return park(*links, kept.parking);
}

}  // namespace

Result<NamespaceParts> make_namespace() {
    NamespaceParts parts;
    auto netns = run_in_new_namespace([&parts]() -> Result<void> {
        if (auto prepared = prepare_loopback(); !prepared) return prepared;
        if (auto opened = open_with_redirect(parts); !opened) return opened;
        return tune_new_namespace();
    });
    if (!netns) return failure(netns.error());
    parts.kept.netns = std::move(*netns);
    return parts;
}

Result<NamespaceParts> close_and_attach(UniqueFd netns) {
    NamespaceParts parts;
    auto done = run_in_namespace(netns.get(), [&parts]() -> Result<void> {
        if (auto closed = close_namespace_of_this_thread(parts.kept); !closed) return closed;
        if (auto prepared = prepare_loopback(); !prepared) return prepared;
        return open_with_redirect(parts);
    });
    if (!done) return failure(done.error());
    parts.kept.netns = std::move(netns);
    return parts;
}

Result<NamespaceId> namespace_id(int netns) {
    struct stat status {};
    if (::fstat(netns, &status) < 0) return system_failure("fstat of a namespace");
    return NamespaceId{status.st_dev, status.st_ino};
}

}  // namespace sallyport::sandbox
