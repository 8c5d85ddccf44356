#include "rules/snapshot.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "rules/auth_family.h"
#include "rules/compiled_policy.h"
#include "rules/needle_set.h"
#include "rules/runtime_rules.h"
#include "rules/script.h"
#include "rules/shared_credentials.h"

namespace sallyport::rules {
namespace {

// What was made of the same secrets alone does not depend on who the sandbox is.
bool have_same_parts(const RenderedCredential& a, const RenderedCredential& b) {
    const auto same = [](const auto& one, const auto& other) { return one->reveal() == other->reveal(); };
    return !a.parts.empty() && std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(), same);
}

// Both can be had.
bool is_same(const RenderedCredential& a, const RenderedCredential& b) {
    return a.spec->name == b.spec->name && a.spec->source_json == b.spec->source_json && a.action && b.action;
}

std::string runtime_label(const HandlerRef& handler) { return "handler " + handler.name; }

}  // namespace

PolicySnapshot::PolicySnapshot() = default;
PolicySnapshot::~PolicySnapshot() = default;

std::string_view PolicySnapshot::policy_name() const { return policy_->name; }
const secrets::Identity& PolicySnapshot::identity() const { return identity_; }
const BlockAnswer& PolicySnapshot::block_answer() const { return policy_->blocked; }
const LimitSpec* PolicySnapshot::policy_limit() const { return policy_->limit.get(); }
const HandlerLimits& PolicySnapshot::handler_limits() const { return policy_->handler_limits; }
std::string_view PolicySnapshot::handler_socket() const { return policy_->handler_socket; }
const Script* PolicySnapshot::script() const { return script_.get(); }
const RuntimeRules* PolicySnapshot::runtime() const { return runtime_.get(); }

const CompiledPolicy* PolicySnapshot::runtime_rules() const {
    return runtime_ != nullptr ? runtime_->own.get() : nullptr;
}

Result<PolicySnapshot::Environment> PolicySnapshot::handler_environment() const {
    Environment environment;
    for (const auto& [name, value] : environment_) {
        if (!value) return failure(value.error());
        environment.emplace_back(name, (*value)->reveal());
    }
    return environment;
}

const RenderedCredential& PolicySnapshot::rendered(const Decision& decision) const {
    const auto index = static_cast<std::size_t>(decision.credential_index);
    SALLYPORT_CHECK(decision.credential_index >= 0 && index < credentials_.size());
    return *credentials_[index];
}

const CredentialAction* PolicySnapshot::action_of(const Decision& decision) const {
    if (decision.credential_index < 0) return nullptr;
    const RenderedCredential& credential = rendered(decision);
    return credential.action ? credential.action->get() : nullptr;
}

Result<void> PolicySnapshot::apply_credential(const Decision& decision, OutgoingRequest& request) const {
    const RenderedCredential& credential = rendered(decision);
    if (!credential.action) return failure(credential.action.error());
    const CredentialAction& action = **credential.action;
    const AuthChoice& family = credential.spec->family;
    const bool keeps_cookies = decision.exchange != nullptr && decision.exchange->cookies == CookieUse::pass;
    remove_auth_fields(request.head.headers, family, [&](std::string_view name) {
        return action.owns_field(name) || (keeps_cookies && http::equals_ignoring_case(name, "Cookie"));
    });
    remove_auth_query(request.head.target, family, [&](std::string_view key) { return action.owns_query_key(key); });
    if (decision.exchange != nullptr) {
        for (const std::string& name : decision.exchange->selector_fields) request.head.headers.remove(name);
    }
    return action.apply(request);
}

NeedleTexts PolicySnapshot::needle_texts() const {
    NeedleTexts texts;
    for (const auto& credential : credentials_) {
        if (credential->action) (*credential->action)->collect(texts);
    }
    for (const auto& [name, value] : environment_) {
        if (value) texts.secrets.push_back((*value)->reveal());
    }
    return texts;
}

bool PolicySnapshot::has_same_secrets(const PolicySnapshot& other) const {
    const NeedleTexts mine = needle_texts();
    const NeedleTexts theirs = other.needle_texts();
    return mine.secrets == theirs.secrets && mine.rendered == theirs.rendered;
}

std::shared_ptr<const NeedleSet> PolicySnapshot::needles() const {
    std::call_once(needles_made_, [this] {
        const NeedleTexts texts = needle_texts();
        auto needles = NeedleSet::compile(texts.secrets, texts.rendered);
        if (!needles->empty()) needles_ = std::move(needles);
    });
    return needles_;
}

bool PolicySnapshot::has_same_credential(const Decision& decision, const PolicySnapshot& other,
                                         const Decision& others) const {
    if (decision.credential_index < 0 || others.credential_index < 0) {
        return decision.credential_index < 0 && others.credential_index < 0;
    }
    const RenderedCredential& mine = rendered(decision);
    const RenderedCredential& theirs = other.rendered(others);
    return is_same(mine, theirs) && (identity_ == other.identity_ || have_same_parts(mine, theirs));
}

bool PolicySnapshot::keeps_credential(std::string_view name, const PolicySnapshot& earlier) const {
    for (const auto& mine : credentials_) {
        if (mine->spec->name != name) continue;
        const auto was_there = [&](const auto& theirs) {
            return is_same(*mine, *theirs) && (identity_ == earlier.identity_ || have_same_parts(*mine, *theirs));
        };
        if (std::any_of(earlier.credentials_.begin(), earlier.credentials_.end(), was_there)) return true;
    }
    return false;
}

bool PolicySnapshot::has_same_handlers(const PolicySnapshot& other) const {
    const bool same_code = (script_ == nullptr) == (other.script_ == nullptr) &&
                           (script_ == nullptr || script_->text() == other.script_->text()) &&
                           handler_socket() == other.handler_socket();
    const auto mine = handler_environment();
    const auto theirs = other.handler_environment();
    return same_code && mine && theirs && *mine == *theirs;
}

void PolicySnapshot::render_credentials(const std::shared_ptr<const CompiledPolicy>& policy,
                                        const secrets::SecretSnapshot& secrets, SharedCredentials* shared) {
    for (const CredentialSpec& spec : policy->credentials) {
        const RenderContext context{spec.name, identity_, secrets, placeholders_.get()};
        credentials_.push_back(shared != nullptr ? shared->get(policy, spec, context)
                                                 : render_credential(spec, context));
    }
}

void PolicySnapshot::take_runtime_rules(std::shared_ptr<const RuntimeRules> runtime) {
    runtime_ = std::move(runtime);
    if (runtime_ == nullptr || (runtime_->host_handlers.empty() && !runtime_->catch_all)) return;
    auto labels = std::make_unique<RuntimeLabels>();
    for (const auto& [host, handler] : runtime_->host_handlers) labels->by_host.emplace(host, runtime_label(handler));
    if (runtime_->catch_all) labels->catch_all = runtime_label(*runtime_->catch_all);
    runtime_labels_ = std::move(labels);
}

Result<std::shared_ptr<const PolicySnapshot>> make_snapshot(const PolicyFile& file, const SandboxPolicy& sandbox,
                                                            const secrets::SecretSnapshot& secrets,
                                                            Generation generation, SharedCredentials* shared) {
    const auto policy = file.policies.find(sandbox.policy);
    if (policy == file.policies.end()) {
        return failure(ErrorCode::config_invalid, "policy \"" + sandbox.policy + "\" is not defined");
    }
    std::shared_ptr<PolicySnapshot> snapshot(new PolicySnapshot);
    snapshot->generation_ = generation;
    snapshot->policy_ = policy->second;
    snapshot->identity_ = sandbox.identity;
    snapshot->placeholders_ = sandbox.placeholders;
    if (!policy->second->script_file.empty()) {
        const auto script = file.scripts.find(sandbox.policy);
        if (script == file.scripts.end() || script->second == nullptr) {
            return failure(ErrorCode::config_invalid, "the script of policy \"" + sandbox.policy + "\" is not loaded");
        }
        snapshot->script_ = script->second;
    }
    snapshot->take_runtime_rules(sandbox.runtime);
    snapshot->render_credentials(snapshot->policy_, secrets, shared);
    if (snapshot->runtime_rules() != nullptr) snapshot->render_credentials(snapshot->runtime_->own, secrets, shared);
    for (const auto& [variable, secret] : policy->second->handler_env) {
        snapshot->environment_.emplace_back(variable, secrets.share(secret));
    }
    return snapshot;
}

}  // namespace sallyport::rules
