#include "sandbox/handler_process.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "sandbox/handler_jail.h"
#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

// The daemon reads when there is something; the host's end blocks, so that a script cannot write faster than it is read.
Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return system_failure("pipe");
    Pipe made{UniqueFd(ends[0]), UniqueFd(ends[1])};
    if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) return system_failure("pipe");
    return made;
}

constexpr mode_t kGroupMayConnect = 0060;

// Whoever may connect to the service may be the service.
Result<SocketOwner> owner_of(const std::string& socket_path) {
    struct stat status {};
    if (::stat(socket_path.c_str(), &status) < 0) {
        return failure(ErrorCode::handler_unavailable, socket_path + ": " + std::strerror(errno));
    }
    if (!S_ISSOCK(status.st_mode)) return failure(ErrorCode::handler_unavailable, socket_path + " is not a socket");
    return SocketOwner{status.st_uid, status.st_gid, 0600 | (status.st_mode & kGroupMayConnect)};
}

}  // namespace

Result<HandlerHost> HandlerHost::start(const HandlerSpec& spec, const HandlerRuntime& runtime, const HandlerPlace& place,
                                       HandlerProcess& given) {
    auto calls = place.directory.listen(place.name + "-calls", {});
    if (!calls) return failure(calls.error());
    auto fetches = place.directory.listen(place.name, {place.user, place.user, 0600});
    if (!fetches) return failure(fetches.error());
    auto report = make_pipe();
    auto output = make_pipe();
    if (!report || !output) return failure(report ? output.error() : report.error());

    const auto line = handler_jail(spec, runtime,
                                   {place.user, fetches->file.path(), std::move(calls->fd), std::move(report->write),
                                    std::move(output->write)});
    if (!line) return failure(line.error());
    auto process = RunningCommand::start(-1, *line);
    if (!process) return failure(process.error());

    HandlerHost host;
    host.process_.emplace(std::move(*process));
    host.call_path_ = calls->file.path();
    host.calls_ = std::move(calls->file);
    host.fetches_ = std::move(fetches->file);
    given = {std::move(fetches->fd), std::move(report->read), std::move(output->read), kJailFetchPath};
    return host;
}

Result<HandlerHost> HandlerHost::serve(const std::string& socket_path, const HandlerPlace& place, HandlerProcess& given) {
    const auto owner = owner_of(socket_path);
    if (!owner) return failure(owner.error());
    auto fetches = place.directory.listen(place.name, *owner);
    if (!fetches) return failure(fetches.error());
    HandlerHost host;
    host.call_path_ = socket_path;
    given.fetch_path = fetches->file.path();
    given.fetches = std::move(fetches->fd);
    host.fetches_ = std::move(fetches->file);
    return host;
}

Result<UniqueFd> HandlerHost::connect() const { return connect_unix(call_path_); }

int HandlerHost::wait() { return process_ ? process_->wait().code : 0; }

void HandlerHost::kill() {
    if (!process_) return;
    process_->kill();
    process_->wait();
}

}  // namespace sallyport::sandbox
