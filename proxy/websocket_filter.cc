#include "proxy/websocket_filter.h"

#include <string>
#include <utility>

namespace sallyport::proxy {

using http::WebSocketFrame;
using http::WebSocketOpcode;
using http::WebSocketSender;

WebSocketScrubber::WebSocketScrubber(ScrubChain scrub)
    : scrub_(std::move(scrub)), parser_(WebSocketSender::server, *this) {}

Result<void> WebSocketScrubber::feed(std::string_view bytes, Buffer& out) {
    out_ = &out;
    return parser_.feed(bytes);
}

Result<void> WebSocketScrubber::on_frame(const WebSocketFrame& frame) {
    frame_ = frame;
    if (is_control(frame.opcode)) return {};
    if (frame.opcode != WebSocketOpcode::continuation) {
        in_one_frame_ = frame.is_final;
        next_opcode_ = frame.opcode;
    }
    if (in_one_frame_) http::append_websocket_header(*out_, frame);
    return {};
}

Result<void> WebSocketScrubber::on_payload(std::string_view bytes, std::uint64_t /*at*/) {
    if (is_control(frame_.opcode)) {
        control_.append(bytes);
    } else if (in_one_frame_) {
        scrub_.feed(bytes, *out_);
    } else {
        scrub_.feed(bytes, settled_);
        write_fragment(false);
    }
    return {};
}

Result<void> WebSocketScrubber::on_frame_end() {
    if (is_control(frame_.opcode)) {
        write_control_frame();
    } else if (in_one_frame_) {
        scrub_.end_message(*out_);
    } else if (frame_.is_final) {
        scrub_.end_message(settled_);
        write_fragment(true);
    }
    return {};
}

// At most 125 bytes: they are looked at as a whole, a close frame's code too, which need not be one.
void WebSocketScrubber::write_control_frame() {
    std::string payload(control_.view());
    control_.clear();
    scrub_.scrub_whole(payload);
    http::append_websocket_header(*out_, frame_);
    out_->append(payload);
}

void WebSocketScrubber::write_fragment(bool is_final) {
    if (settled_.empty() && !is_final) return;
    http::append_websocket_header(*out_, {is_final, next_opcode_, settled_.size(), {}});
    next_opcode_ = WebSocketOpcode::continuation;
    out_->append(settled_.view());
    settled_.clear();
    if (is_final) settled_.release_if_empty();
}

WebSocketRewriter::WebSocketRewriter(std::unique_ptr<rules::BodyRewriter> rewriter, Random& random)
    : rewriter_(std::move(rewriter)), random_(random), parser_(WebSocketSender::client, *this) {}

WebSocketRewriter::~WebSocketRewriter() { rewritten_.wipe(); }

Result<void> WebSocketRewriter::feed(std::string_view bytes, Buffer& out) {
    out_ = &out;
    return parser_.feed(bytes);
}

Result<void> WebSocketRewriter::on_frame(const WebSocketFrame& frame) {
    frame_ = frame;
    if (frame.opcode == WebSocketOpcode::text || frame.opcode == WebSocketOpcode::binary) {
        message_ = next_opcode_ = frame.opcode;
    }
    if (passes_on()) http::append_websocket_header(*out_, frame);
    return {};
}

Result<void> WebSocketRewriter::on_payload(std::string_view bytes, std::uint64_t at) {
    if (passes_on()) {
        out_->append(bytes);
        return {};
    }
    http::append_masked(unmasked_, bytes, *frame_.mask, at);
    auto rewritten = rewriter_->feed(unmasked_.view(), rewritten_);
    unmasked_.clear();
    if (!rewritten) return rewritten;
    while (rewritten_.size() > kFragmentBytes) write_fragment(kFragmentBytes, false);
    return {};
}

// Origins that know no fragments are many: a message that fits leaves in one frame, whatever it came in.
Result<void> WebSocketRewriter::on_frame_end() {
    if (passes_on() || !frame_.is_final) return {};
    if (auto rewritten = rewriter_->finish(rewritten_); !rewritten) return rewritten;
    while (rewritten_.size() > kFragmentBytes) write_fragment(kFragmentBytes, false);
    write_fragment(rewritten_.size(), true);
    rewritten_.wipe();
    rewritten_.release_if_empty();
    unmasked_.release_if_empty();
    return {};
}

void WebSocketRewriter::write_fragment(std::size_t size, bool is_final) {
    http::WebSocketMask mask;
    random_.fill(mask);
    http::append_websocket_header(*out_, {is_final, next_opcode_, size, mask});
    next_opcode_ = WebSocketOpcode::continuation;
    http::append_masked(*out_, rewritten_.view().substr(0, size), mask, 0);
    rewritten_.consume(size);
}

WebSocketFilter::WebSocketFilter(ScrubChain scrub, std::unique_ptr<rules::BodyRewriter> rewriter, Random& random) {
    if (!scrub.empty()) scrubber_ = std::make_unique<WebSocketScrubber>(std::move(scrub));
    if (rewriter != nullptr) rewriter_ = std::make_unique<WebSocketRewriter>(std::move(rewriter), random);
}

bool WebSocketFilter::add_needles(const std::shared_ptr<const rules::NeedleSet>& needles) {
    if (scrubber_ == nullptr) return false;
    scrubber_->add_needles(needles);
    return true;
}

Result<void> WebSocketFilter::from_origin(std::string_view bytes, Buffer& to_sandbox) {
    if (scrubber_ != nullptr) return scrubber_->feed(bytes, to_sandbox);
    to_sandbox.append(bytes);
    return {};
}

Result<void> WebSocketFilter::from_sandbox(std::string_view bytes, Buffer& to_origin) {
    if (rewriter_ != nullptr) return rewriter_->feed(bytes, to_origin);
    to_origin.append(bytes);
    return {};
}

}  // namespace sallyport::proxy
