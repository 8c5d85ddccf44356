#include "sandbox/handler_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace fs = std::filesystem;
namespace {

constexpr int kBacklog = 1024;
constexpr char kSuffix[] = ".sock";

std::optional<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path) || path.find('\0') != std::string::npos) return std::nullopt;
    path.copy(address.sun_path, path.size());
    return address;
}

tl::unexpected<Error> bad_path(const std::string& path) {
    return failure(ErrorCode::config_invalid, path + " cannot be a unix socket's path: it is too long, or holds a NUL byte");
}

UniqueFd stream_socket() { return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

bool is_abandoned(const fs::directory_entry& entry) {
    std::error_code error;
    if (!entry.is_socket(error) || entry.path().extension() != kSuffix) return false;
    const auto address = address_of(entry.path());
    const UniqueFd fd = stream_socket();
    return address && fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) < 0 &&
           errno == ECONNREFUSED;
}

void remove_abandoned(const std::string& directory) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
        if (is_abandoned(entry)) ::unlink(entry.path().c_str());
    }
}

}  // namespace

ListeningPath::~ListeningPath() {
    if (!path_.empty()) ::unlink(path_.c_str());
}

Result<HandlerDirectory> HandlerDirectory::make(const std::string& path) {
    if (path.empty()) {
        char name[] = "/run/sallyport-handlers-XXXXXX";
        if (::mkdtemp(name) == nullptr) return system_failure("make a directory in /run");
        return HandlerDirectory(name, true);
    }
    if (!fs::path(path).is_absolute()) return failure(ErrorCode::config_invalid, path + " is not an absolute path");
    std::error_code error;
    fs::create_directories(fs::path(path).parent_path(), error);
    // Services of other users find their socket in it, and see no other.
    if (::mkdir(path.c_str(), 0711) == 0) {
        if (::chmod(path.c_str(), 0711) < 0) return system_failure("set the mode of " + path);
        return HandlerDirectory(path, true);
    }
    if (errno != EEXIST || !fs::is_directory(path, error)) return system_failure("make the directory " + path);
    remove_abandoned(path);
    return HandlerDirectory(path, false);
}

HandlerDirectory::~HandlerDirectory() {
    if (is_own_ && !path_.empty()) ::rmdir(path_.c_str());
}

Result<Listening> HandlerDirectory::listen(const std::string& name, const SocketOwner& owner) const {
    const std::string path = path_ + "/" + name + kSuffix;
    const auto address = address_of(path);
    if (!address) return bad_path(path);
    Listening made;
    made.fd = stream_socket();
    if (!made.fd) return system_failure("unix socket");
    if (::bind(made.fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) < 0) {
        return system_failure("bind " + path);
    }
    made.file = ListeningPath(path);
    // Nobody can connect before it listens.
    if (::chmod(path.c_str(), owner.mode) < 0 || ::chown(path.c_str(), owner.user, owner.group) < 0 ||
        ::listen(made.fd.get(), kBacklog) < 0) {
        return system_failure("listen on " + path);
    }
    return made;
}

Result<UniqueFd> connect_unix(const std::string& path) {
    const auto address = address_of(path);
    if (!address) return bad_path(path);
    UniqueFd fd = stream_socket();
    if (!fd) return system_failure("unix socket");
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) == 0) return fd;
    if (errno == EAGAIN) return failure(ErrorCode::handler_busy, "connect to " + path + ": its queue is full");
    return failure(ErrorCode::handler_unavailable, "connect to " + path + ": " + std::strerror(errno));
}

}  // namespace sallyport::sandbox
