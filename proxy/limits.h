// Every bound of the data plane, with its reason. Deadlines can be scaled as a whole (tests of slow peers); sizes cannot.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sallyport::proxy {

using std::chrono::milliseconds;

// A buffer above this stops its source; below a quarter of it the source goes on. Four TLS records: enough to keep both
// sides busy, little enough that a thousand slow readers cost 64 MiB.
inline constexpr std::size_t kHighWatermarkBytes = 64 * 1024;
inline constexpr std::size_t kLowWatermarkBytes = kHighWatermarkBytes / 4;

// One read takes up to this: a few TLS records. One block per worker, shared by its connections.
inline constexpr std::size_t kReadBytes = 64 * 1024;

// What a refused request's body may still bring before the connection is closed instead of reused.
inline constexpr std::uint64_t kDiscardedBodyBytesMax = 256 * 1024;

// A greeting must fit: sixteen KiB is what TLS allows a record.
inline constexpr std::size_t kSniffBytesMax = 20 * 1024;

// Per sandbox and side. A client that holds more is broken or hostile; others must still find descriptors, so that where
// there are not enough of those, each sandbox has its share of them.
inline constexpr std::size_t kConnectionsMax = 8192;
inline constexpr std::size_t kConnectionsMin = 16;
// Descriptors for everything else: listeners, files, the launcher.
inline constexpr std::size_t kDescriptorsReserved = 128;

inline std::size_t connections_per_sandbox(std::size_t descriptors, std::size_t sandboxes) {
    const std::size_t usable = descriptors > kDescriptorsReserved ? descriptors - kDescriptorsReserved : 0;
    const std::size_t share = usable / (2 * (sandboxes > 0 ? sandboxes : 1));
    return share < kConnectionsMin ? kConnectionsMin : share > kConnectionsMax ? kConnectionsMax : share;
}
inline constexpr std::size_t kIdleUpstreamConnectionsPerKeyMax = 256;
inline constexpr std::size_t kTlsSessionsMax = 1024;

// Names a sandbox may hold an address for; a leaf is about 2 KiB.
inline constexpr std::size_t kNamesMax = 16 * 1024;
inline constexpr std::size_t kLeavesMax = 1024;

// Origins of which it is remembered whether they speak HTTP/2: one that is forgotten is asked again before its next client is
// answered. About 150 bytes each.
inline constexpr std::size_t kOriginProtocolsMax = 4096;

// Requests at once on one connection over HTTP/2, where the origin has no lower limit: what RFC 9113 (section 6.5.2) has origins
// allow at least is 100. And such connections for one origin and credential; what is beyond both waits for its turn.
inline constexpr std::size_t kLinkStreamsMax = 128;
inline constexpr std::size_t kLinksPerKeyMax = 16;
// A request that an origin has not looked at (RFC 9113 section 8.7) is sent again so often, if its body was not longer than what
// is kept of it: for each running request.
inline constexpr int kResendsMax = 3;
inline constexpr std::size_t kResentBodyBytesMax = 16 * 1024;

// Limits that were changed leave their counts behind; above this, those that are as good as new are forgotten.
inline constexpr std::size_t kLimitStatesMax = 1024;

// Connections over which one sandbox's handlers fetch: each of their calls may have several.
inline constexpr std::size_t kFetchConnectionsMax = 256;

// What is kept of a handler's own words about its failure, for the log.
inline constexpr std::size_t kHandlerReasonBytesMax = 1024;

// What a request may have in its body where its credential needs all of it before the head can be sent (a signature over
// the body, say): held in memory for each such request. What SDKs send in one piece is less; more is sent in parts.
inline constexpr std::size_t kBufferedBodyBytesMax = 8 * 1024 * 1024;
// And all of one sandbox's together: what one holds, others do not have.
inline constexpr std::size_t kBufferedBodiesBytesMax = 8 * kBufferedBodyBytesMax;
// How many rotations ago a secret is still looked for in what origins say. Each set is looked for in everything.
inline constexpr std::size_t kFormerNeedlesMax = 2;
// A response that lasts learns of as many rotations; then it is cut, and the client asks again.
inline constexpr std::size_t kLaterNeedlesMax = 32;

// A token endpoint's answer is held until it is whole and read. Real ones are a few KiB.
inline constexpr std::size_t kTokenAnswerBytesMax = 1024 * 1024;

// How much of a response is decoded at a time: what decoding makes of one read waits nowhere, and a client that is slow
// holds up the next block.
inline constexpr std::size_t kDecodedBytesMax = 64 * 1024;

// An origin that has brought nothing for so long has paused, and the client may be waiting for the bytes that are held
// because they could be the beginning of a secret. Longer than the gaps between packets of one message.
inline constexpr milliseconds kScrubPause{10};

// A sandbox's cookies beside one credential. RFC 6265 asks of browsers 4 KiB for one and 50 for a host.
inline constexpr std::size_t kCookieBytesMax = 4096;
inline constexpr std::size_t kCookiesPerCredentialMax = 64;
inline constexpr std::size_t kCookieBytesPerCredentialMax = 64 * 1024;
// Shorter values are words ("dark", "en-US", a day) that stand in pages anyway; a session's name is at least 64 bits of
// chance, which is sixteen hexadecimal digits.
inline constexpr std::size_t kCookieNeedleBytesMin = 16;
// How often values may begin again inside of themselves: looking for those costs as much more for each byte of a body.
inline constexpr std::size_t kCookieRepeatsMax = 32;
inline constexpr std::size_t kCookieRepeatsPerCredentialMax = 64;

// Hosts that no rule allows get a leaf too, so that the client can be told why; not many, because minting costs.
inline constexpr double kRefusalLeavesPerSecond = 20;
inline constexpr double kRefusalLeavesBurst = 100;

// What origins speak is asked once for each that is new to the sandbox (see kOriginProtocolsMax); beyond that clients are told
// HTTP/1.1, and names are not looked up for the asking.
inline constexpr double kQuestionsPerSecond = 20;
inline constexpr double kQuestionsBurst = 100;

// How long a synthetic address may be remembered by a client.
inline constexpr std::uint32_t kNameTtlSeconds = 60;

// Of streams that have ended, kept for the next ones of the same HTTP/2 connection: most clients have few at a time.
inline constexpr std::size_t kUnusedExchangesMax = 8;

// The log shows this much of a path.
inline constexpr std::size_t kLoggedPathBytesMax = 1024;

// A client that goes on sending after its answer is read from for this many linger deadlines, and bytes.
inline constexpr int kLingerRoundsMax = 15;
inline constexpr std::uint64_t kLingerBytesMax = 64 * 1024 * 1024;

// A body must bring this much in each `body_progress`, or its sender is not worth a connection.
inline constexpr std::uint64_t kBodyProgressBytesMin = 256;

// A request over HTTP/2 that is open in both directions may rest for so many `body_progress` (calls of gRPC that wait for an
// event do): it holds no connection of its own.
inline constexpr int kRestingRoundsMax = 10;

struct Deadlines {
    milliseconds greeting{10'000};         // first bytes, until the protocol is known
    milliseconds refused_greeting{1'000};  // the same, where nothing can be allowed: a reset, not a silence
    milliseconds tls_handshake{10'000};    // either side
    milliseconds request_head{20'000};     // from its first byte to its last: a drip does not extend it
    milliseconds keep_alive{600'000};      // a client between requests
    milliseconds body_progress{60'000};    // see kBodyProgressBytesMin
    milliseconds connect{10'000};          // look-up aside, all addresses together
    milliseconds response_head{600'000};   // long polls are honest
    milliseconds response_progress{600'000};  // between two pieces of a response: server-sent events may be rare
    milliseconds linger{2'000};            // after the last byte, for the client to read it before a reset
    milliseconds websocket_idle{3'600'000};   // nothing either way: longer than any heartbeat that is worth the name
    milliseconds upstream_idle{55'000};    // under the 60 s at which many origins close
    // A shared connection that has said nothing for so long may have been forgotten by something in between: its next request
    // goes out with a PING, which is answered in that time. Servers that count PINGs against a client allow one per request.
    milliseconds link_quiet{10'000};
    milliseconds ping_answer{10'000};
    // A tunnel in which nothing moves, either way: ssh sessions and database pools rest for long. 2 hours 4 minutes is what
    // RFC 5382 (REQ-5) asks of whoever sits on a connection's path without speaking its protocol.
    milliseconds tunnel_idle{7'440'000};
    milliseconds drain{30'000};            // for running requests, when asked to stop

    Deadlines scaled(double factor) const {
        Deadlines result = *this;
        for (milliseconds* each : {&result.greeting, &result.refused_greeting, &result.tls_handshake,
                                   &result.request_head, &result.keep_alive,
                                   &result.body_progress, &result.connect, &result.response_head,
                                   &result.response_progress, &result.websocket_idle, &result.linger,
                                   &result.upstream_idle, &result.link_quiet, &result.ping_answer, &result.tunnel_idle, &result.drain}) {
            *each = milliseconds(static_cast<milliseconds::rep>(static_cast<double>(each->count()) * factor));
        }
        return result;
    }
};

}  // namespace sallyport::proxy
