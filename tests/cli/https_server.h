// A server on loopback with a certificate for "store.example" and 127.0.0.1, on a thread of its own: what it was sent, and
// what the test wants it to answer. One connection after the other, one request on each.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "net/address.h"
#include "tests/admin/certificates.h"

namespace sallyport::cli {

inline std::string http_answer(const std::string& body, const std::string& status = "200 OK", const std::string& fields = "") {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body;
}

class HttpsServer {
public:
    // The whole answer to a whole request; empty closes the connection.
    using Answer = std::function<std::string(const std::string& request)>;
    enum class Tls { on, off };

    explicit HttpsServer(Answer answer, Tls tls = Tls::on) : answer_(std::move(answer)), tls_(tls) {
        use_certificate();
        listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_storage any{};
        const auto size = net::to_sockaddr({*net::parse_address("127.0.0.1"), 0}, any);
        SALLYPORT_CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&any), size) == 0);
        SALLYPORT_CHECK(::listen(listener_.get(), 16) == 0);
        thread_ = std::thread([this] { serve(); });
    }
    ~HttpsServer() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }
    HttpsServer(const HttpsServer&) = delete;
    HttpsServer& operator=(const HttpsServer&) = delete;

    std::uint16_t port() const {
        sockaddr_storage own{};
        socklen_t size = sizeof own;
        SALLYPORT_CHECK(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0);
        return net::from_sockaddr(own)->port;
    }
    std::string ca_pem() const { return ca_.certificate_pem(); }
    std::vector<std::string> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    int connections() const { return connections_; }

private:
    using SslPtr = std::unique_ptr<SSL, decltype(&SSL_free)>;

    void use_certificate() {
        const auto own = admin::issue("store", "DNS:store.example,IP:127.0.0.1", &ca_);
        SALLYPORT_CHECK(SSL_CTX_use_certificate(context_.get(), own.certificate.get()) == 1);
        SALLYPORT_CHECK(SSL_CTX_use_PrivateKey(context_.get(), own.key.get()) == 1);
    }

    void serve() {
        // A client that hangs up is no reason to end.
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
        for (;;) {
            const UniqueFd fd(::accept(listener_.get(), nullptr, nullptr));
            if (!fd) return;
            ++connections_;
            ERR_clear_error();
            const SslPtr ssl(SSL_new(context_.get()), &SSL_free);
            SSL_set_fd(ssl.get(), fd.get());
            if (tls_ == Tls::on && SSL_accept(ssl.get()) != 1) continue;
            const std::string request = read_request(*ssl, fd.get());
            if (request.empty()) continue;
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(request);
            }
            const std::string answer = answer_(request);
            if (tls_ == Tls::on) SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
            if (tls_ == Tls::on) SSL_shutdown(ssl.get());
            if (tls_ == Tls::off) (void)!::send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
        }
    }

    std::string read_request(SSL& ssl, int fd) const {
        std::string request;
        char block[4096];
        while (!is_whole(request)) {
            const auto got = tls_ == Tls::on ? SSL_read(&ssl, block, sizeof block) : ::recv(fd, block, sizeof block, 0);
            if (got <= 0) break;
            request.append(block, static_cast<std::size_t>(got));
        }
        return request;
    }

    static bool is_whole(const std::string& request) {
        const auto end = request.find("\r\n\r\n");
        if (end == request.npos) return false;
        const auto length = request.find("Content-Length: ");
        return length == request.npos || request.size() - end - 4 >= std::stoul(request.substr(length + 16));
    }

    Answer answer_;
    const Tls tls_;
    admin::Issued ca_ = admin::issue("test CA", "", nullptr, true);
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_server_method()), &SSL_CTX_free};
    UniqueFd listener_;
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;  // guarded by mutex_
    std::atomic<int> connections_{0};
    std::thread thread_;
};

}  // namespace sallyport::cli
