#include "sandbox/handler_hosts.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace sallyport::sandbox {
namespace {

constexpr std::size_t kScriptBytesMax = 1 << 20;
constexpr std::size_t kNameBytesMax = 128;
constexpr std::uint32_t kMemoryMibMin = 32;
constexpr std::uint32_t kMemoryMibMax = 4096;
constexpr std::size_t kServicesMax = 1024;

// User ids that no distribution, container engine or systemd gives out (1879048192 and up), some for each launcher.
constexpr uid_t kFirstUser = 0x70000000;
constexpr uid_t kLaunchersMax = 4096;

tl::unexpected<Error> invalid(std::string message) { return failure(ErrorCode::config_invalid, std::move(message)); }

bool is_plain_name(const std::string& name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    };
    return !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), plain);
}

bool has_ended(int fd) {
    pollfd item{fd, POLLIN, 0};
    return fd >= 0 && ::poll(&item, 1, 0) > 0;
}

std::string search_path() {
    const char* path = ::getenv("PATH");
    return path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
}

}  // namespace

HandlerHosts::~HandlerHosts() {
    for (auto& [name, entry] : hosts_) entry.host.kill();
    hosts_.clear();
}

Result<void> HandlerHosts::allow(const std::vector<std::string>& paths, const std::string& directory) {
    // A host of our own may have run before, to see what a script exports.
    if (is_named_ || !hosts_.empty()) return invalid("the handlers' sockets were named already");
    if (paths.size() > kServicesMax) return invalid("too many handler sockets");
    auto made = HandlerDirectory::make(directory);
    if (!made) return failure(made.error());
    directory_.emplace(std::move(*made));
    services_ = paths;
    is_named_ = true;
    return {};
}

void HandlerHosts::find_runtime() {
    if (!runtime_) runtime_.emplace(find_handler_runtime(search_path()));
}

Result<void> HandlerHosts::check(const HandlerSpec& spec) const {
    if (!is_plain_name(spec.name)) return invalid("a handler host's name must be 1 to 128 of [A-Za-z0-9._-]");
    if (hosts_.contains(spec.name)) return invalid("there is a handler host for " + spec.name + " already");
    if (hosts_.size() >= kHostsMax) return failure(ErrorCode::handler_busy, "too many handler hosts");
    if (!spec.socket_path.empty()) {
        const bool allowed = std::find(services_.begin(), services_.end(), spec.socket_path) != services_.end();
        return allowed ? Result<void>() : invalid("the handler socket " + spec.socket_path + " was not named at the start");
    }
    if (spec.script.size() > kScriptBytesMax) return invalid("the script is larger than 1 MiB");
    if (spec.script_name.size() > kNameBytesMax * 2 || spec.script_name.find('\0') != std::string::npos) {
        return invalid("the script's name is too long, or holds a NUL byte");
    }
    if (spec.memory_mib < kMemoryMibMin || spec.memory_mib > kMemoryMibMax) {
        return invalid("a handler's memory must be 32 MiB to 4 GiB");
    }
    return {};
}

Result<HandlerHost> HandlerHosts::make(const HandlerSpec& spec, std::size_t slot, HandlerProcess& given) {
    if (!directory_) {
        auto made = HandlerDirectory::make("");
        if (!made) return failure(made.error());
        directory_.emplace(std::move(*made));
    }
    const uid_t own = static_cast<uid_t>(::getpid()) % kLaunchersMax;
    const HandlerPlace place{*directory_, std::to_string(::getpid()) + "-" + std::to_string(++starts_),
                             kFirstUser + own * static_cast<uid_t>(kHostsMax) + static_cast<uid_t>(slot)};
    if (!spec.socket_path.empty()) return HandlerHost::serve(spec.socket_path, place, given);
    find_runtime();
    if (!*runtime_) return failure(runtime_->error());
    return HandlerHost::start(spec, **runtime_, place, given);
}

Result<HandlerProcess> HandlerHosts::start(const HandlerSpec& spec) {
    if (auto checked = check(spec); !checked) return failure(checked.error());
    std::size_t slot = 0;
    while (used_[slot]) ++slot;
    HandlerProcess given;
    auto host = make(spec, slot, given);
    if (!host) return failure(host.error());
    given.start = starts_;
    hosts_.emplace(spec.name, Entry{std::move(*host), slot, starts_});
    used_.set(slot);
    return given;
}

Result<UniqueFd> HandlerHosts::connect(const std::string& name) const {
    const auto found = hosts_.find(name);
    if (found == hosts_.end()) return failure(ErrorCode::handler_unavailable, "there is no handler host for " + name);
    return found->second.host.connect();
}

void HandlerHosts::remove(std::map<std::string, Entry>::iterator entry) {
    used_.reset(entry->second.slot);
    hosts_.erase(entry);
}

Result<void> HandlerHosts::stop(const std::string& name) {
    const auto found = hosts_.find(name);
    if (found == hosts_.end()) return failure(ErrorCode::handler_unavailable, "there is no handler host for " + name);
    found->second.host.kill();
    remove(found);
    return {};
}

std::vector<int> HandlerHosts::event_fds() const {
    std::vector<int> fds;
    for (const auto& [name, entry] : hosts_) {
        if (entry.host.event_fd() >= 0) fds.push_back(entry.host.event_fd());
    }
    return fds;
}

std::vector<HandlerExit> HandlerHosts::collect() {
    std::vector<HandlerExit> exits;
    for (auto at = hosts_.begin(); at != hosts_.end();) {
        const auto entry = at++;
        if (!has_ended(entry->second.host.event_fd())) continue;
        exits.push_back({entry->first, entry->second.host.wait(), entry->second.start});
        remove(entry);
    }
    return exits;
}

}  // namespace sallyport::sandbox
