#include "sandbox/launcher_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <iterator>

#include "sandbox/hidden_paths.h"
#include "sandbox/system_failure.h"
#include "sandbox/wire.h"

namespace sallyport::sandbox {
namespace {

tl::unexpected<Error> invalid(std::string message) { return failure(ErrorCode::config_invalid, std::move(message)); }

tl::unexpected<Error> refused() { return invalid("the launcher is sealed: it makes nothing more"); }

Result<NamespaceId> own_namespace_id() {
    const UniqueFd own(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!own) return system_failure("open /proc/self/ns/net");
    return namespace_id(own.get());
}

bool is_ready(const pollfd& item) { return item.revents != 0; }

}  // namespace

LauncherProcess::~LauncherProcess() {
    if (!command_) return;
    command_->kill();
    command_->wait();
}

void LauncherProcess::serve() {
    for (;;) {
        std::vector<pollfd> items = {{calls_.get(), POLLIN, 0},
                                     {events_.get(), POLLIN, 0},
                                     {command_ ? command_->event_fd() : -1, POLLIN, 0}};
        for (const int fd : handlers_.event_fds()) items.push_back({fd, POLLIN, 0});
        for (const int fd : secret_commands_.event_fds()) items.push_back({fd, POLLIN, 0});
        if (::poll(items.data(), items.size(), -1) < 0) {
            if (errno == EINTR) continue;
            return;
        }
        if (is_ready(items[2])) report_exit();
        if (std::any_of(items.begin() + 3, items.end(), is_ready)) {
            report_handlers();
            secret_commands_.collect();
        }
        // Nothing is ever sent to us on the events' socket: readable means closed.
        if (is_ready(items[1])) return;
        if (is_ready(items[0]) && !serve_call()) return;
    }
}

// A daemon that is gone shows as a closed socket in the next turn.
void LauncherProcess::tell(const LauncherEvent& event) const {
    static_cast<void>(send_message(events_.get(), encode_event(event)));
}

void LauncherProcess::report_exit() {
    const CommandExit exit = command_->wait();
    command_.reset();
    tell(exit);
}

void LauncherProcess::report_handlers() {
    for (const HandlerExit& exit : handlers_.collect()) tell(exit);
}

bool LauncherProcess::serve_call() {
    auto message = receive_message(calls_.get());
    if (!message || !message->has_value()) return false;
    const auto call = decode_call((*message)->body);
    Given given;
    Result<void> result;
    if (call) {
        result = std::visit([&](const auto& each) { return handle(each, given); }, *call);
    } else {
        result = failure(call.error());
    }
    if (!result) return send_message(calls_.get(), encode_answer(failure(result.error()))).has_value();
    std::vector<int> fds;
    if (given.netns >= 0) fds.push_back(given.netns);
    for (const UniqueFd& fd : given.fds) fds.push_back(fd.get());
    return send_message(calls_.get(), encode_answer(given.text), fds).has_value();
}

Result<NamespaceParts> LauncherProcess::attach(const NamespaceRequest& request) const {
    // Not to be held up by what is no namespace, such as a FIFO.
    UniqueFd netns(::open(request.attach_path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!netns) return system_failure("open " + request.attach_path);
    const auto id = namespace_id(netns.get());
    const auto own = own_namespace_id();
    if (!id || !own) return failure(id ? own.error() : id.error());
    if (*id == *own) {
        return invalid(request.attach_path + " is the network namespace of sallyport itself: to close it would cut off "
                                             "the host; give the sandbox one of its own");
    }
    for (const auto& [name, open] : namespaces_) {
        if (namespace_id(open.netns.get()) == id) return invalid(request.attach_path + " is already attached as " + name);
    }
    return close_and_attach(std::move(netns));
}

Result<void> LauncherProcess::handle(const NamespaceRequest& request, Given& given) {
    if (sealed_) return refused();
    if (namespaces_.contains(request.name)) return invalid("there is a sandbox named " + request.name + " already");
    auto parts = request.attach_path.empty() ? make_namespace() : attach(request);
    if (!parts) return failure(parts.error());
    if (!request.pin_path.empty()) {
        auto pin = PinnedPath::pin(parts->kept.netns.get(), request.pin_path);
        if (!pin) return failure(pin.error());
        parts->kept.pin = std::move(*pin);
    }
    Listeners& listeners = parts->listeners;
    for (UniqueFd* fd : {&listeners.tcp_v4, &listeners.tcp_v6, &listeners.dns_v4, &listeners.dns_v6}) {
        given.fds.push_back(std::move(*fd));
    }
    given.netns = parts->kept.netns.get();
    namespaces_.emplace(request.name, std::move(parts->kept));
    return {};
}

Result<void> LauncherProcess::handle(const CloseNamespace& call, Given&) {
    if (namespaces_.erase(call.name) == 0) return invalid("there is no sandbox named " + call.name);
    return {};
}

Result<LauncherProcess::PreparedCommand> LauncherProcess::prepare(const CommandSpec& spec) const {
    if (!namespaces_.contains(spec.name)) return invalid("there is no sandbox named " + spec.name);
    const auto sockets = host_socket_paths();
    if (!sockets) return failure(sockets.error());
    auto line = command_line(spec, *sockets);
    if (!line) return failure(line.error());
    return PreparedCommand{spec.name, std::move(*line)};
}

Result<void> LauncherProcess::handle(const Seal& seal, Given&) {
    if (sealed_) return refused();
    sealed_ = true;
    handlers_.find_runtime();
    if (!seal.command) return {};
    auto prepared = prepare(*seal.command);
    if (!prepared) return failure(prepared.error());
    prepared_.emplace(std::move(*prepared));
    return {};
}

Result<void> LauncherProcess::handle(const StartCommand&, Given&) {
    if (!prepared_) return invalid("there is no command to start");
    const PreparedCommand prepared = std::move(*prepared_);
    prepared_.reset();
    const auto found = namespaces_.find(prepared.namespace_name);
    if (found == namespaces_.end()) return invalid("the sandbox " + prepared.namespace_name + " is closed");
    auto command = RunningCommand::start(found->second.netns.get(), prepared.line);
    if (!command) return failure(command.error());
    command_.emplace(std::move(*command));
    return {};
}

Result<void> LauncherProcess::handle(const SignalCommand& call, Given&) {
    if (!command_) return invalid("no command is running");
    return command_->signal(call.signal);
}

Result<void> LauncherProcess::handle(const AllowHandlerSockets& call, Given&) {
    if (sealed_) return refused();
    return handlers_.allow(call.paths, call.directory);
}

Result<void> LauncherProcess::handle(const HandlerSpec& spec, Given& given) {
    auto process = handlers_.start(spec);
    if (!process) return failure(process.error());
    given.text = encode_handler(*process);
    for (UniqueFd* fd : {&process->fetches, &process->report, &process->output}) {
        if (*fd) given.fds.push_back(std::move(*fd));
    }
    return {};
}

Result<void> LauncherProcess::handle(const ConnectHandler& call, Given& given) {
    auto connection = handlers_.connect(call.name);
    if (!connection) return failure(connection.error());
    given.fds.push_back(std::move(*connection));
    return {};
}

Result<void> LauncherProcess::handle(const StopHandler& call, Given&) { return handlers_.stop(call.name); }

Result<void> LauncherProcess::handle(const AllowSecretCommands& call, Given&) {
    if (sealed_) return refused();
    return secret_commands_.allow(call.commands);
}

Result<void> LauncherProcess::handle(const StartSecretCommand& call, Given& given) {
    auto answers = secret_commands_.start(call.arguments, std::chrono::milliseconds(call.timeout_ms));
    if (!answers) return failure(answers.error());
    given.fds.push_back(std::move(*answers));
    return {};
}

}  // namespace sallyport::sandbox
