#include "proxy/audit_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace sallyport::proxy {
namespace {

constexpr mode_t kOwnersOnly = 0600;

tl::unexpected<Error> file_failure(const std::string& path, const std::string& what) {
    return failure(ErrorCode::config_invalid, "audit log " + path + ": " + what);
}

tl::unexpected<Error> system_call_failure(const std::string& path, const std::string& call) {
    return file_failure(path, call + ": " + std::strerror(errno));
}

std::string rotated(const std::string& path, std::uint32_t number) { return path + "." + std::to_string(number); }

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

UniqueFd duplicate(const UniqueFd& fd) { return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)); }

// How a file ends: its last whole line, and how much of it is whole lines.
struct Tail {
    std::uint64_t complete_bytes = 0;
    std::string line;
};

bool read_at(int fd, std::uint64_t at, std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t count = ::pread(fd, text.data() + done, text.size() - done, static_cast<off_t>(at + done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        done += static_cast<std::size_t>(count);
    }
    return true;
}

Result<Tail> read_tail(const std::string& path, int fd, std::uint64_t size) {
    constexpr std::uint64_t kFirstWindow = 64 * 1024;
    for (std::uint64_t window = std::min(kFirstWindow, size);; window = std::min(4 * window, size)) {
        std::string text(window, '\0');
        if (!read_at(fd, size - window, text)) return system_call_failure(path, "read");
        const auto last = text.rfind('\n');
        const auto before = last == text.npos || last == 0 ? text.npos : text.rfind('\n', last - 1);
        if (last != text.npos && (before != text.npos || window == size)) {
            const std::size_t start = before == text.npos ? 0 : before + 1;
            return Tail{size - window + last + 1, text.substr(start, last - start)};
        }
        if (window == size) return Tail{};
        if (window > 2 * kAuditLineBytesMax) return file_failure(path, "this is no audit log: a line has no end");
    }
}

// Where the chain stands at the end of `line`.
Result<AuditLink> link_of(const std::string& path, const std::string& line) {
    LineHasher hasher;
    const auto sealed = read_sealed_line(line, hasher);
    if (!sealed || !sealed->hash_holds) {
        return file_failure(path,
                            "its last line is no record of an audit log; see what `sallyport audit verify` says, then "
                            "move the file away");
    }
    return AuditLink{sealed->sequence, std::string(sealed->hash)};
}

// Where a file ends that is not written to any more. Nothing has been written where there is none.
Result<AuditLink> link_of_rotated(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return AuditLink{};
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) return system_call_failure(path, "open");
    const auto tail = read_tail(path, fd.get(), static_cast<std::uint64_t>(status.st_size));
    if (!tail) return failure(tail.error());
    return link_of(path, tail->line);
}

// Makes path.1 free; the oldest goes where all are taken.
Result<void> shift(const std::string& path, std::uint32_t keep) {
    std::uint32_t gap = 1;
    while (gap <= keep && exists(rotated(path, gap))) ++gap;
    for (std::uint32_t number = gap; gap > keep && exists(rotated(path, number - 1)); ++number) {
        if (::unlink(rotated(path, number - 1).c_str()) != 0) return system_call_failure(path, "unlink");
    }
    for (std::uint32_t number = std::min(gap, keep); number > 1; --number) {
        if (::rename(rotated(path, number - 1).c_str(), rotated(path, number).c_str()) != 0) {
            return system_call_failure(path, "rename");
        }
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<AuditFile>> AuditFile::open(const std::string& path, const Limits& limits) {
    std::unique_ptr<AuditFile> file(new AuditFile);
    file->path_ = path;
    file->limits_ = {limits.rotate_bytes, std::max(limits.keep, 1u)};
    file->rotate_at_ = limits.rotate_bytes;
    for (const auto step : {&AuditFile::lock, &AuditFile::open_current, &AuditFile::recover}) {
        if (auto done = (file.get()->*step)(); !done) return failure(done.error());
    }
    return file;
}

Result<void> AuditFile::lock() {
    const auto slash = path_.rfind('/');
    const std::string directory = slash == path_.npos ? "." : path_.substr(0, slash + 1);
    directory_ = UniqueFd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory_) return system_call_failure(path_, "open its directory");
    const std::string name = path_ + ".lock";
    lock_ = UniqueFd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnersOnly));
    if (!lock_) return system_call_failure(name, "open");
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EWOULDBLOCK) return file_failure(path_, "another process writes to it");
    return system_call_failure(name, "flock");
}

Result<void> AuditFile::open_current() {
    constexpr int kFlags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    fd_ = UniqueFd(::open(path_.c_str(), kFlags, kOwnersOnly));
    struct stat status {};
    if (!fd_ || ::fstat(fd_.get(), &status) != 0) return system_call_failure(path_, "open");
    if (!S_ISREG(status.st_mode)) return file_failure(path_, "this is not a regular file");
    size_ = static_cast<std::uint64_t>(status.st_size);
    return {};
}

Result<void> AuditFile::recover() {
    const auto tail = read_tail(path_, fd_.get(), size_);
    if (!tail) return failure(tail.error());
    auto last = tail->complete_bytes > 0 ? link_of(path_, tail->line) : link_of_rotated(rotated(path_, 1));
    if (!last) return failure(last.error());
    if (tail->complete_bytes < size_ && ::ftruncate(fd_.get(), static_cast<off_t>(tail->complete_bytes)) != 0) {
        return system_call_failure(path_, "cut off the unfinished line");
    }
    cut_bytes_ = size_ - tail->complete_bytes;
    size_ = tail->complete_bytes;
    last_ = std::move(*last);
    return {};
}

Result<void> AuditFile::rotate() {
    if (auto shifted = shift(path_, limits_.keep); !shifted) return shifted;
    const std::string newest = rotated(path_, 1);
    if (::rename(path_.c_str(), newest.c_str()) != 0) return system_call_failure(path_, "rename");
    UniqueFd next(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, kOwnersOnly));
    if (!next) {
        auto failed = system_call_failure(path_, "open");
        (void)!::rename(newest.c_str(), path_.c_str());
        return failed;
    }
    fd_ = std::move(next);
    size_ = 0;
    rotate_at_ = limits_.rotate_bytes;
    return {};
}

Result<void> AuditFile::append(std::string_view line) {
    if (torn_ && ::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) return system_call_failure(path_, "ftruncate");
    torn_ = false;
    if (limits_.rotate_bytes > 0 && size_ > 0 && size_ + line.size() > rotate_at_) {
        if (const auto rotated = rotate(); !rotated) {
            log(LogLevel::warning, rotated.error().detail + "; the file grows beyond its size");
            rotate_at_ = size_ + line.size() + limits_.rotate_bytes / 4;
        }
    }
    for (std::size_t done = 0; done < line.size();) {
        const ssize_t count = ::write(fd_.get(), line.data() + done, line.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            auto failed = system_call_failure(path_, "write");
            torn_ = done > 0 && ::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0;
            return failed;
        }
        done += static_cast<std::size_t>(count);
    }
    size_ += line.size();
    return {};
}

AuditFile::Sync AuditFile::sync() const {
    Sync sync;
    sync.file_ = duplicate(fd_);
    sync.directory_ = duplicate(directory_);
    return sync;
}

Result<void> AuditFile::Sync::wait() const {
    if (::fdatasync(file_.get()) == 0 && ::fsync(directory_.get()) == 0) return {};
    return failure(ErrorCode::system, std::string("the audit log cannot be put on the disk: ") + std::strerror(errno));
}

}  // namespace sallyport::proxy
