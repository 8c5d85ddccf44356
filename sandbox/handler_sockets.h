// Listening unix sockets with paths, in a directory that nobody can list; and connections to such. The launcher's own;
// sandboxes do not see the directory (/run is empty for them).
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace sallyport::sandbox {

// Who may connect to a socket.
struct SocketOwner {
    uid_t user = 0;
    gid_t group = 0;
    mode_t mode = 0600;
};

// Bound, listening, non-blocking; its file goes with it.
class ListeningPath final {
public:
    ListeningPath() = default;
    ListeningPath(ListeningPath&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    ListeningPath& operator=(ListeningPath&& other) noexcept {
        std::swap(path_, other.path_);
        return *this;
    }
    ~ListeningPath();
    const std::string& path() const { return path_; }

private:
    friend class HandlerDirectory;
    explicit ListeningPath(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

struct Listening {
    ListeningPath file;
    UniqueFd fd;
};

class HandlerDirectory final {
public:
    // `path` empty: a new one under /run, removed with this object. Sockets that a crashed launcher left are removed.
    static Result<HandlerDirectory> make(const std::string& path);
    HandlerDirectory(HandlerDirectory&& other) noexcept
        : path_(std::exchange(other.path_, {})), is_own_(other.is_own_) {}
    HandlerDirectory& operator=(HandlerDirectory&& other) noexcept {
        std::swap(path_, other.path_);
        std::swap(is_own_, other.is_own_);
        return *this;
    }
    ~HandlerDirectory();

    Result<Listening> listen(const std::string& name, const SocketOwner& owner) const;

private:
    HandlerDirectory(std::string path, bool is_own) : path_(std::move(path)), is_own_(is_own) {}
    std::string path_;
    bool is_own_ = false;
};

// Non-blocking. handler_unavailable where nobody listens; handler_busy where the listener's queue is full.
Result<UniqueFd> connect_unix(const std::string& path);

}  // namespace sallyport::sandbox
