#include "admin/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "admin/event_stream.h"
#include "admin/limits.h"
#include "base/buffer.h"
#include "base/unique_fd.h"
#include "http/http1_codec.h"
#include "http/http1_writer.h"

namespace sallyport::admin {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kBlockBytes = 64 * 1024;
// A stream's signs of life come every 15 seconds.
constexpr milliseconds kSilenceMax{60'000};

std::string unquoted(std::string_view etag) {
    if (etag.starts_with("W/")) etag.remove_prefix(2);
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
    return std::string(etag);
}

tl::unexpected<Error> connect_failure(const std::string& path, int reason) {
    std::string why = path + ": ";
    if (reason == ENOENT || reason == ECONNREFUSED) {
        why += "nobody serves the admin API there; is `sallyport serve` running, and is this its socket?";
    } else if (reason == EACCES || reason == EPERM) {
        why += "not allowed; run this as root or as the user the gate runs as, or add your uid to admin.callers";
    } else {
        why += std::strerror(reason);
    }
    return failure(ErrorCode::connect_failed, std::move(why));
}

Result<UniqueFd> connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return connect_failure(path, ENAMETOOLONG);
    std::memcpy(address.sun_path, path.data(), path.size());
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd || connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return connect_failure(path, errno);
    }
    return fd;
}

// A socket with a time by which each wait must have ended.
class Wire final {
public:
    Wire(UniqueFd fd, milliseconds patience) : fd_(std::move(fd)) { put_off(patience); }

    void put_off(milliseconds patience) { deadline_ = steady_clock::now() + patience; }

    // A server that has answered already may not read the rest: then the answer says why.
    Result<void> send_all(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                bytes.remove_prefix(static_cast<std::size_t>(sent));
            } else if (errno == EPIPE || errno == ECONNRESET) {
                return {};
            } else if (auto ready = wait(POLLOUT); !ready) {
                return ready;
            }
        }
        return {};
    }

    // 0 at the end.
    Result<std::size_t> receive(char* to, std::size_t size) {
        for (;;) {
            const ssize_t got = recv(fd_.get(), to, size, 0);
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno != EAGAIN && errno != EINTR) return failure(ErrorCode::origin_closed, std::strerror(errno));
            if (auto ready = wait(POLLIN); !ready) return tl::unexpected(ready.error());
        }
    }

private:
    Result<void> wait(short what) {
        const auto left = std::chrono::ceil<milliseconds>(deadline_ - steady_clock::now()).count();
        if (left <= 0) return failure(ErrorCode::origin_timeout, "the gate did not answer in time");
        pollfd watched{fd_.get(), what, 0};
        (void)poll(&watched, 1, static_cast<int>(left));
        return {};
    }

    UniqueFd fd_;
    steady_clock::time_point deadline_;
};

// One response, kept, or handed on piece by piece where it is a stream of events.
class Answer final : public http::ResponseSink {
public:
    explicit Answer(EventStreamReader* events) : events_(events) {}

    http::Next on_response_head(http::ResponseHead& head) override {
        if (head.status < 200) return http::Next::go;
        response.status = head.status;
        if (const auto etag = head.headers.get("ETag")) response.etag = unquoted(*etag);
        is_stream = head.status == 200 && head.headers.get("Content-Type") == "text/event-stream";
        return http::Next::go;
    }
    http::Next on_body(std::string_view bytes) override {
        if (events_ != nullptr && is_stream) {
            has_enough = has_enough || !events_->feed(bytes);
        } else if (response.body.size() + bytes.size() <= kReplyBytesMax) {
            response.body.append(bytes);
        } else {
            is_too_large = true;
        }
        return http::Next::go;
    }
    http::Next on_message_end(http::HeaderMap&) override {
        is_whole = true;
        return http::Next::go;
    }
    bool is_finished() const { return is_whole || has_enough || is_too_large; }

    ClientResponse response;
    bool is_stream = false;
    bool has_enough = false;
    bool is_whole = false;
    bool is_too_large = false;

private:
    EventStreamReader* events_;
};

void write_request(Buffer& out, const ClientRequest& request) {
    http::RequestHead head;
    head.method = request.method;
    head.target = request.target;
    head.headers.add("Host", "localhost");
    head.headers.add("Connection", "close");
    for (const auto& [name, value] : request.headers) head.headers.add(name, value);
    if (!request.body.empty()) head.body = {http::BodyKind::length, request.body.size()};
    http::write_request_head(out, head);
    out.append(request.body);
}

Result<void> read_answer(Wire& wire, const ClientRequest& request, Answer& answer, std::optional<milliseconds> silence) {
    http::Http1ResponseParser parser(answer, {});
    parser.await_response(request.method);
    std::array<char, kBlockBytes> block;
    while (!answer.is_finished()) {
        const auto got = wire.receive(block.data(), block.size());
        if (!got) return tl::unexpected(got.error());
        if (*got == 0) return parser.finish();
        if (silence) wire.put_off(*silence);
        const auto taken = parser.feed({block.data(), *got});
        if (!taken) return tl::unexpected(taken.error());
    }
    if (answer.is_too_large) return failure(ErrorCode::origin_bad_response, "the answer is too large");
    return {};
}

Result<void> exchange(const std::string& socket_path, const ClientRequest& request, Answer& answer,
                      milliseconds patience, std::optional<milliseconds> silence) {
    auto fd = connect_to(socket_path);
    if (!fd) return tl::unexpected(fd.error());
    Wire wire(std::move(*fd), patience);
    Buffer out;
    write_request(out, request);
    if (auto sent = wire.send_all(out.view()); !sent) return sent;
    return read_answer(wire, request, answer, silence);
}

}  // namespace

Result<ClientResponse> call(const std::string& socket_path, const ClientRequest& request, milliseconds deadline) {
    Answer answer(nullptr);
    if (auto done = exchange(socket_path, request, answer, deadline, std::nullopt); !done) {
        return tl::unexpected(done.error());
    }
    return std::move(answer.response);
}

Result<void> follow(const std::string& socket_path, const std::string& target,
                    const std::function<bool(std::string_view type, std::string_view data)>& visit) {
    EventStreamReader events(visit);
    Answer answer(&events);
    ClientRequest request;
    request.target = target;
    auto done = exchange(socket_path, request, answer, kSilenceMax, kSilenceMax);
    if (!done) return done;
    if (answer.is_stream) return {};
    return failure(ErrorCode::denied, std::to_string(answer.response.status) + ": " + answer.response.body);
}

}  // namespace sallyport::admin
