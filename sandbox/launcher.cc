#include "sandbox/launcher.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>

#include "sandbox/launcher_process.h"
#include "sandbox/launcher_setup.h"
#include "sandbox/messages.h"
#include "sandbox/system_failure.h"
#include "sandbox/wire.h"

namespace sallyport::sandbox {
namespace {

constexpr std::size_t kNamespaceFds = 5;
constexpr std::size_t kHandlerFds = 3;
constexpr std::size_t kServiceFds = 1;

struct SocketPair {
    UniqueFd daemon;
    UniqueFd launcher;
};

Result<SocketPair> socket_pair() {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()) < 0) return system_failure("socketpair");
    return SocketPair{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// The first answer is to no call: whether the launcher can do its work at all.
[[noreturn]] void run_launcher(UniqueFd calls, UniqueFd events) {
    const auto prepared = prepare_launcher_process(calls.get(), events.get());
    const auto answer = prepared ? encode_answer({}) : encode_answer(failure(prepared.error()));
    if (send_message(calls.get(), answer) && prepared) {
        LauncherProcess process(std::move(calls), std::move(events));
        process.serve();
    }
    ::_exit(0);
}

tl::unexpected<Error> gone() { return failure(ErrorCode::system, "the launcher process is gone"); }

struct Answer {
    std::string text;
    std::vector<UniqueFd> fds;
};

Result<Answer> hear(int socket) {
    auto message = receive_message(socket);
    if (!message) return failure(message.error());
    if (!message->has_value()) return gone();
    auto text = decode_answer((*message)->body);
    if (!text) return failure(text.error());
    return Answer{std::move(*text), std::move((*message)->fds)};
}

Result<Answer> ask(int socket, const Call& call) {
    if (!send_message(socket, encode_call(call))) return gone();
    return hear(socket);
}

Result<void> tell(int socket, const Call& call) {
    auto answer = ask(socket, call);
    if (!answer) return failure(answer.error());
    return {};
}

}  // namespace

Result<Launcher> Launcher::start() {
    if (::geteuid() != 0) {
        return failure(ErrorCode::system,
                       "root is needed to make network namespaces and redirect rules: run as root, or with sudo");
    }
    auto calls = socket_pair();
    auto events = socket_pair();
    if (!calls || !events) return failure(calls ? events.error() : calls.error());
    const pid_t pid = ::fork();
    if (pid < 0) return system_failure("fork");
    if (pid == 0) run_launcher(std::move(calls->launcher), std::move(events->launcher));
    Launcher launcher;
    launcher.calls_ = std::move(calls->daemon);
    launcher.events_ = std::move(events->daemon);
    launcher.pid_ = pid;
    calls->launcher.reset();
    events->launcher.reset();
    if (const auto ready = hear(launcher.calls_.get()); !ready) return failure(ready.error());
    return launcher;
}

Launcher::Launcher(Launcher&& other) noexcept
    : calls_(std::move(other.calls_)), events_(std::move(other.events_)), pid_(std::exchange(other.pid_, -1)) {}

Launcher& Launcher::operator=(Launcher&& other) noexcept {
    std::swap(calls_, other.calls_);
    std::swap(events_, other.events_);
    std::swap(pid_, other.pid_);
    return *this;
}

// Shut down rather than closed: another process may hold copies. Returns when everything is cleaned up.
Launcher::~Launcher() {
    if (pid_ < 0) return;
    ::shutdown(calls_.get(), SHUT_RDWR);
    ::shutdown(events_.get(), SHUT_RDWR);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

Result<NamespaceSockets> Launcher::open_namespace(const NamespaceRequest& request) {
    auto answer = ask(calls_.get(), request);
    if (!answer) return failure(answer.error());
    if (answer->fds.size() != kNamespaceFds) return failure(ErrorCode::internal, "the launcher sent no sockets");
    auto& fds = answer->fds;
    return NamespaceSockets{std::move(fds[0]), std::move(fds[1]), std::move(fds[2]), std::move(fds[3]),
                            std::move(fds[4])};
}

Result<void> Launcher::close_namespace(const std::string& name) { return tell(calls_.get(), CloseNamespace{name}); }
Result<void> Launcher::seal(std::optional<CommandSpec> command) { return tell(calls_.get(), Seal{std::move(command)}); }
Result<void> Launcher::start_command() { return tell(calls_.get(), StartCommand{}); }
Result<void> Launcher::signal_command(int signal) { return tell(calls_.get(), SignalCommand{signal}); }

Result<void> Launcher::allow_handler_sockets(const std::vector<std::string>& paths, const std::string& directory) {
    return tell(calls_.get(), AllowHandlerSockets{paths, directory});
}

Result<HandlerProcess> Launcher::start_handler(const HandlerSpec& spec) {
    auto answer = ask(calls_.get(), spec);
    if (!answer) return failure(answer.error());
    auto& fds = answer->fds;
    if (fds.size() != (spec.socket_path.empty() ? kHandlerFds : kServiceFds)) {
        return failure(ErrorCode::internal, "the launcher sent no sockets");
    }
    auto process = decode_handler(answer->text);
    if (!process) return process;
    process->fetches = std::move(fds[0]);
    if (fds.size() == kHandlerFds) {
        process->report = std::move(fds[1]);
        process->output = std::move(fds[2]);
    }
    return process;
}

Result<UniqueFd> Launcher::connect_handler(const std::string& name) {
    auto answer = ask(calls_.get(), ConnectHandler{name});
    if (!answer) return failure(answer.error());
    if (answer->fds.size() != 1) return failure(ErrorCode::internal, "the launcher sent no socket");
    return std::move(answer->fds.front());
}

Result<void> Launcher::stop_handler(const std::string& name) { return tell(calls_.get(), StopHandler{name}); }

Result<void> Launcher::allow_secret_commands(const std::vector<std::vector<std::string>>& commands) {
    return tell(calls_.get(), AllowSecretCommands{commands});
}

Result<UniqueFd> Launcher::start_secret_command(const std::vector<std::string>& arguments, std::chrono::milliseconds timeout) {
    auto answer = ask(calls_.get(), StartSecretCommand{arguments, timeout.count()});
    if (!answer) return failure(answer.error());
    if (answer->fds.size() != 1) return failure(ErrorCode::internal, "the launcher sent no socket");
    return std::move(answer->fds.front());
}

int Launcher::event_fd() const { return events_.get(); }

Result<std::optional<LauncherEvent>> Launcher::poll_event() {
    pollfd ready{events_.get(), POLLIN, 0};
    if (::poll(&ready, 1, 0) <= 0) return std::nullopt;
    auto message = receive_message(events_.get());
    if (!message) return failure(message.error());
    if (!message->has_value()) return gone();
    auto event = decode_event((*message)->body);
    if (!event) return failure(event.error());
    return *event;
}

}  // namespace sallyport::sandbox
