#include "proxy/egress.h"

#include <openssl/sha.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/check.h"
#include "http/authority.h"
#include "net/original_dst.h"
#include "proxy/name_server.h"

namespace sallyport::proxy {
namespace {

constexpr std::uint16_t kDnsPort = 53;

}  // namespace

Egress::Egress(WorkerContext& context, EgressParts parts)
    : context_(context),
      id_(std::move(parts.id)),
      authority_(std::move(parts.authority)),
      snapshot_(std::move(parts.snapshot)),
      names_(kNamesMax),
      leaves_(*authority_, kLeavesMax),
      pool_(context, id_),
      calls_(context, *this),
      refusal_tokens_at_(context.loop.now()),
      question_tokens_at_(context.loop.now()) {
    for (UniqueFd* socket : {&parts.tcp_v4, &parts.tcp_v6}) listen(std::move(*socket));
    for (UniqueFd* socket : {&parts.dns_v4, &parts.dns_v6}) answer_names(std::move(*socket));
}

Egress::~Egress() = default;

void Egress::listen(UniqueFd socket) {
    if (!socket) return;
    listeners_.push_back(std::make_unique<net::Listener>(context_.loop, std::move(socket),
                                                         [this](UniqueFd fd) { on_accept(std::move(fd)); }));
}

void Egress::answer_names(UniqueFd socket) {
    if (!socket) return;
    name_servers_.push_back(std::make_unique<net::DatagramSocket>(
        context_.loop, std::move(socket), [this](std::string_view packet) { return answer_dns(packet, names_); }));
}

void Egress::on_accept(UniqueFd fd) {
    const auto destination = net::original_destination(fd.get());
    // Somebody dialled the listener itself: there is nothing that it could mean.
    if (destination) adopt(std::move(fd), *destination);
}

void Egress::adopt(UniqueFd fd, const net::Endpoint& destination) {
    if (connection_count() >= context_.connections_max) return;
    ++context_.counters.connections_accepted;
    if (destination.port == kDnsPort) {
        auto made = std::make_unique<DnsConnection>(context_, *this, names_, std::move(fd));
        dns_connections_.emplace(made.get(), std::move(made));
        return;
    }
    if (auto tcp = tcp_tunnel_to(destination)) {
        return open_tunnel(rules::TunnelKind::tcp, tcp->decision, std::move(fd), tcp->target, {});
    }
    make_downstream(std::move(fd), destination);
}

Downstream& Egress::make_downstream(UniqueFd fd, const net::Endpoint& destination) {
    auto made = std::make_unique<Downstream>(context_, *this, std::move(fd), destination);
    Downstream& downstream = *made;
    downstreams_.emplace(&downstream, std::move(made));
    return downstream;
}

void Egress::adopt(UniqueFd fd, ProxyOpening opening) {
    // Between the door and here the credential may have been taken away.
    if (draining_ || opening.credential == nullptr || opening.credential != proxy_credential_) return;
    if (connection_count() >= context_.connections_max) return;
    ++context_.counters.connections_accepted;
    if (opening.form != ProxyOpening::Form::requests) return adopt_tunnel(std::move(fd), std::move(opening));
    make_downstream(std::move(fd), {}).begin_requests(opening.first_bytes.view());
}

void Egress::adopt_tunnel(UniqueFd fd, ProxyOpening opening) {
    const net::Endpoint destination = endpoint_of(opening.authority);
    const std::string_view first_bytes = opening.first_bytes.view();
    auto tcp = tcp_tunnel_to(destination);
    if (!tcp && !may_allow(destination)) {
        const ErrorCode code = opening.authority.is_address ? ErrorCode::address_literal : ErrorCode::denied;
        return make_downstream(std::move(fd), destination).refuse_tunnel({code, "nothing is allowed there"}, opening);
    }
    // To a socket that has taken next to nothing so far.
    const std::string accepted = tunnel_accepted(opening.form);
    if (send(fd.get(), accepted.data(), accepted.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(accepted.size())) return;
    if (!tcp) return make_downstream(std::move(fd), destination).begin_tunnel(first_bytes);
    tcp->target.is_proxied = true;
    open_tunnel(rules::TunnelKind::tcp, tcp->decision, std::move(fd), tcp->target, first_bytes);
}

// A name's synthetic address: from there on it is as if the client had asked for it by DNS.
net::Endpoint Egress::endpoint_of(const http::Authority& authority) {
    if (!authority.is_address) return {names_.address_of(authority.host), authority.port};
    const auto address = net::parse_address(authority.host);
    SALLYPORT_CHECK(address);
    return {*address, authority.port};
}

void Egress::set_proxy_credential(std::shared_ptr<const ProxyCredential> credential) {
    if (std::exchange(proxy_credential_, std::move(credential)) == nullptr) return;
    const Error error{ErrorCode::closed_by_operator, "the proxy credential that it came in by is none any more"};
    const auto cut_if_proxied = [&](auto& each) {
        if (each.is_proxied()) each.cut(error);
    };
    for_each_open(downstreams_, cut_if_proxied);
    for_each_open(tunnels_, cut_if_proxied);
}

std::optional<Egress::TcpTunnel> Egress::tcp_tunnel_to(const net::Endpoint& destination) {
    ConnectionTarget target;
    target.port = destination.port;
    if (!name_target(destination, target)) return std::nullopt;
    if (target.host.empty()) {
        target.host = target.address_literal;
        target.is_address = true;
    }
    const auto decision = snapshot_->decide_tunnel(rules::TunnelKind::tcp, target.host, target.is_address, target.port);
    if (decision.verdict == rules::Verdict::deny) return std::nullopt;
    return TcpTunnel{std::move(target), decision};
}

void Egress::open_tunnel(rules::TunnelKind kind, const rules::Decision& decision, UniqueFd fd,
                         const ConnectionTarget& target, std::string_view first_bytes) {
    auto made = std::make_unique<Tunnel>(context_, *this, std::move(fd), TunnelOrder{kind, target, snapshot_, decision});
    Tunnel& tunnel = *made;
    tunnels_.emplace(&tunnel, std::move(made));
    pool_.set_outside(tunnels_.size());
    tunnel.start(first_bytes);
}

Result<void> Egress::name_target(const net::Endpoint& destination, ConnectionTarget& target) {
    const net::Address address = net::fold(destination.address);
    if (NameTable::is_synthetic(address)) {
        const auto name = names_.name_of(address);
        if (!name) return failure(ErrorCode::misdirected, "no name stands behind " + net::to_string(address));
        target.host = *name;
        return {};
    }
    target.address_literal = net::to_string(address);
    return {};
}

bool Egress::may_allow(const net::Endpoint& destination) {
    ConnectionTarget target;
    if (!name_target(destination, target)) return false;
    const bool is_address = target.host.empty();
    const std::string& host = is_address ? target.address_literal : target.host;
    for (const http::Scheme scheme : {http::Scheme::https, http::Scheme::http}) {
        if (snapshot_->reach(scheme, host, is_address, destination.port) != rules::Reach::denied) return true;
    }
    return false;
}

bool Egress::may_explain_refusal(std::string_view host) {
    if (leaves_.contains(host)) return true;
    const auto now = context_.loop.now();
    const double elapsed = std::chrono::duration<double>(now - refusal_tokens_at_).count();
    refusal_tokens_at_ = now;
    refusal_tokens_ = std::min(kRefusalLeavesBurst, refusal_tokens_ + elapsed * kRefusalLeavesPerSecond);
    if (refusal_tokens_ < 1) return false;
    refusal_tokens_ -= 1;
    return true;
}

bool Egress::may_ask_origin() {
    const auto now = context_.loop.now();
    const double elapsed = std::chrono::duration<double>(now - question_tokens_at_).count();
    question_tokens_at_ = now;
    question_tokens_ = std::min(kQuestionsBurst, question_tokens_ + elapsed * kQuestionsPerSecond);
    if (question_tokens_ < 1) return false;
    question_tokens_ -= 1;
    return true;
}

void Egress::bind_sessions(SSL* ssl, std::string_view host) const {
    const std::string text = id_.value + '\n' + std::string(host);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    SSL_set_session_id_context(ssl, digest, std::min<unsigned>(sizeof digest, SSL_MAX_SID_CTX_LENGTH));
}

void Egress::publish(std::shared_ptr<const rules::PolicySnapshot> snapshot) {
    const auto earlier = std::exchange(snapshot_, std::move(snapshot));
    kept_.cookies().keep_only([&](std::string_view credential) { return snapshot_->keeps_credential(credential, *earlier); });
    if (!snapshot_->has_same_secrets(*earlier)) kept_.retire(earlier->needles_in_use());
    pool_.retire_before(snapshot_->generation());
    for_each_open(downstreams_, [](Downstream& each) { each.on_new_snapshot(); });
    for_each_open(tunnels_, [](Tunnel& each) { each.on_new_snapshot(); });
    calls_.on_new_snapshot();
}

// What is called may take itself, and others, out of the map; nothing is deleted before the event is over.
template <class Owned, class Call>
void Egress::for_each_open(const Owned& owned, Call call) {
    std::vector<typename Owned::key_type> open;
    for (const auto& entry : owned) open.push_back(entry.first);
    for (const auto each : open) call(*each);
}

void Egress::end() {
    const Error error{ErrorCode::closed_by_operator, "the sandbox was removed"};
    for (const auto& listener : listeners_) listener->close();
    for_each_open(downstreams_, [&](Downstream& each) { each.cut(error); });
    for_each_open(tunnels_, [&](Tunnel& each) { each.cut(error); });
}

void Egress::list(std::vector<LiveConnection>& to) const {
    for (const auto& entry : downstreams_) to.push_back(entry.second->describe());
    for (const auto& entry : tunnels_) to.push_back(entry.second->describe());
    calls_.list(to);
}

void Egress::serve_fetches(HandlerIncarnation, UniqueFd listener) { calls_.serve(std::move(listener)); }

void Egress::handler_ended(HandlerIncarnation incarnation) {
    calls_.on_host_ended(incarnation);
    pool_.close_idle_handlers(incarnation);
}

bool Egress::close_connection(std::string_view id) {
    const Error error{ErrorCode::closed_by_operator, {}};
    bool found = false;
    const auto cut_if_meant = [&](auto& each) {
        if (found || each.connection_id().text() != id) return;
        found = true;
        each.cut(error);
    };
    for_each_open(downstreams_, cut_if_meant);
    for_each_open(tunnels_, cut_if_meant);
    return found || calls_.close_connection(id, error);
}

void Egress::remove(Downstream& downstream) {
    const auto owned = downstreams_.find(&downstream);
    if (owned == downstreams_.end()) return;
    context_.loop.defer([dead = std::shared_ptr<Downstream>(std::move(owned->second))] {});
    downstreams_.erase(owned);
    finish_drain_if_empty();
}

void Egress::remove(Tunnel& tunnel) {
    const auto owned = tunnels_.find(&tunnel);
    if (owned == tunnels_.end()) return;
    context_.loop.defer([dead = std::shared_ptr<Tunnel>(std::move(owned->second))] {});
    tunnels_.erase(owned);
    pool_.set_outside(tunnels_.size());
    finish_drain_if_empty();
}

void Egress::remove(DnsConnection& connection) {
    const auto owned = dns_connections_.find(&connection);
    if (owned == dns_connections_.end()) return;
    context_.loop.defer([dead = std::shared_ptr<DnsConnection>(std::move(owned->second))] {});
    dns_connections_.erase(owned);
}

void Egress::drain(std::function<void()> drained) {
    draining_ = true;
    drained_ = std::move(drained);
    for (const auto& listener : listeners_) listener->close();
    for_each_open(downstreams_, [](Downstream& each) { each.begin_drain(); });
    pool_.close_idle();
    finish_drain_if_empty();
}

void Egress::finish_drain_if_empty() {
    if (!draining_ || !downstreams_.empty() || !tunnels_.empty() || !drained_) return;
    const auto drained = std::exchange(drained_, nullptr);
    drained();
}

}  // namespace sallyport::proxy
