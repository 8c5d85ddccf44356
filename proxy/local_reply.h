// The answers that come from the gate itself: a status, a small JSON body {error, reason, rule, request_id}, and a plain
// x-sallyport-verdict field. Nothing in it but fixed sentences, the rule's name and an opaque id.
#pragma once

#include <string_view>

#include "base/buffer.h"
#include "base/error.h"
#include "base/ids.h"

namespace sallyport::proxy {

struct LocalReply {
    ErrorCode error = ErrorCode::denied;
    std::string_view rule;         // empty for none
    RequestId request_id;
    bool to_head_request = false;  // no body, but its length
    bool keep_alive = true;
    bool http_1_0 = false;
};

// Writes the whole response and returns the number of body bytes.
std::size_t write_local_reply(Buffer& out, const LocalReply& reply);

}  // namespace sallyport::proxy
