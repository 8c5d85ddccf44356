#include "proxy/handler_calls.h"

#include <openssl/crypto.h>

#include <vector>

#include "proxy/egress.h"

namespace sallyport::proxy {
namespace {

constexpr std::size_t kTokenHalf = 16;

}  // namespace

HandlerCalls::HandlerCalls(WorkerContext& context, Egress& egress) : context_(context), egress_(egress) {}
HandlerCalls::~HandlerCalls() = default;

const SandboxId& HandlerCalls::sandbox() const { return egress_.id(); }

void HandlerCalls::serve(UniqueFd listener) {
    // The old one may be calling: it is closed now, and deleted later.
    if (listener_) {
        listener_->close();
        context_.loop.defer([old = std::shared_ptr<net::Listener>(std::move(listener_))] {});
    }
    listener_ = std::make_unique<net::Listener>(context_.loop, std::move(listener),
                                                [this](UniqueFd fd) { adopt(std::move(fd)); });
}

void HandlerCalls::adopt(UniqueFd fd) {
    if (connections_.size() >= kFetchConnectionsMax) return;
    auto made = std::make_unique<FetchConnection>(context_, egress_, *this, std::move(fd));
    connections_.emplace(made.get(), std::move(made));
}

void HandlerCalls::kill_host(HandlerIncarnation incarnation) {
    if (context_.handlers != nullptr) context_.handlers->kill(sandbox(), incarnation);
    egress_.pool().close_idle_handlers(incarnation);
}

void HandlerCalls::on_host_ended(HandlerIncarnation incarnation) {
    std::vector<std::string> ended;
    for (const auto& [half, call] : by_token_) {
        if (call->runs_in(incarnation)) ended.push_back(half);
    }
    for (const std::string& half : ended) {
        const auto call = by_token_.find(half);
        if (call != by_token_.end()) call->second->fail({ErrorCode::handler_crashed, {}});
    }
}

void HandlerCalls::on_new_snapshot() {
    std::vector<FetchConnection*> open;
    for (const auto& entry : connections_) open.push_back(entry.first);
    for (FetchConnection* each : open) {
        if (connections_.contains(each)) each->on_new_snapshot();
    }
}

void HandlerCalls::list(std::vector<LiveConnection>& to) const {
    for (const auto& entry : connections_) to.push_back(entry.second->describe());
}

bool HandlerCalls::close_connection(std::string_view id, const Error& error) {
    for (const auto& entry : connections_) {
        if (entry.second->connection_id().text() != id) continue;
        entry.second->cut(error);
        return true;
    }
    return false;
}

HandlerCall* HandlerCalls::find(std::string_view token) const {
    if (token.size() != 2 * kTokenHalf) return nullptr;
    const auto found = by_token_.find(std::string(token.substr(0, kTokenHalf)));
    if (found == by_token_.end()) return nullptr;
    const std::string_view known = found->second->token();
    const bool same = CRYPTO_memcmp(known.data() + kTokenHalf, token.data() + kTokenHalf, kTokenHalf) == 0;
    return same ? found->second : nullptr;
}

void HandlerCalls::add(HandlerCall& call) { by_token_.emplace(call.token().substr(0, kTokenHalf), &call); }

void HandlerCalls::remove(HandlerCall& call) { by_token_.erase(std::string(call.token().substr(0, kTokenHalf))); }

void HandlerCalls::remove(FetchConnection& connection) {
    const auto owned = connections_.find(&connection);
    if (owned == connections_.end()) return;
    context_.loop.defer([dead = std::shared_ptr<FetchConnection>(std::move(owned->second))] {});
    connections_.erase(owned);
}

}  // namespace sallyport::proxy
