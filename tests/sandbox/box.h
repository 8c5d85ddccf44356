// What the sandbox tests share: a scratch directory, a launcher whose command's output can be read, and sockets with a
// patience that only a broken test exhausts. These tests need root; without it they fail and say so.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "sandbox/launcher.h"

#define ASSERT_ROOT() ASSERT_EQ(::geteuid(), 0u) << "the sandbox tests make namespaces: run them as root"
#define ASSERT_OK(result) ASSERT_TRUE((result).has_value()) << (result).error().detail

namespace sallyport::sandbox {

constexpr int kPatienceMs = 60'000;

// Under /var/lib, because the sandbox hides /tmp.
class ScratchDir {
public:
    ScratchDir() {
        char name[] = "/var/lib/sallyport-test-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    ~ScratchDir() { std::filesystem::remove_all(path_); }
    ScratchDir(const ScratchDir&) = delete;
    ScratchDir& operator=(const ScratchDir&) = delete;
    const std::string& path() const { return path_; }
    std::string file(const std::string& name, const std::string& content) const {
        const std::string path = path_ + "/" + name;
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path) << content;
        return path;
    }

private:
    std::string path_;
};

inline std::string content_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

inline bool wait_readable(int fd) {
    pollfd item{fd, POLLIN, 0};
    int count = 0;
    while ((count = ::poll(&item, 1, kPatienceMs)) < 0 && errno == EINTR) {
    }
    return count > 0;
}

inline UniqueFd accept_one(const UniqueFd& listener) {
    if (!wait_readable(listener.get())) return {};
    return UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

union Endpoint {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

inline Endpoint endpoint(const std::string& address, std::uint16_t port) {
    Endpoint made{};
    if (::inet_pton(AF_INET, address.c_str(), &made.v4.sin_addr) == 1) {
        made.any.sa_family = AF_INET;
        made.v4.sin_port = htons(port);
    } else {
        made.any.sa_family = AF_INET6;
        ::inet_pton(AF_INET6, address.c_str(), &made.v6.sin6_addr);
        made.v6.sin6_port = htons(port);
    }
    return made;
}

inline socklen_t size_of(const Endpoint& made) {
    return made.any.sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

inline std::uint16_t port_of(const UniqueFd& fd) {
    Endpoint made{};
    socklen_t size = sizeof(made);
    ::getsockname(fd.get(), &made.any, &size);
    return ntohs(made.v4.sin_port);  // at the same place in both
}

// "address:port" that a redirected connection was meant for.
inline std::string original_destination(const UniqueFd& connection) {
    Endpoint meant{};
    socklen_t size = sizeof(meant);
    char text[INET6_ADDRSTRLEN] = "";
    constexpr int kOriginalDst = 80;  // SO_ORIGINAL_DST, IP6T_SO_ORIGINAL_DST
    if (::getsockopt(connection.get(), IPPROTO_IP, kOriginalDst, &meant, &size) == 0) {
        ::inet_ntop(AF_INET, &meant.v4.sin_addr, text, sizeof(text));
    } else if (size = sizeof(meant); ::getsockopt(connection.get(), IPPROTO_IPV6, kOriginalDst, &meant, &size) == 0) {
        ::inet_ntop(AF_INET6, &meant.v6.sin6_addr, text, sizeof(text));
    }
    return std::string(text) + " " + std::to_string(ntohs(meant.v4.sin_port));
}

// A launcher with one namespace, "box", and a scratch directory as the command's working directory.
class Box {
public:
    explicit Box(const NamespaceRequest& request = {"box", "", ""},
                 std::shared_ptr<const ScratchDir> directory = std::make_shared<const ScratchDir>())
        : directory_(std::move(directory)) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) < 0) return;
        output_.reset(ends[0]);
        const UniqueFd saved(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
        ::dup2(ends[1], STDOUT_FILENO);  // the launcher's and the command's, not ours
        ::close(ends[1]);
        auto started = Launcher::start();
        ::dup2(saved.get(), STDOUT_FILENO);
        if (!started) {
            error_ = started.error().detail;
            return;
        }
        launcher_.emplace(std::move(*started));
        auto opened = launcher_->open_namespace(request);
        if (!opened) error_ = opened.error().detail;
        if (opened) sockets_ = std::move(*opened);
    }

    const std::string& error() const { return error_; }
    Launcher& launcher() { return *launcher_; }
    NamespaceSockets& sockets() { return sockets_; }
    const ScratchDir& directory() const { return *directory_; }

    CommandSpec shell(const std::string& script) const {
        CommandSpec spec;
        spec.name = "box";
        spec.argv = {"bash", "-c", script};
        spec.environment = {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"};
        spec.working_directory = directory_->path();
        return spec;
    }

    int exit_code() {
        while (wait_readable(launcher_->event_fd())) {
            auto event = launcher_->poll_event();
            if (!event) return -1;
            if (*event) return std::get<CommandExit>(**event).code;
        }
        return -2;
    }

    // A box runs one command.
    Result<void> start(const CommandSpec& spec) {
        if (auto sealed = launcher_->seal(spec); !sealed) return sealed;
        return launcher_->start_command();
    }

    int run(const CommandSpec& spec) {
        const auto started = start(spec);
        EXPECT_TRUE(started.has_value()) << started.error().detail;
        return started ? exit_code() : -3;
    }
    int run(const std::string& script) { return run(shell(script)); }

    // What the script writes to `out` in its directory.
    std::string output_of(const std::string& script) {
        EXPECT_EQ(run("{ " + script + "\n} > out 2>&1"), 0);
        return content_of(directory_->path() + "/out");
    }

    // Of the command's standard output, up to a newline or its end.
    std::string read_line() {
        std::string line;
        for (char c = 0; wait_readable(output_.get()) && ::read(output_.get(), &c, 1) == 1 && c != '\n';) line += c;
        return line;
    }

private:
    std::shared_ptr<const ScratchDir> directory_;
    UniqueFd output_;
    std::string error_;
    std::optional<Launcher> launcher_;
    NamespaceSockets sockets_;
};

// Runs `body` in a child and returns its wait status.
template <class Body>
int in_child(Body body) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        body();
        ::_exit(0);
    }
    int status = -1;
    ::waitpid(pid, &status, 0);
    return status;
}

}  // namespace sallyport::sandbox
