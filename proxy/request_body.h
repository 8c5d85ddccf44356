// A request's body on its way to the origin: as it comes, or as its credential changes it, or kept until it is whole because
// its credential needs all of it; framed as the head that was sent says, which need not be how the client framed it. Owned
// by a Stream, reused for each request; lives on one worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "http/codec.h"
#include "rules/credential_action.h"

namespace sallyport::proxy {

class RequestBody final {
public:
    RequestBody() = default;
    ~RequestBody();
    RequestBody(const RequestBody&) = delete;
    RequestBody& operator=(const RequestBody&) = delete;

    // Another request begins.
    void reset();

    // Before the head can be sent: what comes is kept. body_too_large where it is known to be more than
    // kBufferedBodyBytesMax.
    Result<void> begin_to_gather(const http::BodyFraming& announced);
    bool is_gathering() const { return is_gathering_; }
    // It was gathered, to be sent with the head.
    bool is_gathered() const { return is_gathered_; }
    Result<void> gather(std::string_view bytes);
    // All of it, once it is complete; may be changed.
    Buffer& gathered() { return gathered_; }

    // Changes what was gathered.
    Result<void> rewrite_gathered(rules::BodyRewriter& rewriter);

    // The head is being sent with this framing; `rewriter` is null where the body goes on as it comes.
    void begin_to_send(const http::BodyFraming& framing, std::unique_ptr<rules::BodyRewriter> rewriter);
    // What goes out may hold a credential.
    bool is_rewriting() const { return rewriter_ != nullptr; }
    // Writes what goes out for `bytes`. After an error the connection must be cut: what has gone out looks
    // incomplete to the origin, and has to stay so.
    Result<void> send(std::string_view bytes, http::RequestWriter& out);
    // Where it was gathered: all of it, and its end.
    Result<void> send_gathered(http::RequestWriter& out);
    Result<void> finish(const http::HeaderMap& trailers, http::RequestWriter& out);

private:
    Result<void> send_rewritten(http::RequestWriter& out);

    http::BodyFraming framing_;
    std::unique_ptr<rules::BodyRewriter> rewriter_;
    bool is_gathering_ = false;
    bool is_gathered_ = false;
    bool has_secrets_ = false;  // in the buffers below
    std::uint64_t sent_bytes_ = 0;
    Buffer gathered_;
    Buffer rewritten_;
};

}  // namespace sallyport::proxy
