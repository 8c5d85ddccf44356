#include "sandbox/wire.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>

#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

constexpr std::size_t kFdsMax = 8;
// An environment is at most 2 MiB (ARG_MAX), a trust bundle a few hundred KiB.
constexpr off_t kBodyBytesMax = 16 << 20;
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

union ControlBuffer {
    cmsghdr align;
    char bytes[CMSG_SPACE(kFdsMax * sizeof(int))];
};

Result<void> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure("write to a memfd");
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

// The sender may be compromised: only a memfd that can no longer change is read, so that no read blocks or lies.
Result<std::string> read_sealed(int fd) {
    struct stat status {};
    const int seals = ::fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & kSeals) != kSeals || ::fstat(fd, &status) < 0 || status.st_size > kBodyBytesMax) {
        return failure(ErrorCode::internal, "a launcher message's body is not a sealed file");
    }
    std::string body(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t done = 0;
    while (done < body.size()) {
        const ssize_t count = ::pread(fd, body.data() + done, body.size() - done, static_cast<off_t>(done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return system_failure("read of a launcher message");
        done += static_cast<std::size_t>(count);
    }
    return body;
}

std::vector<UniqueFd> take_fds(msghdr& header) {
    std::vector<UniqueFd> fds;
    for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
        if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(item) + i * sizeof(int), sizeof(int));
            fds.emplace_back(fd);
        }
    }
    return fds;
}

}  // namespace

Result<UniqueFd> sealed_file(const char* name, std::string_view content) {
    UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) return system_failure("memfd_create");
    if (auto written = write_all(fd.get(), content); !written) return failure(written.error());
    if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) < 0) return system_failure("seal a memfd");
    if (::lseek(fd.get(), 0, SEEK_SET) < 0) return system_failure("lseek of a memfd");
    return fd;
}

Result<void> send_message(int socket, std::string_view body, const std::vector<int>& fds) {
    auto file = sealed_file("sallyport-message", body);
    if (!file) return failure(file.error());
    std::vector<int> all{file->get()};
    all.insert(all.end(), fds.begin(), fds.end());

    char mark = 'm';
    iovec payload{&mark, 1};
    ControlBuffer control{};
    msghdr header{};
    header.msg_iov = &payload;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes;
    header.msg_controllen = CMSG_SPACE(all.size() * sizeof(int));
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(all.size() * sizeof(int));
    std::memcpy(CMSG_DATA(item), all.data(), all.size() * sizeof(int));

    ssize_t count = 0;
    do {
        count = ::sendmsg(socket, &header, MSG_NOSIGNAL);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return system_failure("send between daemon and launcher");
    return {};
}

Result<std::optional<Message>> receive_message(int socket) {
    char mark = 0;
    iovec payload{&mark, 1};
    ControlBuffer control{};
    msghdr header{};
    header.msg_iov = &payload;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes;
    header.msg_controllen = sizeof(control.bytes);
    ssize_t count = 0;
    do {
        count = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count == 0 || (count < 0 && errno == ECONNRESET)) return std::nullopt;
    if (count < 0) return system_failure("receive between daemon and launcher");

    std::vector<UniqueFd> fds = take_fds(header);
    if (fds.empty()) return failure(ErrorCode::internal, "a launcher message has no body");
    auto body = read_sealed(fds.front().get());
    if (!body) return failure(body.error());
    fds.erase(fds.begin());
    return Message{std::move(*body), std::move(fds)};
}

Writer& Writer::number(std::int64_t value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
}

Writer& Writer::text(std::string_view value) {
    number(static_cast<std::int64_t>(value.size()));
    bytes_.append(value);
    return *this;
}

Writer& Writer::texts(const std::vector<std::string>& values) {
    number(static_cast<std::int64_t>(values.size()));
    for (const std::string& value : values) text(value);
    return *this;
}

std::string_view Reader::take(std::size_t size) {
    if (!intact_ || size > rest_.size()) {
        intact_ = false;
        return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
}

std::int64_t Reader::number() {
    const std::string_view bytes = take(sizeof(std::int64_t));
    std::int64_t value = 0;
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
}

std::string Reader::text() {
    const std::int64_t size = number();
    if (size < 0) intact_ = false;
    return std::string(take(static_cast<std::size_t>(size)));
}

std::vector<std::string> Reader::texts() {
    std::vector<std::string> values;
    for (std::int64_t left = number(); left > 0 && intact_; --left) values.push_back(text());
    return values;
}

}  // namespace sallyport::sandbox
