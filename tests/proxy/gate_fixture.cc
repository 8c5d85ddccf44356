#include "tests/proxy/gate_fixture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "base/check.h"
#include "proxy/server_tls.h"
#include "rules/snapshot.h"

namespace sallyport::proxy {
namespace {

constexpr milliseconds kPatience{10'000};

UniqueFd listen_on_loopback(std::uint16_t& port) {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_storage address{};
    socklen_t size = net::to_sockaddr({*net::parse_address("127.0.0.1"), 0}, address);
    SALLYPORT_CHECK(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    SALLYPORT_CHECK(listen(fd.get(), 64) == 0);
    SALLYPORT_CHECK(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = net::from_sockaddr(address)->port;
    return fd;
}

}  // namespace

TestClient::TestClient(net::Loop& loop, UniqueFd fd, std::function<void()> changed)
    : fd_(std::move(fd)), changed_(std::move(changed)), watch_(loop, fd_.get(), [this](int) { on_ready(); }) {
    watch_.want(net::FdWatch::kRead);
}

void TestClient::send(std::string_view bytes) {
    unsent_ += bytes;
    write_some();
}

void TestClient::half_close() { (void)shutdown(fd_.get(), SHUT_WR); }

void TestClient::vanish() {
    watch_.want(net::FdWatch::kNone);
    (void)shutdown(fd_.get(), SHUT_RDWR);
    closed = true;
}

void TestClient::break_off() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    SALLYPORT_CHECK(setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0);
    watch_.want(net::FdWatch::kNone);
    fd_ = UniqueFd();
    closed = true;
}

void TestClient::write_some() {
    if (!unsent_.empty()) {
        const ssize_t sent = ::send(fd_.get(), unsent_.data() + sent_, unsent_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) sent_ += static_cast<std::size_t>(sent);
        if (sent_ == unsent_.size() || (sent < 0 && errno != EAGAIN)) {
            unsent_.clear();
            sent_ = 0;
        }
    }
    const bool reads = (watch_.wanted() & net::FdWatch::kRead) != 0;
    watch_.want((reads ? net::FdWatch::kRead : 0) | (unsent_.empty() ? 0 : net::FdWatch::kWrite));
}

void TestClient::on_ready() {
    write_some();
    const bool reads = (watch_.wanted() & net::FdWatch::kRead) != 0;
    char block[64 * 1024];
    while (reads && !closed) {
        const ssize_t got = recv(fd_.get(), block, sizeof block, MSG_DONTWAIT);
        if (got > 0) {
            received.append(block, static_cast<std::size_t>(got));
            continue;
        }
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            closed = true;
            reset = got < 0 && errno == ECONNRESET;
            watch_.want(net::FdWatch::kNone);
        }
        break;
    }
    changed_();
}

TestOrigin::TestOrigin(net::Loop& loop, std::function<void()> changed) : loop_(loop), changed_(std::move(changed)) {
    UniqueFd socket = listen_on_loopback(port_);
    listener_ = std::make_unique<net::Listener>(loop_, std::move(socket), [this](UniqueFd fd) {
        connections.push_back(std::make_unique<Connection>());
        Connection& connection = *connections.back();
        connection.peer = std::make_unique<TestClient>(loop_, std::move(fd), [this, &connection] {
            if (connection.peer) on_data(connection);
            changed_();
        });
    });
}

void TestOrigin::on_data(Connection& connection) {
    while (!responses.empty()) {
        const std::size_t end = connection.peer->received.find("\r\n\r\n", connection.answered);
        if (end == std::string::npos) return;
        connection.answered = end + 4;
        std::string response = responses.front();
        responses.pop_front();
        constexpr std::string_view kClose = "<close>";
        const bool close = response.ends_with(kClose);
        if (close) response.erase(response.size() - kClose.size());
        if (!response.empty()) connection.peer->send(response);
        if (close) connection.peer->half_close();
    }
}

std::string TestOrigin::received() const {
    std::string all;
    for (const auto& connection : connections) all += connection->peer ? connection->peer->received : std::string();
    return all;
}

GateTest::GateTest() : origin(loop, [this] { check(); }) {}

GateTest::~GateTest() {
    egress.reset();
    clients_.clear();
    origin.connections.clear();
    access_log_.reset();
    for (const std::string& line : log_lines()) EXPECT_EQ(line.find(kMarkerSecret), std::string::npos) << line;
}

std::string GateTest::with_port(std::string text) const {
    const std::string mark = "@PORT@";
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
        text.replace(at, mark.size(), std::to_string(origin.port()));
    }
    return text;
}

void GateTest::start(std::string policy_yaml, Deadlines deadlines) {
    setenv("GATE_TEST_SECRET", kMarkerSecret, 1);
    hosts_ = UniqueFd(memfd_create("hosts", MFD_CLOEXEC));
    // The resolver reads it by name.
    const std::string hosts_path = "/proc/self/fd/" + std::to_string(hosts_.get());
    std::ofstream(hosts_path) << "127.0.0.1 vcs.example other.example\n";
    UniqueFd log(memfd_create("access-log", MFD_CLOEXEC));
    log_reader_ = UniqueFd(fcntl(log.get(), F_DUPFD_CLOEXEC, 3));
    log_file_ = std::make_unique<AccessLogFile>(std::move(log));
    access_log_ = std::make_unique<AccessLog>(loop, *log_file_);
    net::ResolverOptions options;
    options.hosts_path = hosts_path;
    resolver_ = std::make_unique<net::Resolver>(loop, options);
    server_tls_ = std::move(*certs::make_server_context());
    client_tls_ = std::move(*certs::make_client_context({}));
    prepare_server_context(server_tls_.get());
    prepare_client_context(client_tls_.get());
    read_block_ = std::make_unique<char[]>(kReadBytes);
    context_ = std::make_unique<WorkerContext>(WorkerContext{loop, *resolver_, server_tls_.get(), client_tls_.get(),
                                                             *access_log_, deadlines, kConnectionsMax, read_block_.get(), RequestId{0}});
    EgressParts parts;
    parts.id = SandboxId{"box"};
    parts.authority = std::move(*certs::CertificateAuthority::create("box", std::chrono::system_clock::now()));
    parts.snapshot = compile(std::move(policy_yaml), Generation{1});
    egress = std::make_unique<Egress>(*context_, std::move(parts));
}

std::shared_ptr<const rules::PolicySnapshot> GateTest::compile(std::string policy_yaml, Generation generation) const {
    const rules::ParsedFile file = rules::parse_policy_file(with_port(std::move(policy_yaml)), "test.yaml");
    for (const auto& diagnostic : file.diagnostics) ADD_FAILURE() << to_string(diagnostic);
    SALLYPORT_CHECK(file.file != nullptr);
    rules::PolicyFile complete = *file.file;
    if (script) complete.scripts["p"] = script;
    const secrets::Identity identity{"box", {{"tenant", "acme"}, {"tier", "low"}}, {}};
    return *rules::make_snapshot(complete, {"p", identity, runtime},
                                 secrets::SecretSnapshot::load(complete.secrets, identity), generation);
}

TestClient& GateTest::connect(const std::string& address, std::uint16_t port) {
    return connect_to([&](UniqueFd fd) { egress->adopt(std::move(fd), {*net::parse_address(address), port}); });
}

TestClient& GateTest::connect_to(const std::function<void(UniqueFd)>& take) {
    int pair[2];
    SALLYPORT_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    clients_.push_back(std::make_unique<TestClient>(loop, UniqueFd(pair[0]), [this] { check(); }));
    take(UniqueFd(pair[1]));
    return *clients_.back();
}

TestClient& GateTest::connect_tcp(const std::string& address, std::uint16_t port) {
    std::uint16_t listening_at = 0;
    const UniqueFd listening = listen_on_loopback(listening_at);
    UniqueFd ours(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage there{};
    const socklen_t size = net::to_sockaddr({*net::parse_address("127.0.0.1"), listening_at}, there);
    SALLYPORT_CHECK(::connect(ours.get(), reinterpret_cast<sockaddr*>(&there), size) == 0);
    SALLYPORT_CHECK(fcntl(ours.get(), F_SETFL, O_NONBLOCK) == 0);
    UniqueFd theirs(accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    SALLYPORT_CHECK(theirs);
    clients_.push_back(std::make_unique<TestClient>(loop, std::move(ours), [this] { check(); }));
    egress->adopt(std::move(theirs), {*net::parse_address(address), port});
    return *clients_.back();
}

std::string GateTest::resolve(const std::string& name) {
    std::string query("\x12\x34\x01\0\0\x01\0\0\0\0\0\0", 12);
    for (std::size_t at = 0; at < name.size();) {
        const std::size_t dot = std::min(name.find('.', at), name.size());
        query += static_cast<char>(dot - at);
        query += name.substr(at, dot - at);
        at = dot + 1;
    }
    query += std::string("\0\0\1\0\1", 5);
    TestClient& client = connect("198.18.0.1", 53);
    client.send(std::string(1, '\0') + static_cast<char>(query.size()) + query);
    run_until([&] { return client.received.size() > 2; });
    std::string text;
    for (std::size_t i = client.received.size() - 4; i < client.received.size(); ++i) {
        text += (text.empty() ? "" : ".") + std::to_string(static_cast<unsigned char>(client.received[i]));
    }
    return text;
}

void GateTest::run_until(const std::function<bool()>& done) {
    done_ = done;
    bool late = false;
    net::Timer patience(loop, [&] {
        late = true;
        loop.stop();
    });
    net::Timer tick(loop, [&] {
        check();
        tick.start(milliseconds(5));
    });
    patience.start(kPatience);
    tick.start(milliseconds(0));
    if (!done()) loop.run();
    EXPECT_FALSE(late) << "what was waited for did not come";
    done_ = nullptr;
}

void GateTest::check() {
    if (done_ && done_()) loop.stop();
}

std::vector<std::string> GateTest::log_lines() {
    if (access_log_) access_log_->flush();
    struct stat state {};
    if (log_reader_) SALLYPORT_CHECK(fstat(log_reader_.get(), &state) == 0);
    std::string text(static_cast<std::size_t>(state.st_size), '\0');
    const ssize_t size = log_reader_ ? pread(log_reader_.get(), text.data(), text.size(), 0) : 0;
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

void GateTest::run_until_logged(std::size_t lines) {
    run_until([&] { return log_lines().size() >= lines; });
    EXPECT_EQ(log_lines().size(), lines);
}

}  // namespace sallyport::proxy
