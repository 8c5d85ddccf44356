#include "proxy/upstream_pool.h"

#include <algorithm>

namespace sallyport::proxy {
namespace {

int keep_new_session(SSL* ssl, SSL_SESSION* session) noexcept {
    static_cast<Upstream*>(SSL_get_app_data(ssl))->keep_session(session);
    return 1;
}

}  // namespace

UpstreamPool::~UpstreamPool() = default;

Result<Upstream*> UpstreamPool::acquire(const UpstreamKey& key,
                                        const std::shared_ptr<const rules::PolicySnapshot>& snapshot,
                                        Freshness freshness) {
    if (freshness == Freshness::any) {
        if (Upstream* idle = take_idle(key)) return idle;
    }
    if (is_full()) return failure(ErrorCode::too_many_connections, "to origins");
    auto made = std::make_unique<Upstream>(context_, *this, key, snapshot);
    Upstream* const upstream = made.get();
    all_.emplace(upstream, std::move(made));
    ++context_.counters.upstream_connections_made;
    upstream->connect();
    return upstream;
}

Upstream* UpstreamPool::take_idle(const UpstreamKey& key) {
    key_text_.clear();
    key.append_to(key_text_);
    const auto found = idle_.find(key_text_);
    if (found == idle_.end() || found->second.empty()) return nullptr;
    Upstream* const upstream = found->second.back();
    found->second.pop_back();
    return upstream;
}

void UpstreamPool::release(Upstream& upstream) {
    upstream.detach();
    key_text_.clear();
    upstream.key().append_to(key_text_);
    auto& waiting = idle_[key_text_];
    const bool is_retired = upstream.key().generation < oldest_;
    if (is_retired || waiting.size() >= kIdleUpstreamConnectionsPerKeyMax) return discard(upstream);
    waiting.push_back(&upstream);
    upstream.start_idle();
}

void UpstreamPool::forget_idle(const Upstream& upstream) {
    key_text_.clear();
    upstream.key().append_to(key_text_);
    const auto found = idle_.find(key_text_);
    if (found == idle_.end()) return;
    std::erase(found->second, &upstream);
    if (found->second.empty()) idle_.erase(found);
}

void UpstreamPool::discard(Upstream& upstream) {
    forget_idle(upstream);
    upstream.close();
    const auto owned = all_.find(&upstream);
    if (owned == all_.end()) return;
    context_.loop.defer([dead = std::shared_ptr<Upstream>(std::move(owned->second))] {});
    all_.erase(owned);
}

template <class Predicate>
void UpstreamPool::discard_idle(Predicate unwanted) {
    std::vector<Upstream*> found;
    for (const auto& [text, waiting] : idle_) {
        std::copy_if(waiting.begin(), waiting.end(), std::back_inserter(found),
                     [&](const Upstream* each) { return unwanted(*each); });
    }
    for (Upstream* each : found) discard(*each);
}

void UpstreamPool::retire_before(Generation generation) {
    oldest_ = generation;
    discard_idle([&](const Upstream& each) { return each.key().generation < generation; });
    // Their keys hold the generation too.
    session_by_key_.clear();
    sessions_.clear();
}

void UpstreamPool::close_idle() {
    discard_idle([](const Upstream&) { return true; });
}

void UpstreamPool::close_idle_handlers(HandlerIncarnation incarnation) {
    discard_idle([&](const Upstream& each) {
        return each.key().is_handler && each.handler_peer().incarnation == incarnation;
    });
}

void UpstreamPool::resume_session(Upstream& upstream, SSL* ssl) {
    key_text_.clear();
    upstream.key().append_to(key_text_);
    const auto found = session_by_key_.find(key_text_);
    if (found == session_by_key_.end()) return;
    // A copy: OpenSSL spoils the session that a handshake has used, and other connections may begin before the next ticket.
    const std::unique_ptr<SSL_SESSION, SessionFree> copy(SSL_SESSION_dup(found->second->session.get()));
    if (copy) SSL_set_session(ssl, copy.get());
    sessions_.splice(sessions_.begin(), sessions_, found->second);
}

void UpstreamPool::keep_session(Upstream& upstream, SSL_SESSION* session) {
    key_text_.clear();
    upstream.key().append_to(key_text_);
    if (const auto known = session_by_key_.find(key_text_); known != session_by_key_.end()) {
        known->second->session.reset(session);
        sessions_.splice(sessions_.begin(), sessions_, known->second);
        return;
    }
    if (sessions_.size() >= kTlsSessionsMax) {
        session_by_key_.erase(sessions_.back().key);
        sessions_.pop_back();
    }
    sessions_.push_front({key_text_, std::unique_ptr<SSL_SESSION, SessionFree>(session)});
    session_by_key_.emplace(sessions_.front().key, sessions_.begin());
}

void prepare_client_context(SSL_CTX* context) { SSL_CTX_sess_set_new_cb(context, &keep_new_session); }

}  // namespace sallyport::proxy
