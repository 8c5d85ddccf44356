// DNS over TCP (RFC 7766) from a sandbox: the same answers, each behind its length. Owned by the sandbox's Egress.
#pragma once

#include "base/buffer.h"
#include "net/connection.h"
#include "proxy/name_table.h"
#include "proxy/worker_context.h"

namespace sallyport::proxy {

class Egress;

class DnsConnection final {
public:
    DnsConnection(WorkerContext& context, Egress& egress, NameTable& names, UniqueFd fd);

private:
    void on_ready(int ready);
    void answer_and_flush();
    bool has_query() const;
    bool answer_some();
    // Whether everything has gone out.
    bool flush();
    void close();

    WorkerContext& context_;
    Egress& egress_;
    NameTable& names_;
    net::Connection connection_;
    Buffer in_;
    Buffer out_;
    net::Timer deadline_;
    bool closed_ = false;
};

}  // namespace sallyport::proxy
