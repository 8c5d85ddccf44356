#include "admin/server.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <list>
#include <utility>

#include "admin/admission.h"
#include "admin/connection.h"
#include "admin/event_hub.h"
#include "admin/refusals.h"
#include "admin/tls.h"
#include "base/log.h"
#include "http/authority.h"
#include "net/address.h"
#include "net/listener.h"

namespace sallyport::admin {
namespace {

constexpr std::size_t kTokenBytesMin = 16;

// Whoever could listen on loopback could read the token from its file.
bool is_on_loopback(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return false;
    if (storage.ss_family == AF_INET) {
        return ntohl(reinterpret_cast<const sockaddr_in&>(storage).sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return storage.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr);
}

Result<void> check_tcp(const ServerOptions& options) {
    if (options.certificate_pem.empty() && !is_on_loopback(options.tcp_listener.get())) {
        return failure(ErrorCode::config_invalid, "admin: a certificate is needed on an address that is not loopback");
    }
    if (options.certificate_pem.empty() && !options.client_ca_pem.empty()) {
        return failure(ErrorCode::config_invalid, "admin: client_ca needs a certificate");
    }
    if (!options.client_ca_pem.empty()) {
        if (!options.certificates.empty()) return {};
        return failure(ErrorCode::config_invalid, "admin: client_ca is set, and no caller has a certificate");
    }
    if (options.tokens.empty()) {
        return failure(ErrorCode::config_invalid, "admin: over TCP a caller with a token, or client_ca, is needed");
    }
    for (const TokenCaller& caller : options.tokens) {
        if (caller.token.size() >= kTokenBytesMin) continue;
        return failure(ErrorCode::config_invalid, "admin: the token of " + caller.caller.name + " is too short: " +
                                                      std::to_string(kTokenBytesMin) + " bytes are the least");
    }
    return {};
}

Result<std::vector<std::string>> canonical_names(const std::vector<std::string>& names) {
    std::vector<std::string> canonical;
    for (const std::string& name : names) {
        auto host = http::canonical_host(name);
        if (!host) return failure(ErrorCode::config_invalid, "admin: not a host name: " + name);
        canonical.push_back(std::move(*host));
    }
    return canonical;
}

std::string peer_address(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return "unknown";
    const auto endpoint = net::from_sockaddr(storage);
    return endpoint ? net::to_string(*endpoint) : "unknown";
}

}  // namespace

struct Server::State {
    State(net::Loop& loop, Api& api, ServerOptions&& options, std::vector<std::string> names, SslContextPtr tls);
    // Nobody is told of subscribers that leave because of that.
    ~State() { events.on_change(nullptr); }

    void accept_local(UniqueFd fd);
    void accept_tcp(UniqueFd fd);
    void add(UniqueFd fd, Peer peer);
    bool has_room(const Peer& peer) const;
    void evict_idle(bool is_local);
    void on_closed(Connection& connection);
    void note_refusal(std::string_view who, std::string_view why);
    std::size_t count(const auto& wanted) const {
        return static_cast<std::size_t>(std::ranges::count_if(connections, wanted));
    }

    net::Loop& loop;
    Api& api;
    const std::vector<UidCaller> uids;
    const std::vector<CertificateCaller> certificates;
    const bool has_client_ca;
    const Admission admission;
    const SslContextPtr tls;
    Refusals refusals;
    EventHub events;
    const SessionContext session;
    const ConnectionContext context;
    std::list<std::unique_ptr<Connection>> connections;
    std::list<std::unique_ptr<Connection>> closed;  // until the loop is back
    net::Timer reaper;
    std::unique_ptr<net::Listener> unix_listener;
    std::unique_ptr<net::Listener> tcp_listener;
};

Server::State::State(net::Loop& the_loop, Api& the_api, ServerOptions&& options, std::vector<std::string> names,
                     SslContextPtr context_of_tls)
    : loop(the_loop),
      api(the_api),
      uids(std::move(options.uids)),
      certificates(std::move(options.certificates)),
      has_client_ca(!options.client_ca_pem.empty()),
      admission(std::move(options.tokens), std::move(names)),
      tls(std::move(context_of_tls)),
      session{api, admission, events, [this](std::string_view who, std::string_view why) { note_refusal(who, why); }},
      context{loop, session, options.deadlines, tls.get(), has_client_ca ? &certificates : nullptr},
      reaper(loop, [this] { closed.clear(); }) {
    if (options.unix_listener) {
        unix_listener = std::make_unique<net::Listener>(loop, std::move(options.unix_listener),
                                                        [this](UniqueFd fd) { accept_local(std::move(fd)); });
    }
    if (options.tcp_listener) {
        tcp_listener = std::make_unique<net::Listener>(loop, std::move(options.tcp_listener),
                                                       [this](UniqueFd fd) { accept_tcp(std::move(fd)); });
    }
}

void Server::State::accept_local(UniqueFd fd) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return;
    Peer peer;
    peer.who = "uid " + std::to_string(credentials.uid);
    peer.caller = find_uid(uids, credentials.uid);
    peer.is_local = true;
    add(std::move(fd), std::move(peer));
}

void Server::State::accept_tcp(UniqueFd fd) {
    Peer peer;
    peer.who = peer_address(fd.get());
    peer.has_tokens = !has_client_ca;
    add(std::move(fd), std::move(peer));
}

bool Server::State::has_room(const Peer& peer) const {
    const auto is_on_same = [&](const auto& other) { return other->peer().is_local == peer.is_local; };
    if (count(is_on_same) >= kConnectionsMax) return false;
    if (!peer.is_local) return true;
    if (!peer.caller) {
        const auto is_stranger = [](const auto& other) { return other->peer().is_local && !other->peer().caller; };
        return count(is_stranger) < kStrangersMax;
    }
    if (peer.caller->is_operator()) return true;
    const auto is_theirs = [&](const auto& other) {
        return other->peer().is_local && other->peer().caller && other->peer().caller->name == peer.caller->name;
    };
    return count(is_theirs) < kConnectionsPerCallerMax;
}

void Server::State::evict_idle(bool is_local) {
    const auto found = std::ranges::find_if(connections, [&](const auto& connection) {
        return connection->peer().is_local == is_local && connection->is_idle();
    });
    if (found != connections.end()) (*found)->close();
}

void Server::State::add(UniqueFd fd, Peer peer) {
    if (!has_room(peer)) evict_idle(peer.is_local);
    if (!has_room(peer)) return note_refusal(peer.who, "too many connections");
    connections.push_back(std::make_unique<Connection>(context, std::move(fd), std::move(peer),
                                                       [this](Connection& gone) { on_closed(gone); }));
}

void Server::State::on_closed(Connection& gone) {
    const auto found = std::ranges::find(connections, &gone, &std::unique_ptr<Connection>::get);
    closed.splice(closed.end(), connections, found);
    reaper.start(std::chrono::milliseconds(0));
}

void Server::State::note_refusal(std::string_view who, std::string_view why) {
    if (const auto text = refusals.admit(why, loop.now())) api.refused(who, *text);
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(net::Loop& loop, Api& api, ServerOptions options) {
    SslContextPtr tls;
    if (options.tcp_listener) {
        if (auto checked = check_tcp(options); !checked) return tl::unexpected(checked.error());
    }
    if (options.tcp_listener && !options.certificate_pem.empty()) {
        auto made = make_tls_context(options.certificate_pem, options.key_pem.reveal(), options.client_ca_pem);
        if (!made) return tl::unexpected(made.error());
        tls = std::move(*made);
    }
    auto names = canonical_names(options.host_names);
    if (!names) return tl::unexpected(names.error());
    auto state = std::make_unique<State>(loop, api, std::move(options), std::move(*names), std::move(tls));
    return std::unique_ptr<Server>(new Server(std::move(state)));
}

void Server::publish(const Event& event) { state_->events.publish(event); }
bool Server::has_subscribers() const { return !state_->events.empty(); }
void Server::on_subscribers(std::function<void(bool)> changed) { state_->events.on_change(std::move(changed)); }

}  // namespace sallyport::admin
