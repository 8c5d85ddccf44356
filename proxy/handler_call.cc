#include "proxy/handler_call.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/json.h"
#include "base/secret_string.h"
#include "http/characters.h"
#include "proxy/fetch_connection.h"
#include "proxy/handler_calls.h"
#include "proxy/limits.h"
#include "rules/base64.h"

namespace sallyport::proxy {
namespace {

constexpr std::size_t kTokenBytes = 16;
// The clock is read this often in a deadline.
constexpr int kTicksPerDeadline = 16;
// A text that was cut to its bound is that much shorter at most, so as not to be cut within a character.
constexpr std::size_t kUtf8BytesMax = 4;
constexpr std::string_view kMask = "***";

std::string make_token() {
    constexpr char kHex[] = "0123456789abcdef";
    std::array<unsigned char, kTokenBytes> bytes{};
    SALLYPORT_CHECK(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    std::string text;
    for (const unsigned char byte : bytes) {
        text += kHex[byte >> 4];
        text += kHex[byte & 15];
    }
    return text;
}

std::string percent_encoded(std::string_view text) {
    constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (http::has_class(c, http::character_class::kUnreserved)) {
            out += c;
        } else {
            out.append(1, '%').append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
        }
    }
    return out;
}

std::string handler_text(const rules::HandlerRef& handler) {
    const std::string name = percent_encoded(handler.name);
    switch (handler.kind) {
        case rules::HandlerKind::by_host: return "by_host " + name;
        case rules::HandlerKind::named: return "named " + name;
        case rules::HandlerKind::rule: return "rule " + name;
        case rules::HandlerKind::outbound: break;
    }
    return "outbound";
}

// The sandbox's, and over them those that were given when the handler was attached.
std::string params_json(const HandlerCall::Request& request) {
    nlohmann::json params = nlohmann::json::object();
    for (const auto& [name, value] : request.snapshot->identity().params) params[name] = value;
    const auto attached = nlohmann::json::parse(request.decision.handler->params_json, nullptr, false);
    if (attached.is_object()) params.update(attached);
    return params.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::string context_json(const HandlerCall::Request& request) {
    std::string text;
    JsonLine json(text);
    json.field("sandboxId", request.snapshot->identity().sandbox)
        .field("containerId", request.snapshot->identity().sandbox)
        .field("className", request.snapshot->policy_name())
        .field("policy", request.snapshot->policy_name())
        .raw("params", params_json(request))
        .field("requestId", to_string(request.id))
        .close();
    return text;
}

void add_base64(http::HeaderMap& headers, std::string_view name, std::string_view value) {
    Buffer encoded;
    rules::append_base64(encoded, value);
    headers.add(name, encoded.view());
    encoded.wipe();
}

void add_environment(http::HeaderMap& headers, const rules::PolicySnapshot::Environment& environment) {
    std::size_t size = 16;
    // Every byte may be escaped: no copy is left behind by a text that grows.
    for (const auto& [name, value] : environment) size += 6 * (name.size() + value.size()) + 8;
    std::string text;
    text.reserve(size);
    JsonLine json(text);
    for (const auto& [name, value] : environment) json.field(name, value);
    json.close();
    add_base64(headers, "X-Sallyport-Env", text);
    wipe_bytes(text.data(), text.size());
}

// A text that was cut may end within the value.
void mask(std::string& text, std::string_view value, bool is_cut) {
    for (std::size_t at = text.find(value); at != text.npos; at = text.find(value, at + kMask.size())) {
        text.replace(at, value.size(), kMask);
    }
    if (!is_cut) return;
    for (std::size_t size = std::min(value.size() - 1, text.size()); size > 0; --size) {
        if (!text.ends_with(value.substr(0, size))) continue;
        text.replace(text.size() - size, size, kMask);
        return;
    }
}

}  // namespace

HandlerCall::HandlerCall(WorkerContext& context, HandlerCalls& calls, HandlerCallUser& user, Request request)
    : context_(context),
      calls_(calls),
      user_(user),
      request_(std::move(request)),
      token_(make_token()),
      tick_interval_(std::max(milliseconds(1), request_.snapshot->handler_limits().deadline / kTicksPerDeadline)),
      tick_(context.loop, [this] { on_tick(); }) {
    calls_.add(*this);
    ++context_.counters.handler_calls;
}

HandlerCall::~HandlerCall() {
    calls_.remove(*this);
    // Each takes itself off the list.
    const std::vector<FetchConnection*> running = fetches_;
    for (FetchConnection* fetch : running) fetch->cut({ErrorCode::client_gone, "the call is over"});
}

Result<void> HandlerCall::describe(const HandlerPeer& peer, http::RequestHead& head) const {
    const auto environment = request_.snapshot->handler_environment();
    if (!environment) return failure(environment.error());
    const std::string path = head.target.starts_with('/') ? head.target : std::string();
    head.target = std::string(http::to_string(request_.scheme)) + "://" +
                  http::to_string(request_.authority, request_.scheme) + path;
    head.headers.add("X-Sallyport-Call", token_);
    head.headers.add("X-Sallyport-Fetch", peer.fetch_path);
    head.headers.add("X-Sallyport-Handler", handler_text(*request_.decision.handler));
    add_environment(head.headers, *environment);
    add_base64(head.headers, "X-Sallyport-Context", context_json(request_));
    return {};
}

void HandlerCall::start(const HandlerPeer& peer) {
    peer_incarnation_ = peer.incarnation;
    waited_ = {};
    ticked_ = net::Clock::now();
    tick_.start(tick_interval_);
}

void HandlerCall::on_tick() {
    const auto now = net::Clock::now();
    const auto passed = now - std::exchange(ticked_, now);
    if (user_.waits_for_handler() && !waits_for_an_origin()) waited_ += passed;
    if (waited_ < request_.snapshot->handler_limits().deadline) return tick_.start(tick_interval_);
    calls_.kill_host(peer_incarnation_);
    user_.on_handler_failed({ErrorCode::handler_timeout, {}});
}

bool HandlerCall::waits_for_an_origin() const {
    return std::any_of(fetches_.begin(), fetches_.end(),
                       [](const FetchConnection* each) { return each->waits_for_origin(); });
}

Error HandlerCall::explain(Error error) const {
    switch (error.code) {
        case ErrorCode::origin_closed: return {ErrorCode::handler_crashed, std::move(error.detail)};
        case ErrorCode::origin_timeout: return {ErrorCode::handler_timeout, std::move(error.detail)};
        case ErrorCode::origin_bad_response:
        case ErrorCode::origin_bad_framing:
        case ErrorCode::origin_header_too_large:
        case ErrorCode::origin_unknown_coding:
        case ErrorCode::origin_upgrade:
        case ErrorCode::origin_bad_upgrade: return {ErrorCode::handler_bad_return, std::move(error.detail)};
        default: return error;
    }
}

ErrorCode HandlerCall::failure_of(std::string_view code) {
    if (code == "threw") return ErrorCode::handler_threw;
    if (code == "missing") return ErrorCode::handler_missing;
    return ErrorCode::handler_bad_return;
}

std::string HandlerCall::masked(std::string_view text) const {
    std::string out(text);
    const auto environment = request_.snapshot->handler_environment();
    if (!environment) return {};
    std::vector<std::string_view> values;
    for (const auto& [name, value] : *environment) {
        if (!value.empty()) values.push_back(value);
    }
    // One may be a part of another: then the longer one first, or its rest would be left.
    std::sort(values.begin(), values.end(), [](auto a, auto b) { return a.size() > b.size(); });
    const bool is_cut = text.size() + kUtf8BytesMax > kHandlerReasonBytesMax;
    for (const std::string_view value : values) mask(out, value, is_cut);
    return out;
}

bool HandlerCall::is_own_host(const http::CanonicalRequest& request) const {
    return request.scheme == request_.scheme && request.authority == request_.authority;
}

}  // namespace sallyport::proxy
