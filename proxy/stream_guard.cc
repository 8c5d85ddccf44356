// What credentials have to do with a stream: how they go into its request, and that they do not come back.
#include <algorithm>
#include <chrono>
#include <utility>

#include "proxy/egress.h"
#include "proxy/guarded_exchange.h"
#include "proxy/stream.h"
#include "rules/actions.h"
#include "rules/credential_action.h"

namespace sallyport::proxy {
namespace {

// Gathered is more than rewritten: what is there as a whole can be rewritten too.
rules::BodyUse more_demanding(rules::BodyUse a, rules::BodyUse b) {
    for (const rules::BodyUse use : {rules::BodyUse::whole, rules::BodyUse::rewritten}) {
        if (a == use || b == use) return use;
    }
    return rules::BodyUse::untouched;
}

}  // namespace

// The credential's own, or the rule's; null for none.
const rules::TokenSwap* Stream::token_swap() const {
    const rules::CredentialAction* const action = snapshot_->action_of(decision_);
    const rules::TokenSwap* const own = action != nullptr ? action->token_swap(canonical_) : nullptr;
    if (own != nullptr || decision_.exchange == nullptr) return own;
    return decision_.exchange->tokens.get();
}

bool Stream::has_to_be_guarded() const {
    if (decision_.action == rules::Action::handler) return snapshot_->needles() != nullptr;
    if (decision_.credential_index >= 0 || token_swap() != nullptr) return true;
    // A token that was taken out of an answer may go into it.
    return !egress_.kept().tokens().empty() && head_.headers.has("Authorization");
}

void Stream::guard() {
    if (!has_to_be_guarded()) return;
    const bool is_forwarded = decision_.action == rules::Action::forward;
    const http::Authority& origin = decision_.upstream != nullptr ? decision_.upstream->authority : canonical_.authority;
    guard_ = std::make_unique<GuardedExchange>(GuardedExchange::Setup{
        snapshot_->needles(), decision_.exchange, decision_.credential, canonical_, origin_scheme(),
        origin.host, is_forwarded ? token_swap() : nullptr, egress_.kept()});
}

rules::BodyUse Stream::body_use() const {
    if (guard_ == nullptr) return rules::BodyUse::untouched;
    const rules::CredentialAction* const action = snapshot_->action_of(decision_);
    const auto own = action != nullptr ? action->body_use(head_) : rules::BodyUse::untouched;
    return more_demanding(own, egress_.kept().tokens().body_use(token_swap(), head_));
}

// The head follows when the body is there: see end_request_body().
Result<void> Stream::gather_body() {
    if (auto begun = body_.begin_to_gather(head_.body); !begun) return begun;
    if (head_.expect_continue) say_continue();
    return {};
}

Result<void> Stream::put_in_secrets(http::RequestHead& head) {
    KeptSecrets& kept = egress_.kept();
    rules::OutgoingRequest request{head, canonical_, std::chrono::system_clock::now(), kept.random(), &kept.tokens()};
    const bool is_whole = body_use_ == rules::BodyUse::whole;
    if (is_whole) request.body = &body_.gathered();
    if (decision_.credential_index >= 0) {
        if (auto applied = snapshot_->apply_credential(decision_, request); !applied) return applied;
    }
    if (const auto rewriter = is_whole ? std::move(request.body_rewriter) : nullptr) {
        if (auto rewritten = body_.rewrite_gathered(*rewriter); !rewritten) return rewritten;
        head.body = {http::BodyKind::length, body_.gathered().size()};
    }
    if (auto settled = rules::settle_placeholders(request, token_swap(), origin_scheme()); !settled) return settled;
    if (guard_ != nullptr) guard_->add_cookies(head.headers);
    body_.begin_to_send(head.body, std::move(request.body_rewriter));
    websocket_rewriter_ = std::move(request.websocket_rewriter);
    return {};
}

// What others send with the new values may be shown by what runs with the old ones.
bool Stream::learns_secrets_of(const std::shared_ptr<const rules::PolicySnapshot>& now) {
    if (guard_ == nullptr) return true;
    const rules::PolicySnapshot& known = known_secrets_ != nullptr ? *known_secrets_ : *snapshot_;
    if (now->has_same_secrets(known)) return true;
    known_secrets_ = now;
    return guard_->add_needles(now->needles());
}

Result<void> Stream::gather(std::string_view bytes) {
    if (!egress_.kept().reserve_body(bytes.size())) {
        return failure(ErrorCode::body_too_large, "too much is held for the sandbox's other requests");
    }
    gathered_bytes_ += bytes.size();
    return body_.gather(bytes);
}

Result<void> Stream::take_request_body(std::string_view bytes) {
    if (body_.is_gathering()) return gather(bytes);
    const bool is_websocket = relaying_ && guard_ != nullptr;
    const bool is_rewriting = is_websocket ? guard_->websocket().is_rewriting() : body_.is_rewriting();
    if (is_rewriting) upstream_->wipe_after_write();
    if (!is_websocket) return body_.send(bytes, upstream_->request());
    const auto passed = guard_->websocket().from_sandbox(bytes, frames_);
    upstream_->request().write_body(frames_.view());
    is_rewriting ? frames_.wipe() : frames_.clear();
    return passed;
}

// Frames that an extension changes could not be looked into, and none was offered.
Result<void> Stream::guard_websocket(http::ResponseHead& head) {
    if (head.headers.has("Sec-WebSocket-Extensions")) {
        return failure(ErrorCode::origin_bad_upgrade, "an extension that was not offered");
    }
    if (auto filtered = guard_->response().filter_head(head); !filtered) return filtered;
    guard_->begin_websocket(std::move(websocket_rewriter_));
    return {};
}

http::Next Stream::relay_guarded(std::string_view bytes) {
    const auto passed = guard_->websocket().from_origin(bytes, piece_);
    write_response_body(piece_.view());
    piece_.clear();
    if (passed) return hold_back_if_slow();
    response_error_ = passed.error();
    return http::Next::pause;
}

http::Next Stream::pass_guarded(std::string_view bytes) {
    const auto has_more = guard_->response().feed(bytes, piece_);
    if (!has_more) {
        response_error_ = has_more.error();
        return http::Next::pause;
    }
    response_has_more_ = *has_more;
    write_response_body(piece_.view());
    piece_.clear();
    // Writing may end the stream, and its guard with it.
    while (hold_back_if_slow() == http::Next::go) {
        if (!response_has_more_) return http::Next::go;
        const auto more = guard_->response().go_on(piece_);
        if (!more) {
            response_error_ = more.error();
            return http::Next::pause;
        }
        response_has_more_ = *more;
        write_response_body(piece_.view());
        piece_.clear();
    }
    return http::Next::pause;
}

// As far as the client takes it.
Result<void> Stream::go_on_with_response() {
    while (response_has_more_ && guard_ != nullptr) {
        const auto more = guard_->response().go_on(piece_);
        if (!more) return failure(more.error());
        response_has_more_ = *more;
        write_response_body(piece_.view());
        piece_.clear();
        response_paused_ = owner_.waiting_bytes() > kHighWatermarkBytes;
        if (response_paused_) break;
    }
    return {};
}

Result<void> Stream::finish_guarded(http::HeaderMap& trailers) {
    ResponseFilter& response = guard_->response();
    const bool holds_head = response.holds_head();
    if (auto finished = response.finish(piece_, &held_head_); !finished) return finished;
    if (holds_head) write_response_head(held_head_);
    write_response_body(piece_.view());
    piece_.clear();
    response.filter_trailers(trailers);
    return {};
}

// What is held may be all that the client waits for.
void Stream::await_pause() {
    if (relaying_ || response_paused_ || !guard_->response().holds_bytes()) return;
    if (origin_pause_ == nullptr) {
        origin_pause_ = std::make_unique<net::Timer>(context_.loop, [this] { on_origin_paused(); });
    }
    origin_pause_->start(kScrubPause);
}

void Stream::on_origin_paused() {
    if (phase_ != Phase::forwarding || guard_ == nullptr || relaying_ || response_paused_ || response_done_) return;
    guard_->response().pause(piece_);
    write_response_body(piece_.view());
    piece_.clear();
    owner_.flush();
}

void Stream::drop_secrets() {
    if (origin_pause_ != nullptr) origin_pause_->stop();
    guard_.reset();
    known_secrets_.reset();
    websocket_rewriter_.reset();
    body_.reset();
    egress_.kept().release_body(std::exchange(gathered_bytes_, 0));
    piece_.clear();
    piece_.release_if_empty();
    frames_.clear();
    frames_.release_if_empty();
}

}  // namespace sallyport::proxy
