// A server on a thread of its own, as in the daemon, on a unix socket in a scratch folder or on loopback.
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "admin/server.h"
#include "net/address.h"
#include "tests/admin/certificates.h"
#include "tests/admin/dialogue.h"
#include "tests/admin/store_fixture.h"

namespace sallyport::admin {

class Serving {
public:
    explicit Serving(ServerOptions options) {
        auto server = Server::create(loop_, api_, std::move(options));
        SALLYPORT_CHECK(server);
        server_ = std::move(*server);
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~Serving() {
        on_loop([this] {
            server_.reset();
            loop_.stop();
        });
        thread_.join();
    }
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;

    // On the server's thread; returns when it is done.
    void on_loop(const std::function<void()>& task) {
        std::promise<void> done;
        loop_.post([&] {
            task();
            done.set_value();
        });
        done.get_future().get();
    }
    FakeApi& api() { return api_; }
    Server& server() { return *server_; }

private:
    net::Loop loop_;
    FakeApi api_;
    std::unique_ptr<Server> server_;
    std::thread thread_;
};

inline ServerOptions local_options(const std::string& path, std::vector<UidCaller> uids) {
    ServerOptions options;
    auto listener = listen_unix(path, false);
    SALLYPORT_CHECK(listener);
    options.unix_listener = std::move(*listener);
    options.uids = std::move(uids);
    return options;
}

inline std::uint16_t port_of(const UniqueFd& listener) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    SALLYPORT_CHECK(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&storage), &size) == 0);
    return net::from_sockaddr(storage)->port;
}

// A blocking client. Reads give up after ten seconds, which only a broken test takes.
class Client {
public:
    explicit Client(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path.c_str());
        open(AF_UNIX, reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
    // TLS, with a certificate where `identity` is one.
    Client(std::uint16_t port, const Issued& ca, const Issued* identity, int version_max = TLS1_3_VERSION) {
        sockaddr_storage storage{};
        const socklen_t size = net::to_sockaddr({*net::parse_address("127.0.0.1"), port}, storage);
        open(AF_INET, reinterpret_cast<sockaddr*>(&storage), size);
        context_.reset(SSL_CTX_new(TLS_client_method()));
        SSL_CTX_set_max_proto_version(context_.get(), version_max);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), ca.certificate.get());
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        if (identity != nullptr) {
            SSL_CTX_use_certificate(context_.get(), identity->certificate.get());
            SSL_CTX_use_PrivateKey(context_.get(), identity->key.get());
        }
        ssl_.reset(SSL_new(context_.get()));
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), "127.0.0.1");
        SSL_set_fd(ssl_.get(), fd_.get());
        has_tls_ = SSL_connect(ssl_.get()) == 1;
    }

    bool has_tls() const { return has_tls_; }
    int fd() const { return fd_.get(); }
    void send(std::string_view bytes) {
        if (ssl_) {
            (void)SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
        } else {
            (void)!::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        }
    }
    void end() { shutdown(fd_.get(), SHUT_WR); }
    // 0 at the end, negative for a broken connection.
    int receive(char* to, int size) {
        return ssl_ ? SSL_read(ssl_.get(), to, size) : static_cast<int>(recv(fd_.get(), to, static_cast<std::size_t>(size), 0));
    }
    // What comes until the server has nothing more to say.
    std::string read_all() {
        std::string all;
        char block[4096];
        for (int got; (got = receive(block, sizeof block)) > 0;) all.append(block, static_cast<std::size_t>(got));
        return all;
    }
    // What comes until `text` is in it, or the end.
    std::string read_until(std::string_view text) {
        std::string all;
        char block[4096];
        while (all.find(text) == std::string::npos) {
            const int got = receive(block, sizeof block);
            if (got <= 0) break;
            all.append(block, static_cast<std::size_t>(got));
        }
        return all;
    }
    // One request, after which the connection ends.
    Seen ask(const std::string& method, const std::string& target, const std::string& fields = {}) {
        send(Dialogue::request(method, target, "Connection: close\r\n" + fields));
        auto seen = read_answers(read_all(), {method});
        return seen.empty() ? Seen() : std::move(seen.front());
    }

private:
    struct SslFree {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    void open(int family, const sockaddr* address, socklen_t size) {
        fd_.reset(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const timeval patience{10, 0};
        setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        SALLYPORT_CHECK(connect(fd_.get(), address, size) == 0);
    }

    UniqueFd fd_;
    std::unique_ptr<SSL_CTX, SslFree> context_;
    std::unique_ptr<SSL, SslFree> ssl_;
    bool has_tls_ = false;
};

}  // namespace sallyport::admin
