#include "proxy/request_body.h"

#include <utility>

#include "proxy/limits.h"

namespace sallyport::proxy {

RequestBody::~RequestBody() { reset(); }

void RequestBody::reset() {
    framing_ = {};
    rewriter_.reset();
    is_gathering_ = is_gathered_ = false;
    sent_bytes_ = 0;
    if (!std::exchange(has_secrets_, false)) return;
    for (Buffer* each : {&gathered_, &rewritten_}) {
        each->wipe();
        each->release_if_empty();
    }
}

Result<void> RequestBody::begin_to_gather(const http::BodyFraming& announced) {
    is_gathering_ = has_secrets_ = true;
    if (announced.kind != http::BodyKind::length || announced.length_bytes <= kBufferedBodyBytesMax) return {};
    return failure(ErrorCode::body_too_large);
}

Result<void> RequestBody::gather(std::string_view bytes) {
    if (gathered_.size() + bytes.size() > kBufferedBodyBytesMax) return failure(ErrorCode::body_too_large);
    gathered_.append(bytes);
    return {};
}

Result<void> RequestBody::rewrite_gathered(rules::BodyRewriter& rewriter) {
    Buffer rewritten;
    auto outcome = rewriter.feed(gathered_.view(), rewritten);
    if (outcome) outcome = rewriter.finish(rewritten);
    std::swap(gathered_, rewritten);
    rewritten.wipe();
    return outcome;
}

void RequestBody::begin_to_send(const http::BodyFraming& framing, std::unique_ptr<rules::BodyRewriter> rewriter) {
    is_gathered_ = is_gathered_ || std::exchange(is_gathering_, false);
    framing_ = framing;
    rewriter_ = std::move(rewriter);
    if (rewriter_ != nullptr) has_secrets_ = true;
}

Result<void> RequestBody::send(std::string_view bytes, http::RequestWriter& out) {
    if (rewriter_ == nullptr) {
        out.write_body(bytes);
        return {};
    }
    if (auto rewritten = rewriter_->feed(bytes, rewritten_); !rewritten) return rewritten;
    return send_rewritten(out);
}

// One byte more than announced would be the beginning of a request that nobody has judged.
Result<void> RequestBody::send_rewritten(http::RequestWriter& out) {
    const bool has_length = framing_.kind == http::BodyKind::length;
    sent_bytes_ += rewritten_.size();
    if (has_length && sent_bytes_ > framing_.length_bytes) {
        return failure(ErrorCode::internal, "a body became longer than its head said");
    }
    out.write_body(rewritten_.view());
    rewritten_.clear();
    return {};
}

Result<void> RequestBody::send_gathered(http::RequestWriter& out) {
    const bool is_whole = framing_.kind != http::BodyKind::length || framing_.length_bytes == gathered_.size();
    if (!is_whole || (framing_.kind == http::BodyKind::none && !gathered_.empty())) {
        return failure(ErrorCode::internal, "a body has another length than its head says");
    }
    if (!gathered_.empty()) out.write_body(gathered_.view());
    out.write_end({});
    gathered_.wipe();
    return {};
}

Result<void> RequestBody::finish(const http::HeaderMap& trailers, http::RequestWriter& out) {
    if (rewriter_ != nullptr) {
        if (auto rewritten = rewriter_->finish(rewritten_); !rewritten) return rewritten;
        if (auto sent = send_rewritten(out); !sent) return sent;
        if (framing_.kind == http::BodyKind::length && sent_bytes_ < framing_.length_bytes) {
            return failure(ErrorCode::internal, "a body became shorter than its head said");
        }
    }
    out.write_end(trailers);
    return {};
}

}  // namespace sallyport::proxy
