// One TCP connection, cleartext or TLS, without blocking. Owned by whoever reads and writes it; lives on one worker.
// OpenSSL works on the socket through a BIO of ours, which first serves the bytes that were read before TLS began.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/unique_fd.h"
#include "net/loop.h"

namespace sallyport::net {

enum class IoState {
    ok,      // `bytes` were moved
    again,   // nothing now: wait for the descriptor
    closed,  // the peer has ended its side in the protocol's own way (FIN, and close_notify where TLS)
    failed,  // reset, truncated TLS, or a TLS error: nothing more will come or go
};

struct IoResult {
    IoState state = IoState::failed;
    std::size_t bytes = 0;
};

class Connection final {
public:
    // `on_ready` is called with a set of FdWatch::Interest. It may destroy the connection only through Loop::defer.
    Connection(Loop& loop, UniqueFd fd, std::function<void(int ready)> on_ready);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    int fd() const { return fd_.get(); }
    // Lets go of the descriptor, where there is no TLS: only destroying is left to do.
    UniqueFd take_fd();
    bool is_tls() const { return ssl_ != nullptr; }
    // Null before start_tls_*.
    SSL* ssl() const { return ssl_.get(); }

    // From here on read() and write() are inside TLS. `first_bytes` have been read off the socket already. The caller
    // sets certificate, names and session on ssl(), then calls handshake() until it is not `again`.
    void start_tls_server(SSL_CTX* context, std::string_view first_bytes);
    void start_tls_client(SSL_CTX* context);
    IoState handshake();

    // Reads at most `size` bytes, once.
    IoResult read(char* to, std::size_t size);
    // Writes what it can of `bytes`.
    IoResult write(std::string_view bytes);
    // Bytes wait in memory that no readiness of the descriptor will announce.
    bool has_buffered_input() const;
    // The last write could not go on, or a TLS read needs to write.
    void want(int interest) { watch_.want(interest); }
    int wanted() const { return watch_.wanted(); }

    // close_notify and FIN; reading goes on.
    void shutdown_write();
    // Close with RST instead of FIN: nothing looks like a complete answer.
    void reset_on_close();
    // Why the last TLS operation failed, for operators.
    const std::string& tls_failure() const { return tls_failure_; }

private:
    friend struct SocketBio;
    struct SslFree {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };

    void start_tls(SSL_CTX* context);
    IoResult ssl_outcome(int result);
    void note_tls_failure();

    UniqueFd fd_;
    FdWatch watch_;
    Buffer first_bytes_;
    std::unique_ptr<SSL, SslFree> ssl_;
    std::string tls_failure_;
    bool read_finished_ = false;
    bool more_follows_ = false;  // the record being written is not the last of its bytes
};

// Sets TCP_NODELAY: requests and responses are written whole.
void set_no_delay(int fd);

}  // namespace sallyport::net
