#include "http/http2_inbox.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sallyport::http {
namespace {

// So that a sink with little room can pause in between.
constexpr std::size_t kPieceBytesMax = 16 * 1024;

}  // namespace

void Http2Inbox::detach() {
    request_sink_ = nullptr;
    response_sink_ = nullptr;
    kept_heads_.clear();
    kept_body_.clear();
    // A piece of it may be on its way to the sink that has just called.
    if (!is_telling_) kept_body_.release_if_empty();
    has_kept_end_ = false;
}

void Http2Inbox::take_head(RequestHead& head) {
    if (request_sink_ != nullptr) tell(request_sink_->on_request_head(head));
}

void Http2Inbox::take_head(ResponseHead& head) {
    if (!is_attached()) return;
    if (is_keeping()) {
        kept_heads_.push_back(std::move(head));
    } else {
        tell(response_sink_->on_response_head(head));
    }
}

void Http2Inbox::take_body(std::string_view bytes) {
    if (!is_attached()) return;
    if (is_keeping()) {
        kept_body_.append(bytes);
    } else {
        tell_body(bytes);
    }
}

void Http2Inbox::take_end(HeaderMap& trailers) {
    if (!is_attached()) return;
    if (is_keeping()) {
        has_kept_end_ = true;
        kept_trailers_ = std::move(trailers);
    } else {
        tell_end(trailers);
    }
}

void Http2Inbox::tell(Next next) {
    is_paused_ = next == Next::pause;
    has_paused_ = has_paused_ || is_paused_;
}

void Http2Inbox::tell_body(std::string_view bytes) {
    tell(request_sink_ != nullptr ? request_sink_->on_body(bytes) : response_sink_->on_body(bytes));
    (is_paused_ ? paused_bytes_ : credit_) += bytes.size();
}

void Http2Inbox::tell_end(HeaderMap& trailers) {
    has_told_all_ = true;
    request_sink_ != nullptr ? request_sink_->on_message_end(trailers) : response_sink_->on_message_end(trailers);
}

void Http2Inbox::resume() {
    if (is_telling_) return;
    is_paused_ = false;
    credit_ += std::exchange(paused_bytes_, 0);
    is_telling_ = true;
    hand_over();
    is_telling_ = false;
    if (!is_attached()) kept_body_.release_if_empty();
}

void Http2Inbox::hand_over() {
    std::size_t heads = 0;
    while (heads < kept_heads_.size() && may_tell()) {
        ResponseHead head = std::move(kept_heads_[heads++]);
        tell(response_sink_->on_response_head(head));
    }
    const auto told = static_cast<std::ptrdiff_t>(std::min(heads, kept_heads_.size()));
    kept_heads_.erase(kept_heads_.begin(), kept_heads_.begin() + told);
    while (!kept_body_.empty() && may_tell()) {
        const std::string_view piece = kept_body_.view().substr(0, kPieceBytesMax);
        tell_body(piece);
        if (is_attached()) kept_body_.consume(piece.size());
    }
    if (kept_body_.empty()) kept_body_.release_if_empty();
    if (!has_kept_end_ || !may_tell()) return;
    has_kept_end_ = false;
    tell_end(kept_trailers_);
}

std::size_t Http2Inbox::take_credit() { return std::exchange(credit_, 0); }

}  // namespace sallyport::http
