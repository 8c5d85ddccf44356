// Every bound of the admin API, with its reason. The API is reached by few callers that hold few connections; nothing of
// it may grow with what a caller sends.
#pragma once

#include <chrono>
#include <cstddef>

namespace sallyport::admin {

// Heads: a request has a short target, a token and a few fields.
inline constexpr std::size_t kHeadBytesMax = 16 * 1024;
inline constexpr std::size_t kHeadFieldsMax = 64;
inline constexpr std::size_t kTargetBytesMax = 4 * 1024;
inline constexpr std::size_t kTrailerBytesMax = 1024;
// A name in a path: as long as the longest host name.
inline constexpr std::size_t kNameBytesMax = 253;

// Bodies: a policy of ten thousand rules takes about 1 MB.
inline constexpr std::size_t kBodyBytesMax = 4 * 1024 * 1024;
// A handler's name and params; a request to explain, whose headers the proxy would not take either if they were larger.
inline constexpr std::size_t kSmallBodyBytesMax = 128 * 1024;
// Nothing in a policy nests deeper; parsers of trees recurse.
inline constexpr std::size_t kJsonDepthMax = 32;
// An array of this many small values in 4 MB is about what memory it costs times ten.
inline constexpr std::size_t kJsonValuesMax = 200'000;
// Ten thousand connections, at a few hundred bytes each, are far below it.
inline constexpr std::size_t kReplyBytesMax = 32 * 1024 * 1024;

// Per listener, so that nobody over TCP keeps an operator off the unix socket.
inline constexpr std::size_t kConnectionsMax = 64;
// Of peers of the unix socket that are nobody's caller; they are told so, and no more.
inline constexpr std::size_t kStrangersMax = 8;
// Of one restricted caller, on a socket where callers are known before they speak.
inline constexpr std::size_t kConnectionsPerCallerMax = 16;
inline constexpr std::size_t kSubscribersMax = 16;
inline constexpr std::size_t kSubscribersPerCallerMax = 4;  // restricted callers
// What waits for a subscriber that does not read; then it loses events.
inline constexpr std::size_t kEventBytesMax = 256 * 1024;
// A client that does not read its answers gets no more of them.
inline constexpr std::size_t kOutBytesHigh = 64 * 1024;
inline constexpr std::size_t kReadBytes = 16 * 1024;
// What is read and thrown away after the last answer, so that it is not overtaken by a reset.
inline constexpr std::size_t kLingerBytesMax = 8 * 1024 * 1024;
// Refusals that go to the audit log in one minute; more are counted, so that strangers cannot rotate it away.
inline constexpr std::size_t kRefusalsPerMinuteMax = 60;

struct Deadlines {
    std::chrono::milliseconds handshake{10'000};
    std::chrono::milliseconds head{10'000};     // the whole of it; the first one from the connection's start
    std::chrono::milliseconds body{30'000};     // the whole of it
    std::chrono::milliseconds idle{60'000};     // between requests
    std::chrono::milliseconds answer{60'000};   // until the API has answered
    std::chrono::milliseconds reading{30'000};  // the client takes no byte of its answer
    std::chrono::milliseconds keep_alive{15'000};  // a comment on a stream of events that is silent
    std::chrono::milliseconds linger{2'000};
};

}  // namespace sallyport::admin
