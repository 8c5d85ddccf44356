#include "cli/admin_api.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/admin_json.h"
#include "http/authority.h"
#include "proxy/metrics.h"
#include "rules/compiled_policy.h"
#include "rules/explain.h"
#include "rules/runtime_rules.h"
#include "rules/script.h"

namespace sallyport::cli {
namespace {

using admin::Caller;
using admin::Done;
using admin::Precondition;
using admin::Reply;
using nlohmann::ordered_json;

Reply not_found(std::string_view what) { return Reply::failed(404, "not_found", "there is no such " + std::string(what)); }
Reply audit_unavailable() { return Reply::failed(503, "audit_unavailable", "the audit log cannot be written"); }
Reply operators_only() { return Reply::failed(403, "forbidden", "only an operator may do this"); }

std::string etag(std::uint64_t generation) { return std::to_string(generation); }

// Nothing for what is not there.
bool holds(const Precondition& precondition, std::uint64_t generation, bool exists) {
    const std::string tag = etag(generation);
    return precondition.holds(exists ? std::optional<std::string_view>(tag) : std::nullopt);
}

Reply precondition_failed(std::uint64_t generation) {
    Reply reply = Reply::failed(412, "precondition_failed", "it has been changed since: read it again");
    reply.etag = etag(generation);
    return reply;
}

// That the policy which the sandbox would be under has handlers, and these among them.
Planned<void> check_handlers(const Plan& plan, const std::string& sandbox) {
    const auto& runtime = plan.egress.at(sandbox)->runtime;
    if (!runtime) return {};
    const std::string& name = plan.snapshots.front().policy.policy;
    const auto policy = plan.effective->policies.find(name);
    if (policy != plan.effective->policies.end() && !policy->second->handler_socket.empty()) return {};
    const auto script = plan.effective->scripts.find(name);
    const auto check = [&](const std::string& handler) -> Planned<void> {
        if (script == plan.effective->scripts.end()) return refuse(422, "egress_invalid", "policy " + name + " has no script");
        if (script->second->exports().named.contains(handler)) return {};
        return refuse(422, "egress_invalid", "the script of policy " + name + " has no such handler in outboundHandlers");
    };
    for (const auto& [host, handler] : runtime->host_handlers) {
        if (auto checked = check(handler.name); !checked) return checked;
    }
    return runtime->catch_all ? check(runtime->catch_all->name) : Planned<void>{};
}

}  // namespace

AdminApi::AdminApi(Gate& gate, std::function<void(const admin::Event&)> publish)
    : gate_(gate), publish_(std::move(publish)) {
    gate_.on_committed = [this](const Plan& plan) {
        for (const SandboxSnapshot& each : plan.snapshots) {
            ordered_json data{{"generation", plan.generation.value}, {"sandbox", each.sandbox}, {"policy", each.policy.policy}};
            publish_({"generation", each.sandbox, dump(data)});
        }
    };
}

AdminApi::~AdminApi() { gate_.on_committed = nullptr; }

bool AdminApi::may_see(const Caller& caller, const std::string& sandbox) const {
    return caller.may_see(sandbox) && gate_.deployment().has_sandbox(sandbox);
}

Reply AdminApi::refuse_change(const Change& change, const Refusal& refusal) {
    gate_.record(change.caller.name, change.act, change.object, false, refusal.code);
    return Reply::failed(refusal.status, refusal.code, refusal.message, diagnostics_json(refusal.diagnostics));
}

void AdminApi::make(const Change& change, Planned<Plan> plan, Reply reply, Done done) {
    if (!plan) return done(refuse_change(change, plan.error()));
    // Before it takes effect: what cannot be recorded is not done.
    if (!gate_.record(change.caller.name, change.act, change.object, true, {}, &*plan)) {
        return done(audit_unavailable());
    }
    reply.etag = etag(plan->generation.value);
    const admin::Event event{change.kind, change.kind == "egress" ? change.object : std::string(),
                             dump({{"act", change.act}, {"object", change.object}, {"by", change.caller.name},
                                   {"generation", plan->generation.value}})};
    gate_.apply(std::move(*plan), [this, event, reply, done, by = change.caller.name, act = change.act,
                                   object = change.object](Result<void> outcome) {
        if (!outcome) {
            gate_.record(by, act, object, false, "the state could not be kept");
            return done(Reply::failed(503, "state_unavailable", "the change could not be kept, and is not made"));
        }
        publish_(event);
        done(reply);
    });
}

void AdminApi::list_policies(const Caller& caller, Done done) {
    if (!caller.is_operator()) return done(operators_only());
    ordered_json policies = ordered_json::array();
    for (const auto& [name, policy] : gate_.deployment().file().policies) {
        policies.push_back({{"name", name},
                            {"source", gate_.deployment().policy_document(name) != nullptr ? "api" : "file"},
                            {"generation", gate_.deployment().policy_generation(name)},
                            {"rules", policy->rules.size()}});
    }
    done(Reply::json(dump({{"policies", policies}}), etag(gate_.deployment().generation().value)));
}

void AdminApi::get_policy(const Caller& caller, const std::string& name, Done done) {
    if (!caller.is_operator()) return done(operators_only());
    const auto& policies = gate_.deployment().file().policies;
    const auto found = policies.find(name);
    if (found == policies.end()) return done(not_found("policy"));
    done(Reply::json(found->second->source_json, etag(gate_.deployment().policy_generation(name))));
}

void AdminApi::put_policy(const Caller& caller, const std::string& name, std::string body, Precondition precondition,
                          Done done) {
    if (!caller.is_operator()) return done(operators_only());
    const Change change{caller, "put_policy", name, "policy"};
    if (!secrets::is_name(name)) return done(refuse_change(change, {422, "policy_invalid", "the name is not valid", {}}));
    const bool exists = gate_.deployment().file().policies.contains(name);
    const auto now = gate_.deployment().policy_generation(name);
    if (!holds(precondition, now, exists)) return done(precondition_failed(now));
    auto plan = gate_.deployment().plan_policy(name, std::move(body));
    Reply reply = Reply::json(plan ? plan->policies.at(name)->json : std::string());
    make(change, std::move(plan), std::move(reply), std::move(done));
}

void AdminApi::delete_policy(const Caller& caller, const std::string& name, Precondition precondition, Done done) {
    if (!caller.is_operator()) return done(operators_only());
    const auto now = gate_.deployment().policy_generation(name);
    const bool exists = gate_.deployment().policy_document(name) != nullptr;
    if (!holds(precondition, now, exists)) return done(precondition_failed(now));
    make({caller, "delete_policy", name, "policy"}, gate_.deployment().plan_policy(name, std::nullopt), Reply{204, {}, {}, {}, {}},
         std::move(done));
}

std::string AdminApi::egress_json(const std::string& sandbox) const {
    return describe_egress(*gate_.deployment().policy_of(sandbox), gate_.deployment().egress_document(sandbox));
}

void AdminApi::get_egress(const Caller& caller, const std::string& sandbox, Done done) {
    if (!may_see(caller, sandbox)) return done(not_found("sandbox"));
    done(Reply::json(egress_json(sandbox), etag(gate_.deployment().egress_generation(sandbox))));
}

void AdminApi::put_egress(const Caller& caller, const std::string& sandbox, std::string body, Precondition precondition,
                          Done done) {
    if (!may_see(caller, sandbox)) return done(not_found("sandbox"));
    const Change change{caller, "put_egress", sandbox};
    const auto now = gate_.deployment().egress_generation(sandbox);
    if (!holds(precondition, now, true)) return done(precondition_failed(now));
    auto plan = gate_.deployment().plan_egress(sandbox, std::move(body));
    Reply reply;
    if (plan) {
        const EgressDocument* present = gate_.deployment().egress_document(sandbox);
        const bool may = caller.is_operator() || only_narrows(present, *plan->egress.at(sandbox));
        auto checked = may ? check_handlers(*plan, sandbox)
                           : refuse(403, "forbidden", "only an operator may do more than add rules that deny, after those that are there");
        if (!checked) plan = tl::unexpected(checked.error());
    }
    if (plan) reply = Reply::json(describe_egress(plan->snapshots.front().policy, &*plan->egress.at(sandbox)));
    make(change, std::move(plan), std::move(reply), std::move(done));
}

void AdminApi::delete_egress(const Caller& caller, const std::string& sandbox, Precondition precondition, Done done) {
    if (!may_see(caller, sandbox)) return done(not_found("sandbox"));
    // What the file has may be wider than what was set.
    if (!caller.is_operator()) return done(operators_only());
    const auto now = gate_.deployment().egress_generation(sandbox);
    const bool exists = gate_.deployment().egress_document(sandbox) != nullptr;
    if (!holds(precondition, now, true)) return done(precondition_failed(now));
    if (!exists) return done(Reply{204, {}, {}, etag(now), {}});
    make({caller, "delete_egress", sandbox}, gate_.deployment().plan_egress(sandbox, std::nullopt), Reply{204, {}, {}, {}, {}},
         std::move(done));
}

void AdminApi::change_handler(const Change& change, const std::string& sandbox, const std::string& host,
                              const std::optional<std::string>& body, Done done) {
    if (!may_see(change.caller, sandbox)) return done(not_found("sandbox"));
    if (!change.caller.is_operator()) return done(operators_only());
    const EgressDocument* present = gate_.deployment().egress_document(sandbox);
    auto text = with_handler(present != nullptr ? present->json : "{}", host, body);
    if (!text) return done(refuse_change(change, text.error()));
    auto plan = gate_.deployment().plan_egress(sandbox, *text == "{}" ? std::nullopt : std::optional(*text));
    Reply reply{204, {}, {}, {}, {}};
    if (plan && body) {
        if (auto checked = check_handlers(*plan, sandbox); !checked) plan = tl::unexpected(checked.error());
        reply = Reply::json(*body);
    }
    make(change, std::move(plan), std::move(reply), std::move(done));
}

void AdminApi::put_host_handler(const Caller& caller, const std::string& sandbox, const std::string& host,
                                std::string body, Done done) {
    const auto name = http::canonical_host(host);
    if (!name && may_see(caller, sandbox)) return done(Reply::failed(422, "egress_invalid", "that is not a host name"));
    change_handler({caller, "put_host_handler", sandbox}, sandbox, name.value_or(""), std::move(body), std::move(done));
}

void AdminApi::delete_host_handler(const Caller& caller, const std::string& sandbox, const std::string& host, Done done) {
    const auto name = http::canonical_host(host);
    const EgressDocument* present = gate_.deployment().egress_document(sandbox);
    const bool exists = name && present != nullptr && present->runtime && present->runtime->host_handlers.contains(*name);
    if (may_see(caller, sandbox) && !exists) return done(not_found("handler"));
    change_handler({caller, "delete_host_handler", sandbox}, sandbox, name.value_or("-"), std::nullopt, std::move(done));
}

void AdminApi::put_handler(const Caller& caller, const std::string& sandbox, std::string body, Done done) {
    change_handler({caller, "put_handler", sandbox}, sandbox, "", std::move(body), std::move(done));
}

void AdminApi::delete_handler(const Caller& caller, const std::string& sandbox, Done done) {
    const EgressDocument* present = gate_.deployment().egress_document(sandbox);
    const bool exists = present != nullptr && present->runtime && present->runtime->catch_all;
    if (may_see(caller, sandbox) && !exists) return done(not_found("handler"));
    change_handler({caller, "delete_handler", sandbox}, sandbox, "", std::nullopt, std::move(done));
}

void AdminApi::publish_change(const Change& change) {
    publish_({change.kind, change.object,
              dump({{"act", change.act}, {"object", change.object}, {"by", change.caller.name},
                    {"generation", gate_.deployment().generation().value}})});
}

// Whoever has it speaks for the sandbox from anywhere on this machine: that is for operators to give.
void AdminApi::make_proxy_credential(const Caller& caller, const std::string& sandbox, Done done) {
    if (!caller.is_operator()) return done(operators_only());
    if (!gate_.deployment().has_sandbox(sandbox)) return done(not_found("sandbox"));
    if (gate_.proxy_places().empty()) return done(Reply::failed(409, "no_proxy", "the file has no \"proxy\" section"));
    const Change change{caller, "make_proxy_credential", sandbox};
    if (!gate_.record(caller.name, change.act, sandbox, true)) return done(audit_unavailable());
    gate_.make_proxy_credential(sandbox, [this, sandbox, done, caller, act = change.act](const std::string& password) {
        publish_change({caller, act, sandbox});
        done(Reply::json(describe_proxy_credential(sandbox, password, gate_.proxy_places())));
    });
}

void AdminApi::revoke_proxy_credential(const Caller& caller, const std::string& sandbox, Done done) {
    if (!caller.is_operator()) return done(operators_only());
    if (!gate_.deployment().has_sandbox(sandbox)) return done(not_found("sandbox"));
    if (!gate_.has_proxy_credential(sandbox)) return done(not_found("proxy credential"));
    const Change change{caller, "revoke_proxy_credential", sandbox};
    // Taken away whatever happens to the log, as a secret is.
    gate_.record(caller.name, change.act, sandbox, true);
    gate_.revoke_proxy_credential(sandbox, [this, sandbox, done, caller, act = change.act] {
        publish_change({caller, act, sandbox});
        done(Reply{204, {}, {}, {}, {}});
    });
}

void AdminApi::explain(const Caller& caller, std::string body, Done done) {
    auto asked = parse_explain_body(body);
    if (!asked) return done(Reply::failed(asked.error().status, asked.error().code, asked.error().message));
    if (!may_see(caller, asked->sandbox)) return done(not_found("sandbox"));
    const auto request = rules::ask(asked->question);
    if (!request) {
        const Error& error = request.error();
        return done(Reply::failed(422, tag(error.code), "the request itself is refused: " + rules::reason_of_refusal(error)));
    }
    const auto snapshot = gate_.deployment().snapshot_of(asked->sandbox);
    done(Reply::json(rules::to_json(rules::explain(*snapshot, *request))));
}

void AdminApi::list_secrets(const Caller& caller, Done done) {
    if (!caller.is_operator()) return done(operators_only());
    done(Reply::json(describe_secrets(gate_.deployment(), gate_.secret_status())));
}

void AdminApi::refresh_secret(const Caller& caller, const std::string& name, Done done) {
    if (!caller.is_operator()) return done(operators_only());
    const auto& sources = gate_.deployment().file().secrets;
    const bool exists = std::any_of(sources.begin(), sources.end(), [&](const auto& source) { return source.name == name; });
    if (!exists) return done(not_found("secret"));
    if (!gate_.record(caller.name, "refresh_secret", name, true)) return done(audit_unavailable());
    publish_({"secret", "", dump({{"name", name}, {"by", caller.name}})});
    auto plan = gate_.plan_refresh(name);
    const auto generation = plan ? plan->generation : gate_.deployment().generation();
    Reply reply = Reply::json(dump({{"name", name}, {"generation", generation.value}}));
    if (!plan) return done(std::move(reply));
    gate_.apply(std::move(*plan), [reply, done](Result<void>) { done(reply); });
}

void AdminApi::list_connections(const Caller& caller, Done done) {
    gate_.list_connections([caller, done](std::vector<proxy::LiveConnection> connections) {
        ordered_json list = ordered_json::array();
        for (const proxy::LiveConnection& each : connections) {
            if (caller.may_see(each.sandbox)) list.push_back(describe_connection(each));
        }
        done(Reply::json(dump({{"connections", list}})));
    });
}

// Found first: what is recorded is what is done, and before it is.
void AdminApi::close_connection(const Caller& caller, const std::string& id, Done done) {
    gate_.list_connections([this, caller, id, done](const std::vector<proxy::LiveConnection>& connections) {
        const auto found = std::find_if(connections.begin(), connections.end(), [&](const auto& each) { return each.id == id; });
        if (found == connections.end() || !caller.may_see(found->sandbox)) return done(not_found("connection"));
        if (!gate_.record(caller.name, "close_connection", id, true, found->sandbox)) return done(audit_unavailable());
        close_known(id, found->sandbox, caller.name, done);
    });
}

void AdminApi::close_known(const std::string& id, const std::string& sandbox, const std::string& by, Done done) {
    const auto may_close = [sandbox](std::string_view owner) { return owner == sandbox; };
    gate_.close_connection(id, may_close, [this, id, sandbox, by, done](bool closed) {
        if (!closed) {
            gate_.record(by, "close_connection", id, false, "it has ended by itself");
            return done(not_found("connection"));
        }
        publish_({"connection", sandbox, dump({{"closed", id}, {"by", by}})});
        done(Reply{204, {}, {}, {}, {}});
    });
}

void AdminApi::metrics(const Caller& caller, Done done) {
    if (!caller.is_operator()) return done(operators_only());
    gate_.read_counters([this, done](const proxy::Counters& counters) {
        Reply reply;
        reply.content_type = proxy::kMetricsContentType;
        reply.body = proxy::metrics_text(counters, gate_.state()) + gauges_text(gate_);
        done(std::move(reply));
    });
}

void AdminApi::health(Done done) {
    if (gate_.is_audit_healthy()) return done(Reply::json(dump({{"status", "ok"}})));
    done(audit_unavailable());
}

void AdminApi::ready(Done done) {
    if (gate_.is_draining()) return done(Reply::failed(503, "draining", "the gate is shutting down"));
    health(std::move(done));
}

void AdminApi::refused(std::string_view who, std::string_view why) { gate_.record(who, "connect", "admin", false, why); }

}  // namespace sallyport::cli
