#include "secrets/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"

namespace sallyport::secrets {

Result<WipedBuffer> read_secret_file(const std::string& path, std::size_t bytes_max) {
    const auto failed = [&](const char* why) { return failure(ErrorCode::secret_unavailable, path + ": " + why); };
    // Non-blocking, so that a FIFO in the file's place cannot hold the thread.
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) return failed(std::strerror(errno));
    if (!S_ISREG(status.st_mode)) return failed("not a regular file");
    if (static_cast<std::uintmax_t>(status.st_size) > bytes_max) return failed("too large");
    WipedBuffer buffer;
    // At once: what a buffer leaves behind when it grows is not wiped.
    buffer.reserve(bytes_max + 1);
    while (buffer.size() <= bytes_max) {
        const std::size_t room = bytes_max + 1 - buffer.size();
        const ssize_t got = ::read(fd.get(), buffer.reserve(room), room);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed(std::strerror(errno));
        if (got == 0) return buffer;
        buffer.commit(static_cast<std::size_t>(got));
    }
    return failed("too large");
}

}  // namespace sallyport::secrets
