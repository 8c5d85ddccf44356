// A namespace bound to a path, so that others can enter it; unbound and removed when the object goes. A directory that was
// made for it goes too, with the files that were put beside it.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace sallyport::sandbox {

class PinnedPath final {
public:
    PinnedPath() = default;
    PinnedPath(PinnedPath&& other) noexcept
        : path_(std::exchange(other.path_, {})), owns_directory_(other.owns_directory_) {}
    PinnedPath& operator=(PinnedPath&& other) noexcept {
        std::swap(path_, other.path_);
        std::swap(owns_directory_, other.owns_directory_);
        return *this;
    }
    ~PinnedPath();

    // Makes the directory where it is missing, and replaces what a crash left at the path.
    static Result<PinnedPath> pin(int netns, const std::string& path);

private:
    PinnedPath(std::string path, bool owns_directory) : path_(std::move(path)), owns_directory_(owns_directory) {}
    std::string path_;
    bool owns_directory_ = false;  // made for this pin, now or before a crash that left the pin
};

}  // namespace sallyport::sandbox
