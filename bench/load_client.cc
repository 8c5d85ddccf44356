// The benchmark's load client: one thread, epoll and OpenSSL, a fixed number of connections that ask as fast as they are
// answered. Verifies chain, name, status and length of every answer, and prints one line of JSON. Bounded by --seconds
// and --requests.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

struct Options {
    std::string address = "127.0.0.1";
    int port = 8443;
    std::string name;
    std::string ca_file;
    std::string authorization;
    std::string method = "GET";
    std::string path = "/small";
    long body_bytes = 0;
    long expect_bytes = -1;  // of the answer's body; -1: any
    int connections = 1;
    double seconds = 5;
    long requests = 0;       // 0: as many as fit in `seconds`
    bool close = false;      // a new connection for each request
    bool resume = false;     // offer the last session
    long fresh_names = -1;   // from this number on, connection i asks for n<i>.<name>
};

struct Totals {
    long started = 0;
    long ok = 0;
    long bad = 0;     // answered, with another status or length than asked for
    long failed = 0;  // not answered
    long handshakes = 0;
    long resumed = 0;
    long received_bytes = 0;
    long sent_bytes = 0;
    std::vector<float> latencies_us;
    std::string last_error;
    std::string tls;
};

// An answer with a Content-Length; nothing else is expected of this origin.
class ResponseReader final {
public:
    enum class Progress { more, complete, broken };

    Progress feed(std::string_view bytes) {
        if (in_head_) return feed_head(bytes);
        body_bytes_ += static_cast<long>(bytes.size());
        return progress();
    }
    int status() const { return status_; }
    long body_bytes() const { return body_bytes_; }
    bool closes() const { return closes_; }

private:
    Progress feed_head(std::string_view bytes) {
        head_.append(bytes);
        const std::size_t end = head_.find("\r\n\r\n");
        if (end == std::string::npos) return Progress::more;
        in_head_ = false;
        body_bytes_ = static_cast<long>(head_.size() - end - 4);
        head_.resize(end + 2);
        if (head_.size() > 12) status_ = std::atoi(head_.c_str() + 9);
        const char* length = strcasestr(head_.c_str(), "\r\ncontent-length:");
        if (length != nullptr) length_ = std::atol(length + 17);
        closes_ = strcasestr(head_.c_str(), "\r\nconnection: close") != nullptr;
        return progress();
    }
    Progress progress() const {
        if (length_ < 0 || body_bytes_ > length_) return Progress::broken;
        return body_bytes_ == length_ ? Progress::complete : Progress::more;
    }

    std::string head_;
    bool in_head_ = true;
    int status_ = 0;
    long length_ = -1;
    long body_bytes_ = 0;
    bool closes_ = false;
};

// What all connections share: options, contexts, counts, and when to stop.
class Load final {
public:
    explicit Load(const Options& asked);
    ~Load();
    Load(const Load&) = delete;

    bool wants_more() const {
        if (options.requests > 0) return totals.started < options.requests && Clock::now() < hard_end;
        return Clock::now() < soft_end;
    }
    void fail(const std::string& why);
    // Where nothing works there is no point in going on.
    bool hopeless() const { return totals.failed > 200 && totals.failed > totals.ok; }

    const Options options;
    Totals totals;
    SSL_CTX* tls = nullptr;
    SSL_SESSION* session = nullptr;  // the newest one
    int epoll = -1;
    const Clock::time_point start = Clock::now();
    const Clock::time_point soft_end = start + std::chrono::duration_cast<Clock::duration>(Seconds(options.seconds));
    const Clock::time_point hard_end = soft_end + std::chrono::seconds(5);
    const std::string body_block = std::string(64 * 1024, 'x');
    std::vector<char> read_block = std::vector<char>(64 * 1024);
};

int keep_session(SSL* connection, SSL_SESSION* session) {
    auto* load = static_cast<Load*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
    SSL_SESSION_free(load->session);
    load->session = session;
    return 1;
}

Load::Load(const Options& asked) : options(asked), tls(SSL_CTX_new(TLS_client_method())), epoll(epoll_create1(0)) {
    SSL_CTX_set_app_data(tls, this);
    if (SSL_CTX_load_verify_locations(tls, options.ca_file.c_str(), nullptr) != 1) throw CLI::FileError(options.ca_file);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, nullptr);
    static constexpr unsigned char kHttp1[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(tls, kHttp1, sizeof kHttp1 - 1);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    if (options.resume) {
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(tls, keep_session);
    }
}

Load::~Load() {
    SSL_SESSION_free(session);
    SSL_CTX_free(tls);
    ::close(epoll);
}

void Load::fail(const std::string& why) {
    ++totals.failed;
    totals.last_error = why;
    if (const unsigned long code = ERR_peek_last_error(); code != 0) {
        char text[200];
        ERR_error_string_n(code, text, sizeof text);
        totals.last_error += std::string(": ") + text;
    }
    ERR_clear_error();
}

// One connection after another to the same place, one request after another on each.
class Connection final {
public:
    explicit Connection(Load& load) : load_(load) { open(); }
    ~Connection() { shut(); }
    Connection(const Connection&) = delete;

    bool finished() const { return state_ == State::finished; }
    // Goes on until it would wait.
    void advance() {
        while (step()) {
        }
    }

private:
    enum class State { connecting, handshaking, sending, receiving, finished };

    void open();
    void shut();
    void begin_request();
    bool step();
    bool finish_connect();
    bool shake_hands();
    bool send_some();
    bool receive_some();
    bool complete();
    bool wait_or_fail(int result, const char* doing);
    bool fail(const std::string& why);

    Load& load_;
    State state_ = State::finished;
    int fd_ = -1;
    SSL* tls_ = nullptr;
    std::string name_;
    std::string head_;
    std::size_t head_sent_ = 0;
    long body_left_ = 0;
    ResponseReader response_;
    Clock::time_point asked_at_;
};

void Connection::open() {
    state_ = State::finished;
    if (!load_.wants_more() || load_.hopeless()) return;
    const Options& options = load_.options;
    name_ = options.name;
    if (options.fresh_names >= 0) {
        name_ = "n" + std::to_string(options.fresh_names + load_.totals.started) + "." + options.name;
    }
    ++load_.totals.started;
    asked_at_ = Clock::now();
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event interest{};
    interest.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    interest.data.ptr = this;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(options.port));
    inet_pton(AF_INET, options.address.c_str(), &to.sin_addr);
    state_ = State::connecting;
    if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) < 0 && errno != EINPROGRESS) {
        load_.fail(std::string("connect: ") + std::strerror(errno));
        shut();
        state_ = State::finished;
        return;
    }
    epoll_ctl(load_.epoll, EPOLL_CTL_ADD, fd_, &interest);
}

void Connection::shut() {
    SSL_free(tls_);
    tls_ = nullptr;
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

void Connection::begin_request() {
    const Options& options = load_.options;
    head_ = options.method + " " + options.path + " HTTP/1.1\r\nHost: " + name_ + ":" + std::to_string(options.port) +
            "\r\nUser-Agent: load_client\r\nAccept: */*\r\nAuthorization: " + options.authorization + "\r\n";
    if (options.body_bytes > 0) head_ += "Content-Length: " + std::to_string(options.body_bytes) + "\r\n";
    head_ += "\r\n";
    head_sent_ = 0;
    body_left_ = options.body_bytes;
    response_ = ResponseReader();
    state_ = State::sending;
}

bool Connection::step() {
    switch (state_) {
        case State::connecting: return finish_connect();
        case State::handshaking: return shake_hands();
        case State::sending: return send_some();
        case State::receiving: return receive_some();
        case State::finished: return false;
    }
    return false;
}

bool Connection::finish_connect() {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(std::string("connect: ") + std::strerror(error));
    tcp_info info{};
    size = sizeof info;
    getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size);
    if (info.tcpi_state != TCP_ESTABLISHED) return false;
    tls_ = SSL_new(load_.tls);
    SSL_set_fd(tls_, fd_);
    SSL_set_tlsext_host_name(tls_, name_.c_str());
    SSL_set1_host(tls_, name_.c_str());
    if (load_.session != nullptr) SSL_set_session(tls_, load_.session);
    state_ = State::handshaking;
    return true;
}

bool Connection::shake_hands() {
    const int result = SSL_connect(tls_);
    if (result != 1) return wait_or_fail(result, "handshake");
    ++load_.totals.handshakes;
    if (SSL_session_reused(tls_)) ++load_.totals.resumed;
    if (load_.totals.tls.empty()) load_.totals.tls = std::string(SSL_get_version(tls_)) + " " + SSL_get_cipher_name(tls_);
    begin_request();
    return true;
}

bool Connection::send_some() {
    const bool in_head = head_sent_ < head_.size();
    const char* from = in_head ? head_.data() + head_sent_ : load_.body_block.data();
    const std::size_t size = in_head ? head_.size() - head_sent_
                                     : std::min<std::size_t>(load_.body_block.size(), static_cast<std::size_t>(body_left_));
    if (size == 0) {
        state_ = State::receiving;
        return true;
    }
    const int sent = SSL_write(tls_, from, static_cast<int>(size));
    if (sent <= 0) return wait_or_fail(sent, "write");
    if (in_head) {
        head_sent_ += static_cast<std::size_t>(sent);
    } else {
        body_left_ -= sent;
        load_.totals.sent_bytes += sent;
    }
    return true;
}

bool Connection::receive_some() {
    const int got = SSL_read(tls_, load_.read_block.data(), static_cast<int>(load_.read_block.size()));
    if (got <= 0) return wait_or_fail(got, "read");
    const auto progress = response_.feed({load_.read_block.data(), static_cast<std::size_t>(got)});
    if (progress == ResponseReader::Progress::broken) return fail("an answer without a length, or longer than it said");
    if (progress == ResponseReader::Progress::complete) return complete();
    return true;
}

bool Connection::complete() {
    Totals& totals = load_.totals;
    const Options& options = load_.options;
    totals.received_bytes += response_.body_bytes();
    if (response_.status() == 200 && (options.expect_bytes < 0 || response_.body_bytes() == options.expect_bytes)) {
        ++totals.ok;
    } else {
        ++totals.bad;
        totals.last_error = "status " + std::to_string(response_.status()) + ", " + std::to_string(response_.body_bytes()) + " bytes";
    }
    totals.latencies_us.push_back(std::chrono::duration<float, std::micro>(Clock::now() - asked_at_).count());
    if (options.close || response_.closes() || !load_.wants_more()) {
        SSL_shutdown(tls_);
        shut();
        open();
        return false;
    }
    ++totals.started;
    asked_at_ = Clock::now();
    begin_request();
    return true;
}

bool Connection::wait_or_fail(int result, const char* doing) {
    const int error = SSL_get_error(tls_, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return false;
    const long verified = SSL_get_verify_result(tls_);
    return fail(std::string(doing) + (verified == X509_V_OK ? "" : std::string(": ") + X509_verify_cert_error_string(verified)));
}

bool Connection::fail(const std::string& why) {
    load_.fail(why);
    shut();
    open();
    return false;
}

void run(Load& load) {
    std::vector<std::unique_ptr<Connection>> connections;
    for (int i = 0; i < load.options.connections; ++i) connections.push_back(std::make_unique<Connection>(load));
    const auto all_finished = [&] {
        return std::all_of(connections.begin(), connections.end(), [](const auto& each) { return each->finished(); });
    };
    epoll_event events[256];
    while (!all_finished() && Clock::now() < load.hard_end) {
        const int ready = epoll_wait(load.epoll, events, 256, 100);
        for (int i = 0; i < ready; ++i) static_cast<Connection*>(events[i].data.ptr)->advance();
    }
    if (!all_finished()) load.fail("not answered in time");
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void print(Totals& totals, double seconds) {
    std::sort(totals.latencies_us.begin(), totals.latencies_us.end());
    const auto quantile = [&](double part) {
        const std::size_t count = totals.latencies_us.size();
        return count == 0 ? 0.0 : totals.latencies_us[std::min(count - 1, static_cast<std::size_t>(part * static_cast<double>(count)))];
    };
    std::replace_if(
        totals.last_error.begin(), totals.last_error.end(), [](char c) { return c == '"' || c == '\\' || c < ' '; }, '.');
    std::printf(
        "{\"ok\": %ld, \"bad\": %ld, \"failed\": %ld, \"seconds\": %.4f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
        "\"handshakes\": %ld, \"resumed\": %ld, \"received_bytes\": %ld, \"sent_bytes\": %ld, \"client_cpu\": %.4f, "
        "\"tls\": \"%s\", \"error\": \"%s\"}\n",
        totals.ok, totals.bad, totals.failed, seconds, quantile(0.5), quantile(0.99), totals.handshakes, totals.resumed,
        totals.received_bytes, totals.sent_bytes, cpu_seconds(), totals.tls.c_str(), totals.last_error.c_str());
}

}  // namespace

int main(int argc, char** argv) {
    signal(SIGPIPE, SIG_IGN);
    Options options;
    CLI::App app("Asks one server as fast as it answers, and says how that went.");
    app.add_option("--address", options.address, "IPv4 address to connect to");
    app.add_option("--port", options.port);
    app.add_option("--name", options.name, "SNI, certificate name and Host")->required();
    app.add_option("--ca", options.ca_file, "what to trust")->required();
    app.add_option("--authorization", options.authorization)->required();
    app.add_option("--method", options.method);
    app.add_option("--path", options.path);
    app.add_option("--body-bytes", options.body_bytes);
    app.add_option("--expect-bytes", options.expect_bytes);
    app.add_option("--connections", options.connections)->check(CLI::Range(1, 4000));
    app.add_option("--seconds", options.seconds);
    app.add_option("--requests", options.requests);
    app.add_option("--fresh-names", options.fresh_names, "connection i asks for n<this + i>.<name>");
    app.add_flag("--close", options.close, "a new connection for each request");
    app.add_flag("--resume", options.resume, "offer the last TLS session");
    CLI11_PARSE(app, argc, argv);
    try {
        Load load(options);
        run(load);
        print(load.totals, Seconds(Clock::now() - load.start).count());
    } catch (const CLI::Error& error) {
        return app.exit(error);
    }
}
