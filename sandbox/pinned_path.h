// A namespace bound to a path, so that others can enter it; unbound and removed when the object goes.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace sallyport::sandbox {

class PinnedPath final {
public:
    PinnedPath() = default;
    PinnedPath(PinnedPath&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    PinnedPath& operator=(PinnedPath&& other) noexcept {
        std::swap(path_, other.path_);
        return *this;
    }
    ~PinnedPath();

    // Makes the directory where it is missing, and replaces what a crash left at the path.
    static Result<PinnedPath> pin(int netns, const std::string& path);

private:
    explicit PinnedPath(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

}  // namespace sallyport::sandbox
