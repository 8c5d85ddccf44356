#include "rules/explain.h"

#include <array>

#include "rules/actions.h"
#include "rules/compiled_policy.h"
#include "rules/mismatch_text.h"
#include "rules/runtime_rules.h"

namespace sallyport::rules {
namespace {

// Of a policy with thousands of hosts, those that are asked about are of interest.
constexpr std::size_t kOtherHostsMax = 100;

constexpr std::string_view kRuntime = "runtime";
constexpr std::string_view kPolicy = "policy";

struct Layer {
    std::string_view name;
    const CompiledPolicy* list;
};

// Which rules are looked at before the outcome is known.
enum class Looked { all, denies };

struct Look {
    bool matched = false;
    std::string why;
};

class Explainer {
public:
    Explainer(const PolicySnapshot& snapshot, const AskedRequest& asked) : snapshot_(snapshot), asked_(asked) {
        const RuntimeRules* runtime = snapshot.runtime();
        if (runtime != nullptr && runtime->own != nullptr) layers_.push_back({kRuntime, runtime->own.get()});
        layers_.push_back({kPolicy, &snapshot.policy()});
        out_.policy = snapshot.policy_name();
        out_.generation = snapshot.generation().value;
    }

    Explanation run(Handlers handlers) && {
        const http::Authority& authority = asked_.request.authority;
        if (handlers == Handlers::skip) return std::move(*this).request(handlers);
        const Decision raw = tunnel(TunnelKind::tcp);
        if (raw.verdict == Verdict::allow) return std::move(*this).connection(raw, TunnelKind::tcp);
        const Reach reach =
            snapshot_.reach(asked_.request.scheme, authority.host, authority.is_address, authority.port);
        if (reach != Reach::passthrough) return std::move(*this).request(handlers);
        return std::move(*this).connection(tunnel(TunnelKind::passthrough), TunnelKind::passthrough);
    }

private:
    Decision tunnel(TunnelKind kind) const {
        const http::Authority& authority = asked_.request.authority;
        return snapshot_.decide_tunnel(kind, authority.host, authority.is_address, authority.port);
    }

    Explanation connection(const Decision& decision, TunnelKind kind) && {
        const Rule* rule = take(decision);
        out_.action = !out_.allowed ? "" : kind == TunnelKind::tcp ? "tcp" : "passthrough";
        const Traffic traffic = kind == TunnelKind::tcp ? Traffic::raw : Traffic::https;
        trace_rules(Looked::all, rule, [&](const Rule& each) {
            return Look{&each == rule, why_not_raw(each, traffic, asked_.request.authority)};
        });
        if (!out_.allowed) {
            out_.reason = "a deny is about some of what may go through unread: " + shown(out_.rule);
        } else if (kind == TunnelKind::tcp) {
            out_.reason = "rule " + shown(out_.rule) + " lets raw connections through: nothing of them is looked at";
        } else {
            out_.reason = "rule " + shown(out_.rule) + " passes TLS through: no request is seen, no credential put in";
        }
        return std::move(out_);
    }

    Explanation request(Handlers handlers) && {
        const Decision decision = snapshot_.decide(asked_.request, asked_.headers, handlers);
        const Rule* rule = take(decision);
        take_upstream(decision);
        if (decision.verdict == Verdict::allow) take_action(decision, rule);
        refuse_upgrade(decision);
        const bool is_host_handler = rule == nullptr && is_about_host(decision);
        trace_rules(is_host_handler ? Looked::denies : Looked::all, stops_at(decision, rule),
                    [&](const Rule& each) { return look_at(each, rule); });
        if (rule == nullptr && decision.handler != nullptr) trace_handler(decision);
        out_.reason = reason(decision, rule, is_host_handler);
        return std::move(out_);
    }

    // The rule that decided; null for a handler or the default.
    const Rule* take(const Decision& decision) {
        out_.allowed = decision.verdict == Verdict::allow;
        if (!out_.allowed) out_.error = tag(decision.error);
        out_.rule = decision.rule;
        out_.credential = decision.credential;
        if (decision.granted_networks != nullptr) out_.networks = *decision.granted_networks;
        for (const Layer& layer : layers_) {
            for (const Rule& rule : layer.list->rules) {
                // Labels may be equal; the decision's is a view of the one.
                if (rule.label.data() != decision.rule.data()) continue;
                out_.file = layer.list->source_name;
                out_.line = rule.place.line;
                out_.column = rule.place.column;
                return &rule;
            }
        }
        return nullptr;
    }

    // Also where the rule's credential is all that lacks.
    void take_upstream(const Decision& decision) {
        if (decision.upstream == nullptr) return;
        const Destination& to = *decision.upstream;
        out_.upstream = std::string(http::to_string(to.scheme)) + "://" + http::to_string(to.authority, to.scheme);
    }

    void take_action(const Decision& decision, const Rule* rule) {
        constexpr std::array<const char*, 3> kActions{"forward", "respond", "handler"};
        out_.action = kActions[static_cast<std::size_t>(decision.action)];
        if (decision.handler == nullptr) return;
        out_.handler = decision.handler->name;
        // What the handler fetches from the same host is that rule's.
        if (rule == nullptr) return;
        const Decision fetch = snapshot_.decide(asked_.request, asked_.headers, Handlers::skip);
        out_.credential = fetch.credential;
        if (fetch.granted_networks != nullptr) out_.networks = *fetch.granted_networks;
    }

    void refuse_upgrade(const Decision& decision) {
        if (!out_.allowed || !asked_.websocket || decision.websocket) return;
        out_.allowed = false;
        out_.error = tag(ErrorCode::upgrade_refused);
        out_.action.clear();
    }

    bool is_about_host(const Decision& decision) const {
        if (decision.handler == nullptr) return false;
        if (decision.handler->kind == HandlerKind::by_host) return true;
        const RuntimeRules* runtime = snapshot_.runtime();
        if (runtime == nullptr) return false;
        const auto attached = runtime->host_handlers.find(asked_.request.authority.host);
        return attached != runtime->host_handlers.end() && &attached->second == decision.handler;
    }

    // A rule that only nearly matched has stopped nothing.
    static const Rule* stops_at(const Decision& decision, const Rule* rule) {
        return decision.error == ErrorCode::cleartext_credential && decision.verdict == Verdict::deny ? nullptr : rule;
    }

    Look look_at(const Rule& rule, const Rule* decided) const {
        const http::Authority& authority = asked_.request.authority;
        const bool matched = matches_host(rule, authority.host, authority.is_address) &&
                             check_rule(rule, asked_.request, asked_.headers).match == RuleMatch::yes;
        const bool is_beaten = matched && !rule.deny && decided != nullptr && decided->deny;
        return {matched, why(rule, asked_) + (is_beaten ? ", but a deny wins: " + shown(decided->label) : "")};
    }

    // In order, up to `last`; null for all.
    template <class LookAt>
    void trace_rules(Looked looked, const Rule* last, LookAt look_at) {
        const http::Authority& authority = asked_.request.authority;
        std::size_t others = 0;
        for (const Layer& layer : layers_) {
            for (const Rule& rule : layer.list->rules) {
                if (looked == Looked::denies && !rule.deny) continue;
                const bool is_other = !matches_host(rule, authority.host, authority.is_address);
                if (is_other && ++others > kOtherHostsMax) {
                    ++out_.left_out;
                    continue;
                }
                Look look = look_at(rule);
                out_.earlier.push_back({std::string(layer.name), rule.label, layer.list->source_name, rule.place.line,
                                        rule.place.column, look.matched, std::move(look.why)});
                if (&rule == last) return;
            }
        }
    }

    void trace_handler(const Decision& decision) {
        const bool is_script = decision.handler->kind != HandlerKind::named;
        out_.earlier.push_back({std::string(is_script ? kPolicy : kRuntime), std::string(decision.rule),
                                is_script ? snapshot_.policy().script_file : std::string(), 0, 0, true,
                                "it takes the request"});
    }

    std::string reason(const Decision& decision, const Rule* rule, bool is_host_handler) const {
        if (!out_.allowed) return why_denied(decision);
        const std::string name = shown(out_.rule);
        if (decision.handler != nullptr && rule == nullptr) {
            return is_host_handler ? name + " takes the host before the rules do"
                                   : "no rule matches, and " + name + " takes the rest";
        }
        if (rule == nullptr) return "no rule matches, and the policy's default is allow";
        switch (decision.action) {
            case Action::respond:
                if (decision.respond->metadata) return "rule " + name + " matches, and answers like a metadata service";
                return "rule " + name + " matches, and answers " + std::to_string(decision.respond->status) + " itself";
            case Action::handler: return "rule " + name + " matches, and hands it to handler " + shown(out_.handler);
            case Action::forward: break;
        }
        return "rule " + name + " matches" + (out_.upstream.empty() ? "" : ", and sends it to " + out_.upstream) +
               (is_h2c(decision) ? ", in HTTP/2 over cleartext" : "");
    }

    bool is_h2c(const Decision& decision) const {
        const Destination* const to = decision.upstream;
        return decision.h2c && (to != nullptr ? to->scheme : asked_.request.scheme) == http::Scheme::http;
    }

    std::string why_denied(const Decision& decision) const {
        const std::string name = shown(out_.rule);
        if (out_.error == tag(ErrorCode::upgrade_refused)) return "rule " + name + " has \"websocket: false\"";
        switch (decision.error) {
            case ErrorCode::denied_by_rule: return "rule " + name + " denies it, and a deny wins wherever it stands";
            case ErrorCode::bad_path: return "rule " + name + " looks at the path, which could be read as another one";
            case ErrorCode::cleartext_credential:
                return "rule " + name + " would match over https; its credential does not go over cleartext";
            case ErrorCode::secret_unavailable:
                return "rule " + name + " matches, but its credential " + out_.credential + " is not available";
            case ErrorCode::address_literal:
                return "no rule is about this address, and the default is about names only";
            case ErrorCode::denied:
                return "no rule matches, and the policy's default is deny (" + std::to_string(rules_for_host()) +
                       " of " + std::to_string(rules()) + " rules are about this host)";
            default: return std::string(sentence(decision.error));
        }
    }

    std::size_t rules() const {
        std::size_t count = 0;
        for (const Layer& layer : layers_) count += layer.list->rules.size();
        return count;
    }
    std::size_t rules_for_host() const {
        const http::Authority& authority = asked_.request.authority;
        std::size_t count = 0;
        for (const Layer& layer : layers_) {
            for (const Rule& rule : layer.list->rules) {
                count += matches_host(rule, authority.host, authority.is_address) ? 1 : 0;
            }
        }
        return count;
    }

    const PolicySnapshot& snapshot_;
    const AskedRequest& asked_;
    std::vector<Layer> layers_;
    Explanation out_;
};

}  // namespace

Explanation explain(const PolicySnapshot& snapshot, const AskedRequest& asked, Handlers handlers) {
    return Explainer(snapshot, asked).run(handlers);
}

}  // namespace sallyport::rules
