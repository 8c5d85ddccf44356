#include "net/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace sallyport::net {

// The BIO's callbacks; its data pointer is the Connection, which outlives the SSL that owns the BIO.
struct SocketBio {
    static Connection& self(BIO* bio) { return *static_cast<Connection*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* to, int size) noexcept {
        Connection& connection = self(bio);
        BIO_clear_retry_flags(bio);
        if (!connection.first_bytes_.empty()) return take_first(connection.first_bytes_, to, size);
        const ssize_t got = recv(connection.fd_.get(), to, static_cast<std::size_t>(size), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
        if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
        return static_cast<int>(got);
    }

    static int take_first(Buffer& first, char* to, int size) {
        const std::size_t count = std::min(first.size(), static_cast<std::size_t>(size));
        std::memcpy(to, first.view().data(), count);
        first.consume(count);
        first.release_if_empty();
        return static_cast<int>(count);
    }

    static int write(BIO* bio, const char* from, int size) noexcept {
        BIO_clear_retry_flags(bio);
        // Records of one write share segments: the last one, without the flag, pushes them out.
        const int flags = MSG_NOSIGNAL | (self(bio).more_follows_ ? MSG_MORE : 0);
        const ssize_t sent = send(self(bio).fd_.get(), from, static_cast<std::size_t>(size), flags);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
        return static_cast<int>(sent);
    }

    static long control(BIO* bio, int command, long, void*) noexcept {
        switch (command) {
            case BIO_CTRL_FLUSH: return 1;
            case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
            default: return 0;
        }
    }

    static const BIO_METHOD* method() {
        static const std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> method = [] {
            std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> made(
                BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sallyport socket"), &BIO_meth_free);
            SALLYPORT_CHECK(made != nullptr);
            BIO_meth_set_read(made.get(), &SocketBio::read);
            BIO_meth_set_write(made.get(), &SocketBio::write);
            BIO_meth_set_ctrl(made.get(), &SocketBio::control);
            return made;
        }();
        return method.get();
    }
};

Connection::Connection(Loop& loop, UniqueFd fd, std::function<void(int ready)> on_ready)
    : fd_(std::move(fd)), watch_(loop, fd_.get(), std::move(on_ready)) {}

Connection::~Connection() {
    // OpenSSL makes the session of a connection that ends without close_notify useless for resumption, which was TLS 1.0's
    // way (RFC 5246 section 7.2.1 took it back); whoever needs to know of truncation has seen it in read().
    if (ssl_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

UniqueFd Connection::take_fd() {
    SALLYPORT_CHECK(!ssl_);
    watch_.want(FdWatch::kNone);
    return std::move(fd_);
}

void Connection::start_tls_server(SSL_CTX* context, std::string_view first_bytes) {
    first_bytes_.append(first_bytes);
    start_tls(context);
    SSL_set_accept_state(ssl_.get());
}

void Connection::start_tls_client(SSL_CTX* context) {
    start_tls(context);
    SSL_set_connect_state(ssl_.get());
}

void Connection::start_tls(SSL_CTX* context) {
    ssl_.reset(SSL_new(context));
    SALLYPORT_CHECK(ssl_ != nullptr);
    BIO* bio = BIO_new(SocketBio::method());
    SALLYPORT_CHECK(bio != nullptr);
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
}

IoState Connection::handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return IoState::ok;
    const IoState state = ssl_outcome(result).state;
    // A peer that leaves during a handshake has not ended anything properly.
    return state == IoState::closed ? IoState::failed : state;
}

IoResult Connection::read(char* to, std::size_t size) {
    if (read_finished_) return {IoState::closed, 0};
    if (!ssl_) {
        const ssize_t got = recv(fd_.get(), to, size, 0);
        if (got > 0) return {IoState::ok, static_cast<std::size_t>(got)};
        if (got == 0) return read_finished_ = true, IoResult{IoState::closed, 0};
        return {errno == EAGAIN || errno == EINTR ? IoState::again : IoState::failed, 0};
    }
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), to, size, &got);
    if (result == 1) return {IoState::ok, got};
    const IoResult outcome = ssl_outcome(result);
    read_finished_ = outcome.state == IoState::closed;
    return outcome;
}

IoResult Connection::write(std::string_view bytes) {
    if (bytes.empty()) return {IoState::ok, 0};
    if (!ssl_) {
        const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) return {IoState::ok, static_cast<std::size_t>(sent)};
        return {errno == EAGAIN || errno == EINTR ? IoState::again : IoState::failed, 0};
    }
    ERR_clear_error();
    std::size_t sent = 0;
    more_follows_ = bytes.size() > SSL3_RT_MAX_PLAIN_LENGTH;
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
    if (result == 1) return {IoState::ok, sent};
    const IoResult outcome = ssl_outcome(result);
    return {outcome.state == IoState::closed ? IoState::failed : outcome.state, 0};
}

IoResult Connection::ssl_outcome(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ: return {IoState::again, 0};
        case SSL_ERROR_WANT_WRITE: watch_.want(watch_.wanted() | FdWatch::kWrite); return {IoState::again, 0};
        case SSL_ERROR_ZERO_RETURN: return {IoState::closed, 0};
        default: note_tls_failure(); return {IoState::failed, 0};
    }
}

void Connection::note_tls_failure() {
    const long verified = SSL_get_verify_result(ssl_.get());
    const unsigned long error = ERR_peek_last_error();
    if (verified != X509_V_OK) {
        tls_failure_ = X509_verify_cert_error_string(verified);
    } else if (error != 0) {
        const char* reason = ERR_reason_error_string(error);
        tls_failure_ = reason != nullptr ? reason : "TLS error";
    } else {
        tls_failure_ = "the peer closed the connection";
    }
    ERR_clear_error();
}

bool Connection::has_buffered_input() const { return ssl_ && SSL_has_pending(ssl_.get()) != 0; }

void Connection::shutdown_write() {
    if (ssl_ && SSL_is_init_finished(ssl_.get())) {
        ERR_clear_error();
        (void)SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }
    (void)shutdown(fd_.get(), SHUT_WR);
}

void Connection::reset_on_close() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void set_no_delay(int fd) {
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace sallyport::net
