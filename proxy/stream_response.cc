// The response's way through a stream.
#include <utility>

#include "proxy/egress.h"
#include "proxy/guarded_exchange.h"
#include "proxy/own_fields.h"
#include "proxy/stream.h"
#include "proxy/upstream_pool.h"
#include "proxy/websocket.h"

namespace sallyport::proxy {

http::Next Stream::on_response_head(http::ResponseHead& head) {
    if (auto taken = take_response_head(head); !taken) {
        response_error_ = taken.error();
        return http::Next::pause;
    }
    return relaying_ ? http::Next::pause : http::Next::go;
}

Result<void> Stream::take_response_head(http::ResponseHead& head) {
    // Interim answers are not what is waited for.
    if (call_ != nullptr && head.status >= 200) call_->on_progress();
    if (head.status == 101) return switch_protocol(head);
    if (auto valid = http::validate_response(head); !valid) return valid;
    if (const auto failed = call_ ? head.headers.get("X-Sallyport-Error") : std::nullopt; failed && head.status >= 200) {
        response_error_ = Error{HandlerCall::failure_of(*failed), {}};
        reads_handler_reason_ = true;
        return {};
    }
    remove_own_fields(head.headers);
    if (head.status < 200) {
        pass_interim_response(head);
        return {};
    }
    first_byte_ = net::Clock::now();
    // After a refused upgrade the origin may read what follows as WebSocket, or as requests: nothing follows.
    if (!websocket_key_.empty()) keep_alive_ = false;
    origin_keeps_alive_ = head.keep_alive && websocket_key_.empty();
    http::remove_hop_by_hop(head);
    if (guard_ != nullptr) {
        if (auto filtered = guard_->response().filter_head(head); !filtered) return filtered;
        if (guard_->response().holds_head()) {
            std::swap(held_head_, head);
            return {};
        }
    }
    write_response_head(head);
    return {};
}

void Stream::write_response_head(http::ResponseHead& head) {
    status_ = head.status;
    response_started_ = true;
    choose_response_framing(head);
    owner_.response().write_head(head);
}

// From here on both directions are bytes. None of the client's has been taken until now.
Result<void> Stream::switch_protocol(http::ResponseHead& head) {
    if (websocket_key_.empty()) return failure(ErrorCode::origin_upgrade);
    if (auto valid = check_websocket_response(head, websocket_key_); !valid) return valid;
    if (guard_ != nullptr) {
        if (auto guarded = guard_websocket(head); !guarded) return guarded;
    }
    first_byte_ = net::Clock::now();
    status_ = head.status;
    response_started_ = true;
    relaying_ = true;
    request_done_ = false;
    keep_alive_ = origin_keeps_alive_ = false;
    response_body_ = http::BodyKind::until_close;
    remove_own_fields(head.headers);
    http::remove_hop_by_hop(head);
    add_upgrade_fields(head.headers);
    owner_.response().write_head(head);
    upstream_->switch_protocol();
    owner_.resume_reading();
    return {};
}

void Stream::pass_interim_response(http::ResponseHead& head) {
    // 100 was the gate's to say; HTTP/1.0 knows no interim responses (RFC 9110 section 15.2).
    if (head.status == 100 || head_.is_http_1_0()) return;
    http::remove_hop_by_hop(head);
    if (guard_ != nullptr) guard_->response().filter_interim(head);
    owner_.response().write_interim(head);
}

void Stream::choose_response_framing(http::ResponseHead& head) {
    const bool old_client = head_.is_http_1_0();
    if (old_client && head.body.kind == http::BodyKind::chunked) head.body.kind = http::BodyKind::until_close;
    response_body_ = head.body.kind;
    keep_alive_ = response_keeps_alive();
    if (!keep_alive_) {
        head.headers.add("Connection", "close");
    } else if (old_client) {
        head.headers.add("Connection", "keep-alive");
    }
}

bool Stream::response_keeps_alive() const {
    return keep_alive_ && response_body_ != http::BodyKind::until_close && !owner_.is_draining();
}

http::Next Stream::on_body(std::string_view bytes) {
    if (reads_handler_reason_) {
        std::string& reason = response_error_->detail;
        reason += bytes.substr(0, kHandlerReasonBytesMax - std::min(reason.size(), kHandlerReasonBytesMax));
        return http::Next::go;
    }
    if (call_ != nullptr) call_->on_progress();
    if (guard_ != nullptr) return relaying_ ? relay_guarded(bytes) : pass_guarded(bytes);
    write_response_body(bytes);
    return hold_back_if_slow();
}

void Stream::write_response_body(std::string_view bytes) {
    response_bytes_ += bytes.size();
    owner_.response().write_body(bytes);
}

http::Next Stream::hold_back_if_slow() {
    if (owner_.waiting_bytes() <= kHighWatermarkBytes) return http::Next::go;
    owner_.flush();
    // The client turned out to be gone.
    if (upstream_ == nullptr) return http::Next::pause;
    response_paused_ = owner_.waiting_bytes() > kHighWatermarkBytes;
    return response_paused_ ? http::Next::pause : http::Next::go;
}

http::Next Stream::on_message_end(http::HeaderMap& trailers) {
    response_done_ = true;
    if (relaying_) owner_.finish_writing();
    if (relaying_ || response_error_) return http::Next::pause;
    http::keep_allowed_trailers(trailers);
    if (guard_ != nullptr) {
        if (auto finished = finish_guarded(trailers); !finished) {
            response_error_ = finished.error();
            return http::Next::pause;
        }
    }
    owner_.response().write_end(trailers);
    return http::Next::pause;
}

void Stream::on_upstream_round_end() {
    if (reads_handler_reason_ && !response_done_) return;
    if (response_error_) {
        Error error = *std::exchange(response_error_, std::nullopt);
        if (reads_handler_reason_) error.detail = call_->masked(error.detail);
        return fail(call_ ? call_->explain(std::move(error)) : std::move(error));
    }
    if (response_done_ && (!relaying_ || request_done_)) return complete();
    if (guard_ != nullptr) await_pause();
    owner_.flush();
}

void Stream::on_downstream_drained() {
    if (!response_paused_) return;
    response_paused_ = false;
    if (auto gone_on = go_on_with_response(); !gone_on) return fail(gone_on.error());
    if (upstream_ != nullptr && !response_paused_) upstream_->resume_reading();
}

void Stream::on_upstream_failed(Error error) {
    Upstream& gone = *upstream_;
    const bool untouched = gone.was_reused() && !gone.saw_response_bytes();
    upstream_timings_ = gone.timings();
    upstream_endpoint_ = gone.endpoint();
    upstream_reused_ = gone.was_reused();
    upstream_ = nullptr;
    // The origin closed an idle connection at the moment it was taken: nobody has seen the request.
    if (untouched && can_retry() && open_upstream(true)) return upstream_->flush();
    fail(call_ ? call_->explain(std::move(error)) : std::move(error));
}

void Stream::complete() {
    upstream_timings_ = upstream_->timings();
    upstream_endpoint_ = upstream_->endpoint();
    upstream_reused_ = upstream_->was_reused();
    const bool reusable = origin_keeps_alive_ && request_done_ && upstream_->is_clean();
    Upstream& upstream = *std::exchange(upstream_, nullptr);
    upstream.detach();
    if (reusable) {
        egress_.pool().release(upstream);
    } else {
        egress_.pool().discard(upstream);
    }
    // A client that has not finished sending is not read to the end for an answer that it has already got.
    finish(keep_alive_ && request_done_);
}

}  // namespace sallyport::proxy
