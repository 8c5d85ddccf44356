#include "admin/call.h"

#include <nlohmann/json.hpp>

#include <utility>

#include "admin/entity_tag.h"
#include "admin/json_text.h"
#include "admin/limits.h"
#include "base/check.h"
#include "http/characters.h"
#include "http/validate.h"

namespace sallyport::admin {
namespace {

tl::unexpected<Reply> refuse(int status, std::string_view code, std::string_view why) {
    return tl::unexpected(Reply::failed(status, code, why));
}

Reply not_there() { return Reply::failed(404, "not_found", "there is no such thing"); }

// What goes to the audit log: who asked for what belongs to somebody else.
Refused not_theirs(const Call& call, Reply reply, std::string_view object) {
    std::string why(call.route->method);
    why.append(" ").append(call.route->path).append(": not this caller's");
    if (!object.empty()) why.append(": ").append(object);
    return {std::move(reply), call.caller.name, std::move(why), false};
}

tl::expected<void, Refused> check_access(const Call& call) {
    if (call.caller.is_operator()) return {};
    if (call.route->access == Access::operators) {
        return tl::unexpected(not_theirs(call, Reply::failed(403, "forbidden", "this call is for operators"), {}));
    }
    if (call.route->access == Access::own_sandbox && !call.caller.may_see(call.names.front())) {
        return tl::unexpected(not_theirs(call, not_there(), call.names.front()));
    }
    if (!call.query.sandbox.empty() && !call.caller.may_see(call.query.sandbox)) {
        return tl::unexpected(not_theirs(call, not_there(), call.query.sandbox));
    }
    return {};
}

bool takes_precondition(const Route& route) {
    if (route.method == "GET") return true;
    switch (route.operation) {
        case Operation::put_policy:
        case Operation::delete_policy:
        case Operation::put_egress:
        case Operation::delete_egress: return true;
        default: return false;
    }
}

// Without its parameters.
std::string_view media_type(std::string_view field) { return http::trim(field.substr(0, field.find(';'))); }

// Whoever is at the unix socket is no browser: what clients say of a body without being told to is passed over.
bool is_unsaid(std::string_view type) {
    return type.empty() || http::equals_ignoring_case(type, "application/x-www-form-urlencoded");
}

tl::expected<void, Reply> check_media_type(const Route& route, const http::HeaderMap& headers, bool is_local,
                                           bool& is_json) {
    const auto field = headers.count("Content-Type") == 1 ? headers.get("Content-Type") : std::nullopt;
    const std::string_view type = field ? media_type(*field) : std::string_view();
    is_json = http::equals_ignoring_case(type, "application/json");
    const bool is_yaml = route.body == BodyForm::policy && http::equals_ignoring_case(type, "application/yaml");
    const bool may_be_unsaid = is_local && headers.count("Content-Type") <= 1 && is_unsaid(type);
    if (may_be_unsaid) is_json = route.body != BodyForm::policy;
    if (!is_json && !is_yaml && !may_be_unsaid) {
        return refuse(415, "unsupported_media_type",
                      route.body == BodyForm::policy ? "the body must be application/json or application/yaml"
                                                     : "the body must be application/json");
    }
    if (headers.has("Content-Encoding")) {
        return refuse(415, "unsupported_media_type", "the body must not be encoded");
    }
    return {};
}

tl::expected<void, Reply> check_announced_body(const Route& route, const http::RequestHead& head, bool is_local,
                                               bool& is_json) {
    const bool has_body = head.body.kind == http::BodyKind::chunked ||
                          (head.body.kind == http::BodyKind::length && head.body.length_bytes > 0);
    if (route.body == BodyForm::none) {
        if (has_body) return refuse(400, "bad_request", "this call takes no body");
        return {};
    }
    if (!has_body) return refuse(400, "bad_request", "this call needs a body");
    if (auto typed = check_media_type(route, head.headers, is_local, is_json); !typed) return typed;
    if (head.body.kind == http::BodyKind::length && head.body.length_bytes > route.body_bytes_max) {
        return refuse(413, "body_too_large", "the body is too large");
    }
    return {};
}

tl::expected<Precondition, Reply> read_precondition(const Route& route, const http::HeaderMap& headers) {
    auto precondition = parse_precondition(headers);
    if (!precondition) return refuse(400, "bad_request", precondition.error().detail);
    // Not to look at it would be to lose the update that it guards.
    if (!precondition->empty() && !takes_precondition(route)) {
        return refuse(400, "bad_request", "this call takes no precondition");
    }
    return std::move(*precondition);
}

tl::unexpected<Refused> plainly(Reply reply) { return tl::unexpected(Refused{std::move(reply), {}, {}, false}); }

tl::expected<Call, Refused> read_admitted(const http::RequestHead& head, const http::CanonicalTarget& target,
                                          Caller caller, bool is_local) {
    auto match = match_route(head.method, target);
    if (!match) return plainly(std::move(match.error()));
    Call call;
    call.route = match->route;
    call.names = std::move(match->names);
    call.caller = std::move(caller);
    call.is_head = head.method == "HEAD";
    auto query = parse_query(*call.route, target);
    if (!query) return plainly(std::move(query.error()));
    call.query = std::move(*query);
    if (auto allowed = check_access(call); !allowed) return tl::unexpected(std::move(allowed.error()));
    auto precondition = read_precondition(*call.route, head.headers);
    if (!precondition) return plainly(std::move(precondition.error()));
    call.precondition = std::move(*precondition);
    auto body = check_announced_body(*call.route, head, is_local, call.is_json);
    if (!body) return plainly(std::move(body.error()));
    return call;
}

// The sandbox that a question is about; where the body names none, the API says so.
std::string asked_sandbox(const Call& call) {
    const auto question = nlohmann::json::parse(call.body, nullptr, false);
    if (!question.is_object()) return {};
    const auto sandbox = question.find("sandbox");
    return sandbox != question.end() && sandbox->is_string() ? sandbox->get<std::string>() : std::string();
}

}  // namespace

tl::expected<Call, Refused> read_call(const http::RequestHead& head, const Peer& peer, const Admission& admission) {
    const auto valid = http::validate_request(head, peer.is_local ? http::Scheme::http : http::Scheme::https);
    if (!valid) {
        const ErrorCode code = valid.error().code;
        return tl::unexpected(Refused{Reply::failed(http_status(code), tag(code), sentence(code)), {}, {}, true});
    }
    auto caller = admission.admit(peer, head, valid->authority);
    if (!caller) {
        Denial& denial = caller.error();
        return tl::unexpected(Refused{std::move(denial.reply), peer.who, std::move(denial.why), true});
    }
    return read_admitted(head, valid->target, std::move(*caller), peer.is_local);
}

std::optional<Refused> check_body(const Call& call) {
    const auto bad = [](std::string_view why) {
        return Refused{Reply::failed(400, "bad_request", why), {}, {}, false};
    };
    if (call.route->body == BodyForm::none) return std::nullopt;
    if (call.body.empty()) return bad("this call needs a body");
    if (!call.is_json) return std::nullopt;
    if (const auto good = check_json(call.body); !good) return bad(good.error().detail);
    if (call.route->operation != Operation::explain || call.caller.is_operator()) return std::nullopt;
    const std::string sandbox = asked_sandbox(call);
    if (sandbox.empty() || call.caller.may_see(sandbox)) return std::nullopt;
    return not_theirs(call, not_there(), sandbox);
}

void make_call(Api& api, Call call, Done done) {
    const Caller& caller = call.caller;
    const auto name = [&](std::size_t index) -> const std::string& { return call.names.at(index); };
    auto& body = call.body;
    auto& precondition = call.precondition;
    switch (call.route->operation) {
        case Operation::list_policies: return api.list_policies(caller, std::move(done));
        case Operation::get_policy: return api.get_policy(caller, name(0), std::move(done));
        case Operation::put_policy:
            return api.put_policy(caller, name(0), std::move(body), std::move(precondition), std::move(done));
        case Operation::delete_policy:
            return api.delete_policy(caller, name(0), std::move(precondition), std::move(done));
        case Operation::get_egress: return api.get_egress(caller, name(0), std::move(done));
        case Operation::put_egress:
            return api.put_egress(caller, name(0), std::move(body), std::move(precondition), std::move(done));
        case Operation::delete_egress:
            return api.delete_egress(caller, name(0), std::move(precondition), std::move(done));
        case Operation::put_host_handler:
            return api.put_host_handler(caller, name(0), name(1), std::move(body), std::move(done));
        case Operation::delete_host_handler:
            return api.delete_host_handler(caller, name(0), name(1), std::move(done));
        case Operation::put_handler: return api.put_handler(caller, name(0), std::move(body), std::move(done));
        case Operation::delete_handler: return api.delete_handler(caller, name(0), std::move(done));
        case Operation::make_proxy_credential: return api.make_proxy_credential(caller, name(0), std::move(done));
        case Operation::revoke_proxy_credential: return api.revoke_proxy_credential(caller, name(0), std::move(done));
        case Operation::explain: return api.explain(caller, std::move(body), std::move(done));
        case Operation::list_secrets: return api.list_secrets(caller, std::move(done));
        case Operation::refresh_secret: return api.refresh_secret(caller, name(0), std::move(done));
        case Operation::list_connections: return api.list_connections(caller, std::move(done));
        case Operation::close_connection: return api.close_connection(caller, name(0), std::move(done));
        case Operation::metrics: return api.metrics(caller, std::move(done));
        case Operation::health: return api.health(std::move(done));
        case Operation::ready: return api.ready(std::move(done));
        case Operation::events:
        case Operation::openapi: break;
    }
    SALLYPORT_CHECK(false);
}

Reply settle_reply(const Call& call, Reply reply) {
    if (reply.status == 404 && !call.caller.is_operator()) return not_there();
    if (reply.body.size() > kReplyBytesMax) return Reply::failed(500, "internal", "the answer is too large");
    if (call.route->method != "GET" || reply.status != 200 || reply.etag.empty()) return reply;
    if (call.precondition.if_match && !call.precondition.if_match->contains(reply.etag)) {
        return Reply::failed(412, "precondition_failed", "it has changed");
    }
    if (call.precondition.if_none_match && call.precondition.if_none_match->contains(reply.etag)) {
        return {304, {}, {}, std::move(reply.etag), {}};
    }
    return reply;
}

}  // namespace sallyport::admin
