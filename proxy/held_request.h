// A request as far as it was written, kept until it is known how its origin wants it, or until the origin has begun to answer:
// so that it can be written, or written again, on another connection. Owned by an Upstream. Lives on one worker.
#pragma once

#include "base/buffer.h"
#include "http/codec.h"

namespace sallyport::proxy {

class HeldRequest final : public http::RequestWriter {
public:
    HeldRequest() = default;
    ~HeldRequest() { drop(); }
    HeldRequest(const HeldRequest&) = delete;
    HeldRequest& operator=(const HeldRequest&) = delete;

    void write_head(const http::RequestHead& head) override;
    void write_body(std::string_view bytes) override;
    void write_end(const http::HeaderMap& trailers) override;

    bool has_head() const { return has_head_; }
    // Nothing that was written is missing.
    bool is_whole() const { return has_head_ && !was_cut_; }
    std::size_t size() const { return has_head_ ? head_.headers.wire_size() + head_.target.size() + body_.size() : 0; }
    std::size_t body_bytes() const { return body_.size(); }
    const http::RequestHead& head() const { return head_; }

    // All of it, in order; may be done again.
    void pass_on(http::RequestWriter& to) const;
    // What was written holds a credential.
    void mark_secret() { holds_secrets_ = true; }
    // Overwritten where it holds a credential. What is written after that is not kept.
    void drop();

private:
    http::RequestHead head_;
    Buffer body_;
    http::HeaderMap trailers_;
    bool has_head_ = false;
    bool has_ended_ = false;
    bool was_cut_ = false;
    bool holds_secrets_ = false;
};

}  // namespace sallyport::proxy
