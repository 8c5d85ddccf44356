#include "rules/prove.h"

#include <algorithm>
#include <set>

#include "rules/compiled_policy.h"
#include "rules/coverage.h"
#include "rules/place_pattern.h"
#include "rules/request_search.h"
#include "rules/rules_only.h"
#include "rules/sample_hosts.h"

namespace sallyport::rules {
namespace {

// For each policy: a second or two of searching at most.
constexpr std::uint64_t kStepsMax = 10'000'000;

// The lists of rules that decide for one sandbox, in their order.
struct Layers {
    std::shared_ptr<const CompiledPolicy> own;  // null for none
    std::shared_ptr<const CompiledPolicy> policy;
};

class Prover {
public:
    Prover(const ProofQuestion& question, std::vector<PlacePattern> places, Proof& proof)
        : question_(question), places_(std::move(places)), proof_(proof), budget_(kStepsMax) {}

    // True where a counterexample was found, which is in the proof then.
    bool refutes(const std::shared_ptr<const CompiledPolicy>& policy, const RuntimeRules* runtime) {
        // What a handler fetches is decided by the rules alone, and nothing else gets a credential.
        runs_handlers_ = has_handlers(*policy);
        layers_.policy = rules_only(policy);
        layers_.own = runtime != nullptr ? runtime->own : nullptr;
        snapshot_ = snapshot_of_rules(layers_.policy, layers_.own, {});
        hosts_ = std::make_unique<SampleHosts>(all_patterns());
        budget_ = Budget(kStepsMax);
        if (layers_.own != nullptr && refutes_list(*layers_.own)) return true;
        return refutes_list(*layers_.policy);
    }

    // Why it is not certain that there is none; empty where it is.
    const std::string& doubt() const { return doubt_; }

private:
    std::vector<HostPattern> all_patterns() const {
        std::vector<HostPattern> patterns;
        for (const auto& list : {layers_.own, layers_.policy}) {
            if (list == nullptr) continue;
            for (const Rule& rule : list->rules) patterns.insert(patterns.end(), rule.hosts.begin(), rule.hosts.end());
        }
        for (const PlacePattern& place : places_) {
            if (place.host) patterns.push_back(*place.host);
        }
        return patterns;
    }

    bool refutes_list(const CompiledPolicy& list) {
        for (const Rule& rule : list.rules) {
            if (rule.deny || rule.credential < 0) continue;
            if (list.credentials[static_cast<std::size_t>(rule.credential)].name != question_.credential) continue;
            ++proof_.rules_looked_at;
            if (refutes_rule(rule)) return true;
        }
        return false;
    }

    bool refutes_rule(const Rule& rule) {
        bool is_refuted = false;
        tried_.clear();
        for (const HostPattern& pattern : rule.hosts) {
            hosts_->each(pattern, [&](const std::string& host) {
                for (const Origin& origin : origins_of(rule, host, false))
                    is_refuted = is_refuted || refutes_at(rule, origin);
                return !is_refuted && !budget_.is_used_up();
            });
            if (is_refuted) return true;
        }
        if (budget_.is_used_up()) doubt_ = "the search takes too many steps (rule " + quote(rule.label) + ")";
        return false;
    }

    bool refutes_at(const Rule& rule, const Origin& origin) {
        // Connections that are passed through show no request; handlers make connections of their own.
        const auto reach = snapshot_->reach(origin.scheme, origin.host, false, origin.port);
        if (!runs_handlers_ && reach != Reach::intercept) return false;
        SearchQuestion question{origin, {&rule}, blocking(rule, origin.host), {}};
        const Origin sent_to = destination(rule, origin);
        for (const PlacePattern& place : places_) {
            if (!place.holds(sent_to)) continue;
            if (!place.path) return false;
            question.paths.push_back(&*place.path);
        }
        if (!budget_.spend(question.blocking.size() + 1) || !is_new(question)) return false;
        const SearchResult found = find_request(question, budget_);
        if (found.outcome == Search::none) return false;
        if (found.outcome == Search::found && is_confirmed(rule, origin, found.request)) return true;
        doubt_ = "whether some request gets through to rule " + quote(rule.label) + " could not be decided";
        return false;
    }

    // Hosts that the same rules are about, and the same places, need no second search.
    bool is_new(const SearchQuestion& question) {
        std::string key = std::to_string(question.origin.port) + http::to_string(question.origin.scheme);
        for (const Rule* rule : question.blocking) key += ' ' + std::to_string(reinterpret_cast<std::uintptr_t>(rule));
        for (const Glob* path : question.paths) key += ' ' + std::to_string(reinterpret_cast<std::uintptr_t>(path));
        return tried_.insert(std::move(key)).second;
    }

    // Denies of both lists, and the allows that come before.
    std::vector<const Rule*> blocking(const Rule& rule, const std::string& host) const {
        std::vector<const Rule*> found;
        bool is_passed = false;
        for (const auto& list : {layers_.own, layers_.policy}) {
            if (list == nullptr) continue;
            std::set<std::uint32_t> indices;
            find_rules(*list, host, false, [&](std::uint32_t index) { indices.insert(index); });
            const bool is_own_list = &rule >= list->rules.data() && &rule < list->rules.data() + list->rules.size();
            for (const std::uint32_t index : indices) {
                const Rule& other = list->rules[index];
                const bool comes_before = !is_passed && (!is_own_list || &other < &rule);
                if (&other != &rule && (other.deny || comes_before)) found.push_back(&other);
            }
            is_passed = is_passed || is_own_list;
        }
        return found;
    }

    static Origin destination(const Rule& rule, const Origin& origin) {
        if (rule.upstream == nullptr) return origin;
        const http::Authority& to = rule.upstream->authority;
        return {rule.upstream->scheme, to.host, to.is_address, to.port};
    }

    bool is_confirmed(const Rule& rule, const Origin& origin, const FoundRequest& found) {
        const Question question{found.method, url_of(origin, found.target), found.headers};
        const auto asked = ask(question);
        if (!asked) return false;
        const auto handlers = runs_handlers_ ? Handlers::skip : Handlers::consult;
        const Explanation explained = explain_rules(*snapshot_, *asked, handlers);
        if (!explained.allowed || explained.credential != question_.credential) return false;
        proof_.policy = layers_.policy->name;
        proof_.counterexample = question;
        proof_.sent_to = url_of(destination(rule, origin), found.target);
        proof_.rule = explained.rule;
        proof_.by_handler = runs_handlers_;
        return true;
    }

    const ProofQuestion& question_;
    const std::vector<PlacePattern> places_;
    Proof& proof_;
    Budget budget_;
    Layers layers_;
    bool runs_handlers_ = false;
    std::shared_ptr<const PolicySnapshot> snapshot_;
    std::unique_ptr<SampleHosts> hosts_;
    std::set<std::string> tried_;
    std::string doubt_;
};

bool is_known(const PolicyFile& file, const ProofQuestion& question) {
    if (file.credentials.contains(question.credential)) return true;
    const auto uses = [&](const CompiledPolicy& list) {
        return std::any_of(list.credentials.begin(), list.credentials.end(),
                           [&](const CredentialSpec& spec) { return spec.name == question.credential; });
    };
    return std::any_of(file.policies.begin(), file.policies.end(),
                       [&](const auto& each) { return uses(*each.second); });
}

// The secret that a policy hands to its script, where it is one of the credential's; empty for none.
std::string secret_in_script(const PolicyFile& file, const CompiledPolicy& policy, const std::string& credential) {
    const auto spec = file.credentials.find(credential);
    if (spec == file.credentials.end()) return {};
    std::string found;
    spec->second.kind->visit_templates([&](const secrets::TemplateText& text) {
        for (const auto& part : text) {
            if (part.kind != secrets::PartKind::secret) continue;
            for (const auto& [variable, secret] : policy.handler_env) {
                if (found.empty() && secret == part.text) found = secret;
            }
        }
    });
    return found;
}

Result<std::vector<PlacePattern>> parse_places(const std::vector<std::string>& texts) {
    std::vector<PlacePattern> places;
    for (const std::string& text : texts) {
        auto place = parse_place_pattern(text);
        if (!place) return failure(place.error());
        places.push_back(std::move(*place));
    }
    return places;
}

}  // namespace

Result<Proof> prove(const PolicyFile& file, const ProofQuestion& question) {
    if (!is_known(file, question)) {
        return failure(ErrorCode::config_invalid, "credential " + quote(question.credential) + " is not defined");
    }
    if (!question.policy.empty() && !file.policies.contains(question.policy)) {
        return failure(ErrorCode::config_invalid, "policy " + quote(question.policy) + " is not defined");
    }
    if (question.runtime != nullptr && question.policy.empty()) {
        return failure(ErrorCode::config_invalid, "rules of a sandbox are of one policy: say which");
    }
    auto places = parse_places(question.never_outside);
    if (!places) return failure(places.error());
    Proof proof;
    Prover prover(question, std::move(*places), proof);
    for (const auto& [name, policy] : file.policies) {
        if (!question.policy.empty() && name != question.policy) continue;
        if (prover.refutes(policy, question.runtime.get())) {
            proof.outcome = ProofOutcome::refuted;
            return proof;
        }
        const std::string secret = secret_in_script(file, *policy, question.credential);
        if (proof.why.empty() && !secret.empty()) {
            proof.why = "policy " + quote(name) + " hands the secret " + quote(secret) + " to its handlers";
        }
    }
    if (proof.why.empty()) proof.why = prover.doubt();
    proof.outcome = proof.why.empty() ? ProofOutcome::proved : ProofOutcome::undecided;
    return proof;
}

}  // namespace sallyport::rules
