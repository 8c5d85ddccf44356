// What a rule may do with a request beside letting it through: answer it here, send it elsewhere, hand it to a handler,
// count it. Values, checked at load.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/authority.h"
#include "http/message.h"

namespace sallyport::rules {

struct MetadataSpec;  // rules/metadata_spec.h

// `respond: { status: 200, headers: { name: value }, body: "ok\n" }`: an answer from the gate itself.
struct Respond {
    int status = 200;  // 200 to 599
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    // `metadata`: the answer depends on the request instead (rules/metadata_answer.h); null where it is the one above.
    std::shared_ptr<const MetadataSpec> metadata = nullptr;
};

// `upstream: "https://staging.api.internal:8443"`: where the request is sent instead. The origin's Host, SNI and
// certificate are this one's; what the client and the rules see stays as it was.
struct Destination {
    http::Scheme scheme = http::Scheme::https;
    http::Authority authority;
};

// "60/m": so much in each period, as a bucket that holds one period's worth and fills evenly.
struct Rate {
    std::uint64_t amount = 0;  // requests, or bytes
    std::chrono::seconds period{1};

    friend bool operator==(const Rate&, const Rate&) = default;
};

// `limit: { requests: 60/m, bytes_out: 10MB/h, concurrency: 8, url_entropy: 64KB/h }`: per sandbox, for all that a rule
// (or, on a policy, the whole policy) lets through.
struct LimitSpec {
    std::optional<Rate> requests;
    std::optional<Rate> bytes_out;    // towards the origin: request targets, fields and bodies
    std::optional<Rate> url_entropy;  // an estimate of the information in targets not seen before, in bytes
    std::optional<std::uint32_t> concurrency;

    bool is_empty() const { return !requests && !bytes_out && !url_entropy && !concurrency; }
    friend bool operator==(const LimitSpec&, const LimitSpec&) = default;
};

// `blocked: { status: 451, content_type: text/plain, body: "no: ${reason}\n" }` on a policy: what a request gets that the
// policy denies. The body may refer to ${error}, ${reason}, ${rule} and ${request_id}. Where there is no body, the JSON
// one is kept.
struct BlockAnswer {
    int status = 403;
    std::string content_type;
    std::optional<std::string> body;
};

// Which function of the script (or of the handler service) takes a request.
enum class HandlerKind {
    by_host,   // outboundByHost[name]
    named,     // outboundHandlers[name], attached at run time
    rule,      // a rule's `handler: name`: outboundHandlers[name], or where the script is called so, what it has for the host
    outbound,  // the catch-all
};

struct HandlerRef {
    HandlerKind kind = HandlerKind::outbound;
    std::string name;         // empty for outbound
    std::string params_json;  // an object, given when it was attached; empty for none
};

// `handler_limits: { deadline: 10s, memory: 128MB, concurrency: 16 }` on a policy.
struct HandlerLimits {
    std::chrono::milliseconds deadline{10'000};  // until the response's head, while the handler itself is waited for
    std::uint32_t memory_mib = 128;
    std::uint32_t concurrency = 16;  // calls at once, per sandbox
};

}  // namespace sallyport::rules
