// The answers that come from the gate itself. A refusal: a status, a small JSON body {error, reason, rule, request_id}, and
// a plain x-sallyport-verdict field; nothing in it but fixed sentences, the rule's name and an opaque id. And what a rule's
// `respond` says.
#pragma once

#include <chrono>
#include <string_view>

#include "base/error.h"
#include "base/ids.h"
#include "http/codec.h"
#include "rules/actions.h"

namespace sallyport::proxy {

struct LocalReply {
    ErrorCode error = ErrorCode::denied;
    std::string_view rule;         // empty for none
    RequestId request_id;
    bool to_head_request = false;  // no body, but its length
    bool keep_alive = true;
    bool http_1_0 = false;
    bool is_grpc = false;          // told in gRPC's own words: over HTTP/2 only
    // How the policy wants its own refusals to look; null for as ever. Its status stands for 403 alone, its body for that
    // of every refusal that is the policy's or the operator's, and not for what is wrong with a request or an origin.
    const rules::BlockAnswer* blocked = nullptr;
    std::chrono::seconds retry_after{1};  // where the error is rate_limited
};

struct WrittenReply {
    int status = 0;
    std::size_t body_bytes = 0;
};

// Writes the whole response.
WrittenReply write_local_reply(http::ResponseWriter& out, const LocalReply& reply);

struct RuleReply {
    const rules::Respond& respond;
    bool to_head_request = false;
    bool keep_alive = true;
    bool http_1_0 = false;
};

// Writes the whole response and returns the number of body bytes.
std::size_t write_rule_reply(http::ResponseWriter& out, const RuleReply& reply);

}  // namespace sallyport::proxy
