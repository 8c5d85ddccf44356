// What the tests of handler hosts share: a launcher, and the gate's side of the protocol (docs/handlers.md) spoken in bytes.
// They need root and Node.js.
#pragma once

#include <gmock/gmock.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sandbox/box.h"

namespace sallyport::sandbox {

inline std::string base64(std::string_view text) {
    constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k) out += i + k > text.size() ? '=' : kDigits[group >> (18 - 6 * k) & 63];
    }
    return out;
}

// A connection on which tests wait for what they expect.
class Peer {
public:
    Peer() = default;
    explicit Peer(UniqueFd fd) : fd_(std::move(fd)) {}
    explicit operator bool() const { return static_cast<bool>(fd_); }
    int fd() const { return fd_.get(); }

    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            pollfd item{fd_.get(), POLLOUT, 0};
            ASSERT_GT(::poll(&item, 1, kPatienceMs), 0) << "nobody reads";
            const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            ASSERT_GT(count, 0) << "the peer is gone";
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    // Up to and with `end`; less where the peer closes.
    std::string read_to(std::string_view end) {
        while (buffer_.find(end) == std::string::npos && fill()) {
        }
        const std::size_t at = buffer_.find(end);
        return take(at == std::string::npos ? buffer_.size() : at + end.size());
    }
    std::string read_bytes(std::size_t count) {
        while (buffer_.size() < count && fill()) {
        }
        return take(std::min(count, buffer_.size()));
    }
    std::string read_head() { return read_to("\r\n\r\n"); }
    std::string read_chunk() {
        const std::string size = read_to("\r\n");
        const std::string chunk = read_bytes(std::strtoul(size.c_str(), nullptr, 16));
        read_bytes(2);
        return chunk;
    }
    std::string read_to_end() {
        while (fill()) {
        }
        return take(buffer_.size());
    }
    void close() { fd_.reset(); }

private:
    bool fill() {
        if (!wait_readable(fd_.get())) return false;
        char bytes[16384];
        const ssize_t count = ::read(fd_.get(), bytes, sizeof(bytes));
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
        if (count <= 0) return false;
        buffer_.append(bytes, static_cast<std::size_t>(count));
        return true;
    }
    std::string take(std::size_t count) {
        std::string taken = buffer_.substr(0, count);
        buffer_.erase(0, count);
        return taken;
    }

    UniqueFd fd_;
    std::string buffer_;
};

struct TestCall {
    std::string handler = "outbound";
    std::string method = "GET";
    std::string url = "https://my-internal-vcs.dev/repos";
    std::string fields;  // "Name: value\r\n"…
    std::string body;
    std::string env = "{}";
    std::string context = "{}";
    std::string token = std::string(32, '0');
};

// A launcher with one handler host, "box".
class HandlerBox {
public:
    explicit HandlerBox(const std::string& script, std::uint32_t memory_mib = 64, const std::string& name = "vcs.js") {
        auto started = Launcher::start();
        if (!started) {
            error_ = started.error().detail;
            return;
        }
        launcher_.emplace(std::move(*started));
        error_ = start("box", script, memory_mib, name);
    }

    // Another one beside it, where that is what is tested; its descriptors are not kept.
    Result<HandlerProcess> start_other(const std::string& name, const std::string& script) {
        return launcher_->start_handler({name, script, "other.js", 64, ""});
    }

    std::string start(const std::string& name, const std::string& script, std::uint32_t memory_mib = 64,
                      const std::string& script_name = "vcs.js") {
        auto process = launcher_->start_handler({name, script, script_name, memory_mib, ""});
        if (!process) return process.error().detail;
        process_ = std::move(*process);
        return "";
    }

    const std::string& error() const { return error_; }
    Launcher& launcher() { return *launcher_; }
    HandlerProcess& process() { return process_; }

    // The whole report; empty where there is none.
    std::string report() { return Peer(std::move(process_.report)).read_to_end(); }
    // All that the script has written, when it has ended.
    std::string output() { return Peer(std::move(process_.output)).read_to_end(); }

    Peer connect(const std::string& name = "box") {
        auto connection = launcher_->connect_handler(name);
        EXPECT_TRUE(connection.has_value()) << connection.error().detail;
        return connection ? Peer(std::move(*connection)) : Peer();
    }
    Peer call(const TestCall& call, const std::string& name = "box") {
        Peer peer = connect(name);
        if (peer) peer.send(text(call));
        return peer;
    }
    std::string text(const TestCall& call) const {
        std::string fields = call.fields;
        if (!call.body.empty()) fields += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
        return call.method + " " + call.url + " HTTP/1.1\r\nHost: my-internal-vcs.dev\r\n" + fields +
               "X-Sallyport-Call: " + call.token + "\r\nX-Sallyport-Fetch: " + process_.fetch_path +
               "\r\nX-Sallyport-Handler: " + call.handler + "\r\nX-Sallyport-Env: " + base64(call.env) +
               "\r\nX-Sallyport-Context: " + base64(call.context) + "\r\n\r\n" + call.body;
    }
    // The status line, the fields and the body of a call that fetches nothing; the connection is closed after it.
    std::string answer(TestCall given) {
        given.fields += "Connection: close\r\n";
        return call(given).read_to_end();
    }
    Peer accept_fetch() { return Peer(accept_one(process_.fetches)); }

    // The first end that is told of.
    std::optional<HandlerExit> wait_for_exit() {
        while (wait_readable(launcher_->event_fd())) {
            auto event = launcher_->poll_event();
            if (!event) return std::nullopt;
            if (*event) return std::get<HandlerExit>(**event);
        }
        return std::nullopt;
    }

private:
    std::string error_;
    std::optional<Launcher> launcher_;
    HandlerProcess process_;
};

inline bool has_field(const std::string& head, std::string_view field) {
    return head.find("\r\n" + std::string(field) + "\r\n") != std::string::npos;
}

// The example of docs/handlers.md, and catch-alls for what else is shown.
inline constexpr char kExampleScript[] = R"js(
export const outboundByHost = {
  "my-internal-vcs.dev": (request, env, ctx) => {
    const headers = new Headers(request.headers);
    headers.set("x-auth-token", env.SECRET);
    return fetch(request, { headers });
  },
};
export const outboundHandlers = {            // named, attached at run time with params
  readOnly(request, env, ctx) {              // ctx: { sandboxId, containerId, className, policy, params, requestId }
    return request.method === "GET" ? fetch(request) : new Response("read only", { status: 403 });
  },
};
export const outbound = (request, env, ctx) => fetch(request);   // catch-all, where present
)js";

}  // namespace sallyport::sandbox
