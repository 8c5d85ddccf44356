#include "sandbox/launcher_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>

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
        pollfd items[] = {{calls_.get(), POLLIN, 0},
                          {events_.get(), POLLIN, 0},
                          {command_ ? command_->event_fd() : -1, POLLIN, 0}};
        if (::poll(items, std::size(items), -1) < 0) {
            if (errno == EINTR) continue;
            return;
        }
        if (is_ready(items[2])) report_exit();
        // Nothing is ever sent to us on the events' socket: readable means closed.
        if (is_ready(items[1])) return;
        if (is_ready(items[0]) && !serve_call()) return;
    }
}

void LauncherProcess::report_exit() {
    const CommandExit exit = command_->wait();
    command_.reset();
    // A daemon that is gone shows as a closed socket in the next turn.
    static_cast<void>(send_message(events_.get(), encode_exit(exit)));
}

bool LauncherProcess::serve_call() {
    auto message = receive_message(calls_.get());
    if (!message || !message->has_value()) return false;
    const auto call = decode_call((*message)->body);
    Listeners listeners;
    Result<void> result;
    if (call) {
        result = std::visit([&](const auto& each) { return handle(each, listeners); }, *call);
    } else {
        result = failure(call.error());
    }
    const std::vector<int> fds = call && result ? fds_to_pass(*call, listeners) : std::vector<int>{};
    return send_message(calls_.get(), encode_answer(result), fds).has_value();
}

std::vector<int> LauncherProcess::fds_to_pass(const Call& call, const Listeners& listeners) const {
    const auto* request = std::get_if<NamespaceRequest>(&call);
    if (request == nullptr) return {};
    return {namespaces_.at(request->name).netns.get(), listeners.tcp_v4.get(), listeners.tcp_v6.get(),
            listeners.dns_v4.get(), listeners.dns_v6.get()};
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

Result<void> LauncherProcess::handle(const NamespaceRequest& request, Listeners& listeners) {
    if (sealed_) return refused();
    if (namespaces_.contains(request.name)) return invalid("there is a sandbox named " + request.name + " already");
    auto parts = request.attach_path.empty() ? make_namespace() : attach(request);
    if (!parts) return failure(parts.error());
    if (!request.pin_path.empty()) {
        auto pin = PinnedPath::pin(parts->kept.netns.get(), request.pin_path);
        if (!pin) return failure(pin.error());
        parts->kept.pin = std::move(*pin);
    }
    listeners = std::move(parts->listeners);
    namespaces_.emplace(request.name, std::move(parts->kept));
    return {};
}

Result<void> LauncherProcess::handle(const CloseNamespace& call, Listeners&) {
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

Result<void> LauncherProcess::handle(const Seal& seal, Listeners&) {
    if (sealed_) return refused();
    sealed_ = true;
    if (!seal.command) return {};
    auto prepared = prepare(*seal.command);
    if (!prepared) return failure(prepared.error());
    prepared_.emplace(std::move(*prepared));
    return {};
}

Result<void> LauncherProcess::handle(const StartCommand&, Listeners&) {
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

Result<void> LauncherProcess::handle(const SignalCommand& call, Listeners&) {
    if (!command_) return invalid("no command is running");
    return command_->signal(call.signal);
}

}  // namespace sallyport::sandbox
