// Policies change a thousand times while requests run, on real worker threads and sockets. What must hold: a request is
// decided, credentialed and sent under one generation; and none that begins after a generation was acknowledged is
// decided by an earlier one.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <fstream>
#include <future>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/check.h"
#include "proxy/worker.h"

namespace sallyport::proxy {
namespace {

constexpr int kUpdates = 1000;
constexpr int kClients = 4;
constexpr int kPatienceMs = 20'000;
constexpr std::uint64_t kKinds = 3;  // of policies, in turn: to "a" with credential ca, to "b" with cb, denied

constexpr const char* kPolicies[] = {
    "p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http, credential: ca, allow_cleartext_credential: true,"
    " upstream: 'http://a.example:@PORT@', cidr: 127.0.0.0/8 } ] }",
    "p: { rules: [ { host: vcs.example, port: @PORT@, scheme: http, credential: cb, allow_cleartext_credential: true,"
    " upstream: 'http://b.example:@PORT@', cidr: 127.0.0.0/8 } ] }",
    "p: { default: deny }",
};

// One request as the origin saw it.
struct Seen {
    std::string host;
    std::string credential;
};

int open_socket() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SALLYPORT_CHECK(fd >= 0);
    return fd;
}

std::string field(const std::string& head, const std::string& name) {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
}

// Reads until `end` is in `text`; false at the connection's end, or when nothing comes for too long.
bool read_until(int fd, std::string& text, std::string_view end) {
    while (text.find(end) == std::string::npos) {
        pollfd ready{fd, POLLIN, 0};
        if (poll(&ready, 1, kPatienceMs) <= 0) return false;
        char block[4096];
        const ssize_t got = recv(fd, block, sizeof block, 0);
        if (got <= 0) return false;
        text.append(block, static_cast<std::size_t>(got));
    }
    return true;
}

// Answers every request at once, and remembers it by its target. A thread for each connection.
class RecordingOrigin {
public:
    RecordingOrigin() : listener_(open_socket()) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        SALLYPORT_CHECK(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
        SALLYPORT_CHECK(listen(listener_.get(), 256) == 0);
        SALLYPORT_CHECK(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
        accepting_ = std::thread([this] { accept_all(); });
    }
    ~RecordingOrigin() {
        (void)shutdown(listener_.get(), SHUT_RDWR);
        accepting_.join();
        for (std::thread& each : serving_) each.join();
    }
    RecordingOrigin(const RecordingOrigin&) = delete;
    RecordingOrigin& operator=(const RecordingOrigin&) = delete;

    std::uint16_t port() const { return port_; }
    std::map<std::string, Seen> seen() const {
        const std::lock_guard lock(mutex_);
        return seen_;
    }

private:
    void accept_all() {
        for (;;) {
            UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!fd) return;
            serving_.emplace_back([this, shared = std::make_shared<UniqueFd>(std::move(fd))] { serve(shared->get()); });
        }
    }
    void serve(int fd) {
        std::string text;
        while (read_until(fd, text, "\r\n\r\n")) {
            const std::size_t end = text.find("\r\n\r\n") + 4;
            note(text.substr(0, end));
            text.erase(0, end);
            constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            if (send(fd, kOk.data(), kOk.size(), MSG_NOSIGNAL) < 0) return;
        }
    }
    void note(const std::string& head) {
        const std::size_t from = head.find(' ') + 1;
        const std::string target = head.substr(from, head.find(' ', from) - from);
        const std::lock_guard lock(mutex_);
        EXPECT_TRUE(seen_.emplace(target, Seen{field(head, "Host"), field(head, "X-Credential")}).second) << target;
    }

    UniqueFd listener_;
    std::uint16_t port_ = 0;
    std::thread accepting_;
    std::vector<std::thread> serving_;  // the accepting thread's, until it is joined
    mutable std::mutex mutex_;
    std::map<std::string, Seen> seen_;  // guarded by mutex_
};

class UpdateRaceTest : public testing::Test {
protected:
    UpdateRaceTest() {
        hosts_ = UniqueFd(memfd_create("hosts", MFD_CLOEXEC));
        const std::string hosts_path = "/proc/self/fd/" + std::to_string(hosts_.get());
        std::ofstream(hosts_path) << "127.0.0.1 vcs.example a.example b.example\n";
        UniqueFd log(memfd_create("access-log", MFD_CLOEXEC));
        log_reader_ = UniqueFd(fcntl(log.get(), F_DUPFD_CLOEXEC, 3));
        log_file_ = std::make_unique<AccessLogFile>(std::move(log));
        for (unsigned index = 0; index < 2; ++index) {
            WorkerOptions options;
            options.resolver.hosts_path = hosts_path;
            options.index = index;
            workers_.push_back(std::move(*Worker::create(options, *log_file_)));
            workers_.back()->start();
            EgressParts parts;
            parts.id = box(index);
            parts.authority = std::move(*certs::CertificateAuthority::create("box", std::chrono::system_clock::now()));
            parts.snapshot = compile(1);
            workers_.back()->add(std::move(parts));
        }
    }

    static SandboxId box(std::size_t index) { return SandboxId{"box-" + std::to_string(index)}; }

    // The credential's value names its generation; so does the file that it is of.
    std::shared_ptr<const rules::PolicySnapshot> compile(std::uint64_t generation) const {
        std::string text =
            "version: 1\n"
            "credentials:\n"
            "  ca: { type: header, name: X-Credential, value: 'a-${params.generation}' }\n"
            "  cb: { type: header, name: X-Credential, value: 'b-${params.generation}' }\n"
            "policies: { " + std::string(kPolicies[generation % kKinds]) + " }\n";
        for (std::size_t at = text.find("@PORT@"); at != std::string::npos; at = text.find("@PORT@")) {
            text.replace(at, 6, std::to_string(origin_.port()));
        }
        const auto parsed = rules::parse_policy_file(text, "race.yaml");
        SALLYPORT_CHECK(parsed.file != nullptr);
        const secrets::Identity identity{"box", {{"generation", std::to_string(generation)}}, {}};
        return *rules::make_snapshot(*parsed.file, {"p", identity, nullptr}, secrets::SecretSnapshot::load({}, identity),
                                     Generation{generation});
    }

    // To both workers; returns when both have said that it applies.
    void publish(std::uint64_t generation) {
        const auto snapshot = compile(generation);
        std::promise<void> applied[2];
        for (std::size_t index = 0; index < workers_.size(); ++index) {
            workers_[index]->publish(box(index), snapshot, [&applied, index] { applied[index].set_value(); });
        }
        for (auto& each : applied) each.get_future().wait();
        acknowledged_.store(generation, std::memory_order_release);
    }

    int connect(std::size_t index) {
        int pair[2];
        SALLYPORT_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
        SALLYPORT_CHECK(fcntl(pair[1], F_SETFL, O_NONBLOCK) == 0);
        workers_[index]->adopt(box(index), UniqueFd(pair[1]), {*net::parse_address("203.0.113.9"), origin_.port()});
        return pair[0];
    }

    // Requests one after the other until the updates are over. What each must at least be decided by goes to `floors`.
    void run_client(int number, std::map<std::string, std::uint64_t>& floors) {
        const std::size_t worker = static_cast<std::size_t>(number) % workers_.size();
        const std::string host = "Host: vcs.example:" + std::to_string(origin_.port());
        UniqueFd fd;
        for (int i = 0; !updates_are_over_.load(std::memory_order_acquire); ++i) {
            if (!fd) fd = UniqueFd(connect(worker));
            const std::string target = "/" + std::to_string(number) + "/" + std::to_string(i);
            floors[target] = acknowledged_.load(std::memory_order_acquire);
            const std::string request = "GET " + target + " HTTP/1.1\r\n" + host + "\r\n\r\n";
            std::string answer;
            // A request that a newer policy cuts ends with its connection.
            if (send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0 || !read_answer(fd.get(), answer)) fd = UniqueFd();
            answered_.fetch_add(1, std::memory_order_relaxed);
        }
    }

    static bool read_answer(int fd, std::string& answer) {
        if (!read_until(fd, answer, "\r\n\r\n")) return false;
        const std::string length = field(answer, "Content-Length");
        std::size_t bytes = 0;
        std::from_chars(length.data(), length.data() + length.size(), bytes);
        const std::size_t whole = answer.find("\r\n\r\n") + 4 + bytes;
        while (answer.size() < whole) {
            char block[4096];
            const ssize_t got = recv(fd, block, std::min(sizeof block, whole - answer.size()), 0);
            if (got <= 0) return false;
            answer.append(block, static_cast<std::size_t>(got));
        }
        return field(answer, "Connection") != "close";
    }

    std::vector<nlohmann::json> log_lines() const {
        struct stat state {};
        SALLYPORT_CHECK(fstat(log_reader_.get(), &state) == 0);
        std::string text(static_cast<std::size_t>(state.st_size), '\0');
        SALLYPORT_CHECK(pread(log_reader_.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
        std::vector<nlohmann::json> lines;
        for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
            lines.push_back(nlohmann::json::parse(text.substr(at, text.find('\n', at) - at)));
        }
        return lines;
    }

    // Destroyed in the opposite order: the workers let go of the origin first.
    RecordingOrigin origin_;
    UniqueFd hosts_;
    UniqueFd log_reader_;
    std::unique_ptr<AccessLogFile> log_file_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::atomic<std::uint64_t> acknowledged_{1};
    std::atomic<bool> updates_are_over_{false};
    std::atomic<int> answered_{0};
};

TEST_F(UpdateRaceTest, P20_NoRequestSeesTwoGenerationsNorAStaleOne) {
    std::map<std::string, std::uint64_t> floors_of[kClients];
    std::vector<std::thread> clients;
    for (int number = 0; number < kClients; ++number) {
        clients.emplace_back([this, number, &floors = floors_of[number]] { run_client(number, floors); });
    }
    for (std::uint64_t generation = 2; generation <= kUpdates + 1; ++generation) publish(generation);
    updates_are_over_.store(true, std::memory_order_release);
    for (std::thread& each : clients) each.join();
    for (const auto& worker : workers_) worker->stop();

    std::map<std::string, std::uint64_t> floors;
    for (const auto& each : floors_of) floors.insert(each.begin(), each.end());
    const std::map<std::string, Seen> seen = origin_.seen();
    std::map<std::string, std::uint64_t> decided_by;
    for (const auto& line : log_lines()) {
        const std::string target = line["target"];
        const std::uint64_t generation = line["generation"];
        EXPECT_TRUE(decided_by.emplace(target, generation).second) << "two lines for " << target;
        EXPECT_GE(generation, floors.at(target)) << "decided by a generation that had been replaced: " << line;
        EXPECT_EQ(line["verdict"] == "allow" && !line.contains("error"), generation % kKinds != 2 && !line.contains("error"))
            << line;
        const auto sent = seen.find(target);
        if (sent == seen.end()) continue;
        const std::string kind = generation % kKinds == 0 ? "a" : "b";
        EXPECT_NE(generation % kKinds, 2u) << "a denied request went out: " << line;
        EXPECT_EQ(sent->second.credential, kind + "-" + std::to_string(generation)) << line;
        EXPECT_EQ(sent->second.host, kind + ".example:" + std::to_string(origin_.port())) << line;
    }
    EXPECT_EQ(decided_by.size(), floors.size()) << "each request has its line";
    // Else nothing has been shown.
    EXPECT_GT(seen.size(), 10u);
    EXPECT_GT(answered_.load(), static_cast<int>(seen.size())) << "some were denied or cut";
}

}  // namespace
}  // namespace sallyport::proxy
