// An origin over TLS that asks every client for a certificate and answers what it knows of the connection: "NAME 1 2 new" is
// the second request of the first connection, which was not resumed. Like origins that authenticate connections, it asks who
// it is once. On the test's loop.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "certs/tls_context.h"
#include "net/connection.h"
#include "net/listener.h"
#include "tests/admin/certificates.h"

namespace sallyport::proxy {

class TlsOrigin final {
public:
    // `names` as in a certificate: "DNS:vcs.example". `listening` has been bound to loopback.
    TlsOrigin(net::Loop& loop, UniqueFd listening, const std::string& names)
        : loop_(loop), leaf_(admin::issue("origin", names, &ca)), context_(std::move(*certs::make_server_context())) {
        SSL_CTX_use_certificate(context_.get(), leaf_.certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), leaf_.key.get());
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set_session_id_context(context_.get(), reinterpret_cast<const unsigned char*>("origin"), 6);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), clients_ca.certificate.get());
        listener_ = std::make_unique<net::Listener>(loop, std::move(listening), [this](UniqueFd fd) { accept(std::move(fd)); });
    }

    // Clients without one are turned away.
    void require_certificates() {
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    // The first `count` connections end with their first answer.
    void close_first(std::size_t count) { closing_ = count; }
    std::size_t connections() const { return peers_.size(); }
    std::size_t requests() const { return requests_; }

    admin::Issued ca = admin::issue("Origins", "", nullptr, true);
    admin::Issued clients_ca = admin::issue("Clients", "", nullptr, true);

private:
    struct Peer {
        std::unique_ptr<net::Connection> connection;
        std::size_t number = 0;
        bool is_open = false;
        std::string who = "nobody";
        std::string received;
        std::size_t requests = 0;
    };

    void accept(UniqueFd fd) {
        peers_.push_back(std::make_unique<Peer>());
        Peer& peer = *peers_.back();
        peer.number = peers_.size();
        peer.connection = std::make_unique<net::Connection>(loop_, std::move(fd), [this, &peer](int) { on_ready(peer); });
        peer.connection->start_tls_server(context_.get(), {});
        peer.connection->want(net::FdWatch::kRead);
    }

    void on_ready(Peer& peer) {
        if (!peer.is_open) {
            const net::IoState state = peer.connection->handshake();
            if (state == net::IoState::failed) peer.connection->want(net::FdWatch::kNone);
            if (state != net::IoState::ok) return;
            peer.is_open = true;
            peer.who = name_of(peer.connection->ssl());
        }
        char block[4096];
        while (true) {
            const net::IoResult result = peer.connection->read(block, sizeof block);
            if (result.state == net::IoState::again) break;
            if (result.state != net::IoState::ok) return peer.connection->want(net::FdWatch::kNone);
            peer.received.append(block, result.bytes);
        }
        while (peer.received.find("\r\n\r\n") != std::string::npos) answer(peer);
    }

    void answer(Peer& peer) {
        peer.received.erase(0, peer.received.find("\r\n\r\n") + 4);
        ++requests_;
        ++peer.requests;
        const std::string body = peer.who + " " + std::to_string(peer.number) + " " + std::to_string(peer.requests) +
                                 (SSL_session_reused(peer.connection->ssl()) != 0 ? " resumed" : " new");
        const bool closes = closing_ > 0;
        const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
                                 (closes ? "Connection: close\r\n" : "") + "\r\n";
        SALLYPORT_CHECK(peer.connection->write(head + body).state == net::IoState::ok);
        if (!closes) return;
        --closing_;
        peer.connection->shutdown_write();
    }

    static std::string name_of(SSL* ssl) {
        const std::unique_ptr<X509, decltype(&X509_free)> seen(SSL_get1_peer_certificate(ssl), &X509_free);
        if (!seen) return "nobody";
        char name[100] = {};
        X509_NAME_get_text_by_NID(X509_get_subject_name(seen.get()), NID_commonName, name, sizeof name);
        return name;
    }

    net::Loop& loop_;
    admin::Issued leaf_;
    certs::SslContextPtr context_;
    std::unique_ptr<net::Listener> listener_;
    std::vector<std::unique_ptr<Peer>> peers_;
    std::size_t closing_ = 0;
    std::size_t requests_ = 0;
};

}  // namespace sallyport::proxy
