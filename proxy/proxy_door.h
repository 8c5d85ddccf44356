// One listener of the explicit proxy: takes connections, finds out whose they are, hands them on. Owned by ExplicitProxy;
// lives on its thread. What strangers can use up is its own: the number of connections that are still strangers' (the oldest
// one makes room for a new one), and wrong passwords, which are answered later and later while those that are right go
// straight through.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <unordered_map>

#include "net/listener.h"
#include "proxy/access_log.h"
#include "proxy/limits.h"
#include "proxy/proxy_greeting.h"

namespace sallyport::proxy {

// Why these: see limits.h on what they are measured against. A greeting is at most a head (64 KiB), so that all of a
// listener's are 16 MiB; who is honest is one of them for less than a millisecond.
inline constexpr std::size_t kProxyGreetingsMax = 256;
// Nobody who has a password sends wrong ones at this rate; nobody who has none gets anywhere with 2^256 of them. It is the log
// that is protected, and the processor.
inline constexpr double kWrongPasswordsPerSecond = 10;
inline constexpr double kWrongPasswordsBurst = 20;
inline constexpr milliseconds kWrongPasswordDelayMax{5'000};
// After its refusal a client may still be sending; no honest one sends much without having been let in.
inline constexpr std::size_t kProxyLingerBytesMax = 1024 * 1024;

// What the doors of one explicit proxy share; outlives them.
struct DoorContext {
    net::Loop& loop;
    AccessLog& access_log;
    Deadlines deadlines;
    char* read_block = nullptr;  // as WorkerContext's
    ProxyCredentials credentials;
    RequestId last_request_id;
    // Takes a connection whose sandbox is known.
    std::function<void(const SandboxId& sandbox, UniqueFd fd, ProxyOpening opening)> admit;

    RequestId next_request_id() { return RequestId{++last_request_id.value}; }
};

class ProxyDoor final {
public:
    // `socket` listens; empty: connections come by adopt() only.
    ProxyDoor(DoorContext& context, UniqueFd socket);
    ~ProxyDoor();

    void adopt(UniqueFd fd);
    // Whoever has shown the sandbox's earlier password and has not been handed on yet is cut.
    void on_credential_changed(const SandboxId& sandbox);
    // Takes no more connections; those that are still greeting are cut.
    void close();
    std::size_t greetings() const { return greetings_.size(); }

    // For greetings.
    DoorContext& context() { return context_; }
    milliseconds delay_of_wrong_password();
    void admit(const SandboxId& sandbox, UniqueFd fd, ProxyOpening opening);
    void remove(ProxyGreeting& greeting);

private:
    using Greetings = std::list<std::unique_ptr<ProxyGreeting>>;  // the oldest one first

    DoorContext& context_;
    Greetings greetings_;
    std::unordered_map<ProxyGreeting*, Greetings::iterator> places_;
    double wrong_passwords_left_ = kWrongPasswordsBurst;  // less than none: so many have been answered ahead of their time
    net::Clock::time_point counted_at_;
    std::unique_ptr<net::Listener> listener_;
};

}  // namespace sallyport::proxy
