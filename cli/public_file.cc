#include "cli/public_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/unique_fd.h"

namespace sallyport::cli {

Result<void> write_public_file(const std::string& path, const std::string& text) {
    const auto failed = [&] { return failure(ErrorCode::config_invalid, path + ": " + std::strerror(errno)); };
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    const std::string beside = path + ".new";
    UniqueFd fd(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd) return failed();
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t written = write(fd.get(), text.data() + at, text.size() - at);
        if (written < 0) return failed();
        at += static_cast<std::size_t>(written);
    }
    if (std::rename(beside.c_str(), path.c_str()) != 0) return failed();
    return {};
}

}  // namespace sallyport::cli
