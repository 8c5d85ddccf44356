#include "proxy/upstream_pool.h"

#include <algorithm>
#include <utility>

#include "proxy/http2_link.h"

namespace sallyport::proxy {
namespace {

int keep_new_session(SSL* ssl, SSL_SESSION* session) noexcept {
    static_cast<Wire*>(SSL_get_app_data(ssl))->user().keep_session(session);
    return 1;
}

UpstreamKey unclaimed(UpstreamKey key) {
    key.credential_index = kAnyCredential;
    return key;
}

}  // namespace

ProtocolQuestion::~ProtocolQuestion() {
    if (pool_ != nullptr) pool_->forget(*this);
}

UpstreamPool::UpstreamPool(WorkerContext& context, SandboxId sandbox)
    : context_(context), sandbox_(std::move(sandbox)), own_addresses_(context.loop) {}

UpstreamPool::~UpstreamPool() {
    for (auto& [key, probe] : probes_) {
        for (ProtocolQuestion* question : probe.questions) question->pool_ = nullptr;
    }
}

const std::string& UpstreamPool::text_of(const UpstreamKey& key) {
    key_text_.clear();
    key.append_to(key_text_);
    return key_text_;
}

Result<Upstream*> UpstreamPool::acquire(const UpstreamKey& key,
                                        const std::shared_ptr<const rules::PolicySnapshot>& snapshot,
                                        Freshness freshness) {
    if (freshness == Freshness::any) {
        if (Upstream* idle = take_idle(key)) return idle;
        if (Upstream* idle = take_unclaimed(key)) return idle;
    }
    if (key.needs_http1) {
        UpstreamKey any = key;
        any.needs_http1 = false;
        Upstream* const idle = freshness == Freshness::any ? take_idle(any) : nullptr;
        if (idle != nullptr) return idle;
        if (Http2Link* link = find_websocket_link(key)) {
            Upstream* const upstream = make(link->key(), snapshot);
            if (freshness == Freshness::fresh) upstream->mark_fresh();
            upstream->use_link(*link);
            return upstream;
        }
    }
    Upstream* const upstream = make(key, snapshot);
    if (freshness == Freshness::fresh) upstream->mark_fresh();
    (void)claim_link(key);
    if (auto placed = place(*upstream); !placed) {
        all_.erase(upstream);
        return failure(placed.error());
    }
    return upstream;
}

Upstream* UpstreamPool::make(const UpstreamKey& key, const std::shared_ptr<const rules::PolicySnapshot>& snapshot) {
    auto made = std::make_unique<Upstream>(context_, *this, key, snapshot);
    Upstream* const upstream = made.get();
    all_.emplace(upstream, std::move(made));
    return upstream;
}

void UpstreamPool::connect(Upstream& upstream) {
    ++connections_;
    ++context_.counters.upstream_connections_made;
    upstream.connect();
}

bool UpstreamPool::speaks_http2(const UpstreamKey& key) {
    if (key.is_handler || key.needs_http1) return false;
    return key.scheme == http::Scheme::https ? known_protocol(key) == Spoken::http2 : key.h2c;
}

std::optional<Spoken> UpstreamPool::known_protocol(const UpstreamKey& key) {
    return protocols_.find(key.scheme, key.host, key.is_address, key.port);
}

// Requests for an origin that speaks HTTP/2 wait for the first of them to connect: one connection does for all.
Result<void> UpstreamPool::place(Upstream& upstream) {
    const UpstreamKey& key = upstream.key();
    if (Http2Link* link = find_link(key)) {
        upstream.use_link(*link);
        return {};
    }
    const bool gathers = speaks_http2(key);
    if (gathers) {
        const auto shared = shared_.find(text_of(key));
        const std::size_t links = shared != shared_.end() ? shared->second.size() : 0;
        const auto gathering = gatherings_.find(key_text_);
        const bool is_led = gathering != gatherings_.end() && gathering->second.leader != nullptr;
        if (is_led || links >= kLinksPerKeyMax || (links > 0 && is_full())) {
            gatherings_[key_text_].waiting.push_back(&upstream);
            upstream.wait_for_link();
            return {};
        }
    }
    if (is_full()) return failure(ErrorCode::too_many_connections, "to origins");
    if (gathers) gatherings_[text_of(key)].leader = &upstream;
    connect(upstream);
    return {};
}

// Those that wait, as far as there is room now.
void UpstreamPool::go_on(const UpstreamKey& of) {
    to_go_on_.push_back(of);
    // Those who fail go through here too: one after the other, not one inside of the other.
    if (std::exchange(is_going_on_, true)) return;
    while (!to_go_on_.empty()) {
        const UpstreamKey key = to_go_on_.back();
        to_go_on_.pop_back();
        go_on_with(key);
    }
    is_going_on_ = false;
}

void UpstreamPool::go_on_with(const UpstreamKey& key) {
    while (true) {
        const auto found = gatherings_.find(text_of(key));
        if (found == gatherings_.end()) return;
        Gathering& gathering = found->second;
        if (gathering.waiting.empty()) {
            if (gathering.leader == nullptr) gatherings_.erase(found);
            return;
        }
        const auto shared = shared_.find(key_text_);
        const std::size_t links = shared != shared_.end() ? shared->second.size() : 0;
        const bool may_lead = gathering.leader == nullptr && (links == 0 || (links < kLinksPerKeyMax && !is_full()));
        if (!may_lead && find_link(key) == nullptr && speaks_http2(key)) return;
        Upstream& next = *gathering.waiting.front();
        gathering.waiting.pop_front();
        if (auto placed = place(next); !placed) next.fail(placed.error());
    }
}

void UpstreamPool::on_http1(Upstream& upstream) {
    const UpstreamKey key = upstream.key();
    if (!upstream.has_user()) keep_idle(upstream);
    answer(upstream, Spoken::http1);
    forget_waiting(upstream);
    go_on(key);
}

void UpstreamPool::on_http2(Upstream& upstream) {
    const UpstreamKey key = upstream.key();
    Http2Link* link = find_link(key);
    if (link == nullptr) {
        link = &make_link(upstream);
    } else {
        // One is enough.
        const std::shared_ptr<Wire> surplus = upstream.take_wire();
        surplus->connection().want(net::FdWatch::kNone);
        context_.loop.defer([surplus] {});
        --connections_;
    }
    forget_waiting(upstream);
    if (upstream.has_user()) upstream.use_link(*link);
    answer(upstream, Spoken::http2);
    if (!upstream.is_linked()) discard(upstream);
    go_on(key);
    if (!is_of_use(key.generation)) retire_links([&](const Http2Link& each) { return !is_of_use(each.key().generation); });
}

void UpstreamPool::on_failed(Upstream& upstream, const Error& error) {
    std::deque<Upstream*> waiting;
    if (const auto found = gatherings_.find(text_of(upstream.key()));
        found != gatherings_.end() && found->second.leader == &upstream) {
        waiting = std::move(found->second.waiting);
        gatherings_.erase(found);
    }
    discard(upstream);
    for (Upstream* each : waiting) {
        if (all_.contains(each)) each->fail(error);
    }
}

Http2Link& UpstreamPool::make_link(Upstream& upstream) {
    LinkOwner& owner = *this;
    auto made = std::make_unique<Http2Link>(context_, owner, upstream.key(), upstream.snapshot(), upstream.take_wire());
    Http2Link* const link = made.get();
    links_.emplace(link, std::move(made));
    shared_[text_of(link->key())].push_back(link);
    return *link;
}

Http2Link* UpstreamPool::find_link(const UpstreamKey& key) {
    const auto found = shared_.find(text_of(key));
    if (found == shared_.end()) return nullptr;
    const auto may_open = [](const Http2Link* link) { return link->may_open(); };
    const auto link = std::find_if(found->second.begin(), found->second.end(), may_open);
    return link != found->second.end() ? *link : nullptr;
}

// One that nobody has used yet becomes this key's.
Http2Link* UpstreamPool::claim_link(const UpstreamKey& key) {
    if (key.client_certificate != nullptr || key.needs_http1 || shared_.empty()) return nullptr;
    Http2Link* const link = find_link(unclaimed(key));
    if (link == nullptr || find_link(key) != nullptr) return nullptr;
    on_link_retired(*link);
    link->claim(key.credential_index);
    shared_[text_of(key)].push_back(link);
    return link;
}

Http2Link* UpstreamPool::find_websocket_link(UpstreamKey key) {
    key.needs_http1 = false;
    (void)claim_link(key);
    Http2Link* const link = find_link(key);
    return link != nullptr && link->allows_extended_connect() ? link : nullptr;
}

Upstream* UpstreamPool::take_idle(const UpstreamKey& key) {
    const auto found = idle_.find(text_of(key));
    if (found == idle_.end() || found->second.empty()) return nullptr;
    Upstream* const upstream = found->second.back();
    found->second.pop_back();
    return upstream;
}

Upstream* UpstreamPool::take_unclaimed(const UpstreamKey& key) {
    if (key.client_certificate != nullptr || idle_.empty()) return nullptr;
    Upstream* const upstream = take_idle(unclaimed(key));
    if (upstream != nullptr) upstream->claim(key.credential_index);
    return upstream;
}

void UpstreamPool::release(Upstream& upstream) {
    upstream.detach();
    if (upstream.is_linked()) return discard(upstream);
    keep_idle(upstream);
}

void UpstreamPool::keep_idle(Upstream& upstream) {
    auto& waiting = idle_[text_of(upstream.key())];
    const bool is_retired = !is_of_use(upstream.key().generation);
    if (is_retired || waiting.size() >= kIdleUpstreamConnectionsPerKeyMax) return discard(upstream);
    waiting.push_back(&upstream);
    upstream.start_idle();
}

void UpstreamPool::forget_idle(const Upstream& upstream) {
    if (upstream.is_linked()) return;
    const auto found = idle_.find(text_of(upstream.key()));
    if (found == idle_.end()) return;
    std::erase(found->second, &upstream);
    if (found->second.empty()) idle_.erase(found);
}

// Whatever it was in a gathering, it is no more.
void UpstreamPool::forget_waiting(Upstream& upstream) {
    if (gatherings_.empty()) return;
    const auto found = gatherings_.find(text_of(upstream.key()));
    if (found == gatherings_.end()) return;
    if (found->second.leader == &upstream) found->second.leader = nullptr;
    std::erase(found->second.waiting, &upstream);
}

void UpstreamPool::discard(Upstream& upstream) {
    forget_idle(upstream);
    forget_waiting(upstream);
    const bool had_connection = upstream.has_connection();
    upstream.close();
    const auto owned = all_.find(&upstream);
    if (owned == all_.end()) return;
    if (had_connection) --connections_;
    context_.loop.defer([dead = std::shared_ptr<Upstream>(std::move(owned->second))] {});
    all_.erase(owned);
    answer(upstream, std::nullopt);
    if (!gatherings_.empty()) go_on(upstream.key());
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

void UpstreamPool::retire_links(const std::function<bool(const Http2Link&)>& unwanted) {
    std::vector<Http2Link*> found;
    for (const auto& [link, owned] : links_) {
        if (unwanted(*link)) found.push_back(link);
    }
    for (Http2Link* each : found) each->retire();
}

void UpstreamPool::retire_before(Generation generation) {
    oldest_ = generation;
    discard_idle([&](const Upstream& each) { return each.key().generation < generation; });
    retire_links([&](const Http2Link& each) { return each.key().generation < generation; });
    // Their keys hold the generation too.
    session_by_key_.clear();
    sessions_.clear();
}

void UpstreamPool::close_idle() {
    discard_idle([](const Upstream&) { return true; });
    retire_links([](const Http2Link&) { return true; });
}

void UpstreamPool::close_idle_handlers(HandlerIncarnation incarnation) {
    discard_idle([&](const Upstream& each) {
        return each.key().is_handler && each.handler_peer().incarnation == incarnation;
    });
}

void UpstreamPool::on_link_retired(Http2Link& link) {
    const auto found = shared_.find(text_of(link.key()));
    if (found == shared_.end()) return;
    std::erase(found->second, &link);
    if (found->second.empty()) shared_.erase(found);
}

void UpstreamPool::on_link_room(Http2Link& link) {
    if (!gatherings_.empty()) go_on(link.key());
}

void UpstreamPool::on_link_closed(Http2Link& link) {
    on_link_retired(link);
    const auto owned = links_.find(&link);
    if (owned == links_.end()) return;
    --connections_;
    context_.loop.defer([dead = std::shared_ptr<Http2Link>(std::move(owned->second))] {});
    links_.erase(owned);
    if (!gatherings_.empty()) go_on(link.key());
}

std::unique_ptr<ProtocolQuestion> UpstreamPool::learn(
    const UpstreamKey& key, const std::shared_ptr<const rules::PolicySnapshot>& snapshot,
    std::function<void(std::optional<Spoken>)> done) {
    std::unique_ptr<ProtocolQuestion> question(new ProtocolQuestion(*this, text_of(key), std::move(done)));
    auto [entry, is_new] = probes_.try_emplace(question->key_);
    entry->second.questions.push_back(question.get());
    if (!is_new) return question;
    Upstream* const prober = make(key, snapshot);
    entry->second.prober = prober;
    if (is_full()) {
        // Not now: the asker does not wait yet.
        prober->give_up_soon();
    } else {
        connect(*prober);
    }
    return question;
}

void UpstreamPool::answer(const Upstream& prober, std::optional<Spoken> spoken) {
    if (probes_.empty()) return;
    const std::string key = text_of(prober.key());
    while (true) {
        // Those who are told may ask, and may take questions back.
        const auto found = probes_.find(key);
        if (found == probes_.end() || found->second.prober != &prober) return;
        if (found->second.questions.empty()) {
            probes_.erase(found);
            return;
        }
        ProtocolQuestion& question = *found->second.questions.front();
        found->second.questions.erase(found->second.questions.begin());
        question.pool_ = nullptr;
        const auto done = std::move(question.done_);
        done(spoken);
    }
}

void UpstreamPool::forget(ProtocolQuestion& question) {
    if (const auto found = probes_.find(question.key_); found != probes_.end()) {
        std::erase(found->second.questions, &question);
    }
}

void UpstreamPool::resume_session(const UpstreamKey& key, SSL* ssl) {
    const auto found = session_by_key_.find(text_of(key));
    if (found == session_by_key_.end()) return;
    // A copy: OpenSSL spoils the session that a handshake has used, and other connections may begin before the next ticket.
    const std::unique_ptr<SSL_SESSION, SessionFree> copy(SSL_SESSION_dup(found->second->session.get()));
    if (copy) SSL_set_session(ssl, copy.get());
    sessions_.splice(sessions_.begin(), sessions_, found->second);
}

void UpstreamPool::keep_session(const UpstreamKey& key, SSL_SESSION* session) {
    if (const auto known = session_by_key_.find(text_of(key)); known != session_by_key_.end()) {
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
