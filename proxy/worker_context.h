// What the connections of one worker share. Owned by the Worker, which outlives them all.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "base/ids.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "proxy/access_log.h"
#include "proxy/audit_log.h"
#include "proxy/handler_link.h"
#include "proxy/limits.h"
#include "proxy/live.h"

namespace sallyport::proxy {

// Request ids of two threads never meet: each counts from its own.
inline RequestId first_request_id(unsigned thread_index) {
    constexpr unsigned kThreadIndexShift = 48;
    return RequestId{std::uint64_t{thread_index} << kThreadIndexShift};
}

struct WorkerContext {
    net::Loop& loop;
    net::Resolver& resolver;
    SSL_CTX* server_tls = nullptr;
    SSL_CTX* client_tls = nullptr;
    AccessLog& access_log;
    Deadlines deadlines;
    std::size_t connections_max = kConnectionsMax;  // per sandbox and side
    // kReadBytes of scratch: its content is used up before anything else reads.
    char* read_block = nullptr;
    RequestId last_request_id;
    AuditLog* audit = nullptr;        // null: decisions are not recorded
    HandlerLink* handlers = nullptr;  // null: handlers cannot be called
    Counters counters;                // of what does not end in a line of the access log

    RequestId next_request_id() { return RequestId{++last_request_id.value}; }
};

}  // namespace sallyport::proxy
