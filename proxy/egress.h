// One sandbox's way out: its listeners, names, certificates, policy and connections. That a connection is this sandbox's
// is a fact of the kernel: it came in on a socket that exists in this sandbox's namespace only; or its client has shown the
// explicit proxy the sandbox's credential. Owned by a Worker and
// pinned to it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/ids.h"
#include "certs/leaf_cache.h"
#include "net/datagram_socket.h"
#include "net/listener.h"
#include "proxy/dns_connection.h"
#include "proxy/downstream.h"
#include "proxy/handler_calls.h"
#include "proxy/handler_link.h"
#include "proxy/kept_secrets.h"
#include "proxy/limiter.h"
#include "proxy/live.h"
#include "proxy/name_table.h"
#include "proxy/proxy_opening.h"
#include "proxy/tunnel.h"
#include "proxy/upstream_pool.h"
#include "proxy/worker_context.h"
#include "rules/metadata_answer.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {

// What a sandbox's egress is made of.
struct EgressParts {
    SandboxId id;
    // Listening inside the sandbox's namespace; any may be empty.
    UniqueFd tcp_v4;
    UniqueFd tcp_v6;
    UniqueFd dns_v4;
    UniqueFd dns_v6;
    std::unique_ptr<certs::CertificateAuthority> authority;
    std::shared_ptr<const rules::PolicySnapshot> snapshot;
};

class Egress final {
public:
    Egress(WorkerContext& context, EgressParts parts);
    ~Egress();
    Egress(const Egress&) = delete;
    Egress& operator=(const Egress&) = delete;

    const SandboxId& id() const { return id_; }
    // What requests that begin now are decided by.
    const std::shared_ptr<const rules::PolicySnapshot>& snapshot() const { return snapshot_; }
    void publish(std::shared_ptr<const rules::PolicySnapshot> snapshot);

    // Refuses new connections, lets running requests end, then calls `drained` once (perhaps at once).
    void drain(std::function<void()> drained);
    bool is_draining() const { return draining_; }

    // Serves a connection that was meant for `destination`.
    void adopt(UniqueFd fd, const net::Endpoint& destination);
    // Serves one that came to the explicit proxy, as if it had been opened in the sandbox's namespace; not where the
    // credential that let it in is not the sandbox's any more.
    void adopt(UniqueFd fd, ProxyOpening opening);
    // Null: none. What came in by another one is cut.
    void set_proxy_credential(std::shared_ptr<const ProxyCredential> credential);
    const std::shared_ptr<const ProxyCredential>& proxy_credential() const { return proxy_credential_; }
    std::size_t downstream_count() const { return downstreams_.size(); }
    std::size_t tunnel_count() const { return tunnels_.size(); }
    std::size_t connection_count() const { return downstreams_.size() + tunnels_.size() + dns_connections_.size(); }

    // Cuts all connections, closes the listeners: the sandbox is no more.
    void end();
    void list(std::vector<LiveConnection>& to) const;
    // Cuts the connection of that id; whether there is one.
    bool close_connection(std::string_view id);

    // Takes what the sandbox's handler host fetches from this listener (a unix socket), instead of an earlier one.
    void serve_fetches(HandlerIncarnation incarnation, UniqueFd listener);
    // That host has ended: its calls fail.
    void handler_ended(HandlerIncarnation incarnation);

    // For downstream connections.
    UpstreamPool& pool() { return pool_; }
    // Of HTTP/2, on all of the sandbox's connections.
    std::size_t open_streams() const { return open_streams_; }
    void count_streams(std::ptrdiff_t more) { open_streams_ += static_cast<std::size_t>(more); }
    Limiter& limiter() { return limiter_; }
    HandlerCalls& calls() { return calls_; }
    KeptSecrets& kept() { return kept_; }
    rules::MetadataAnswers& metadata() { return metadata_; }
    certs::LeafCache& leaves() { return leaves_; }
    EVP_PKEY* leaf_key() const { return authority_->leaf_key(); }
    // Fills in what the destination address says: the name that a synthetic one stands for, or the literal.
    Result<void> name_target(const net::Endpoint& destination, ConnectionTarget& target);
    // Whether any request to the name or address behind `destination`, on its port, can be allowed. A name that a client
    // has for a real address is not known yet, and does not count.
    bool may_allow(const net::Endpoint& destination);
    bool may_explain_refusal(std::string_view host);
    // What an origin speaks is asked before a request has come: not more often than this says.
    bool may_ask_origin();
    // TLS sessions are resumed for this sandbox and this name only.
    void bind_sessions(SSL* ssl, std::string_view host) const;
    // For a connection that the decision allows as a tunnel.
    void open_tunnel(rules::TunnelKind kind, const rules::Decision& decision, UniqueFd fd, const ConnectionTarget& target,
                     std::string_view first_bytes);
    // Whether the bound on connections to origins leaves room for a tunnel that has been made, and so counts already.
    bool may_open_tunnel() const { return pool_.size() + tunnels_.size() <= context_.connections_max; }
    void remove(Downstream& downstream);
    void remove(Tunnel& tunnel);
    void remove(DnsConnection& connection);

private:
    void on_accept(UniqueFd fd);
    // Raw TCP by name, begun before a byte is read: nothing where no rule says so.
    struct TcpTunnel {
        ConnectionTarget target;
        rules::Decision decision;
    };
    std::optional<TcpTunnel> tcp_tunnel_to(const net::Endpoint& destination);
    Downstream& make_downstream(UniqueFd fd, const net::Endpoint& destination);
    void adopt_tunnel(UniqueFd fd, ProxyOpening opening);
    net::Endpoint endpoint_of(const http::Authority& authority);
    template <class Owned, class Call>
    static void for_each_open(const Owned& owned, Call call);
    void listen(UniqueFd socket);
    void answer_names(UniqueFd socket);
    void finish_drain_if_empty();

    WorkerContext& context_;
    SandboxId id_;
    std::unique_ptr<certs::CertificateAuthority> authority_;
    std::shared_ptr<const rules::PolicySnapshot> snapshot_;
    std::shared_ptr<const ProxyCredential> proxy_credential_;
    std::size_t open_streams_ = 0;
    NameTable names_;
    certs::LeafCache leaves_;
    UpstreamPool pool_;
    Limiter limiter_;
    KeptSecrets kept_;  // outlives the connections below
    rules::MetadataAnswers metadata_{kept_.random()};
    HandlerCalls calls_;
    std::vector<std::unique_ptr<net::Listener>> listeners_;
    std::vector<std::unique_ptr<net::DatagramSocket>> name_servers_;
    std::unordered_map<Downstream*, std::unique_ptr<Downstream>> downstreams_;
    std::unordered_map<Tunnel*, std::unique_ptr<Tunnel>> tunnels_;
    std::unordered_map<DnsConnection*, std::unique_ptr<DnsConnection>> dns_connections_;
    double refusal_tokens_ = kRefusalLeavesBurst;
    net::Clock::time_point refusal_tokens_at_;
    double question_tokens_ = kQuestionsBurst;
    net::Clock::time_point question_tokens_at_;
    bool draining_ = false;
    std::function<void()> drained_;
};

}  // namespace sallyport::proxy
