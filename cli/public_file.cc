#include "cli/public_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/unique_fd.h"

namespace sallyport::cli {
namespace {

Result<void> write_file(const std::string& path, const std::string& text, mode_t mode) {
    const auto failed = [&] { return failure(ErrorCode::config_invalid, path + ": " + std::strerror(errno)); };
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    const std::string beside = path + ".new";
    // One that was left behind may have another mode.
    (void)!unlink(beside.c_str());
    UniqueFd fd(open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd) return failed();
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t written = write(fd.get(), text.data() + at, text.size() - at);
        if (written < 0) return failed();
        at += static_cast<std::size_t>(written);
    }
    if (std::rename(beside.c_str(), path.c_str()) != 0) return failed();
    return {};
}

}  // namespace

Result<void> write_public_file(const std::string& path, const std::string& text) { return write_file(path, text, 0644); }

Result<void> write_private_file(const std::string& path, const std::string& text) { return write_file(path, text, 0600); }

}  // namespace sallyport::cli
