#include "rules/snapshot.h"

#include <utility>

#include "base/check.h"
#include "rules/auth_family.h"
#include "rules/compiled_policy.h"
#include "rules/runtime_rules.h"
#include "rules/script.h"
#include "rules/shared_credentials.h"

namespace sallyport::rules {
namespace {

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

Result<void> PolicySnapshot::apply_credential(const Decision& decision, http::RequestHead& head) const {
    const auto index = static_cast<std::size_t>(decision.credential_index);
    SALLYPORT_CHECK(decision.credential_index >= 0 && index < credentials_.size());
    const RenderedCredential& credential = *credentials_[index];
    remove_auth_fields(head.headers, credential.spec->header_name);
    remove_auth_query(head.target);
    if (!credential.value) return failure(credential.value.error());
    head.headers.add(credential.spec->header_name, credential.value->reveal());
    return {};
}

bool PolicySnapshot::has_same_credential(const Decision& decision, const PolicySnapshot& other,
                                         const Decision& others) const {
    if (decision.credential_index < 0 || others.credential_index < 0) {
        return decision.credential_index < 0 && others.credential_index < 0;
    }
    const RenderedCredential& mine = *credentials_[static_cast<std::size_t>(decision.credential_index)];
    const RenderedCredential& theirs = *other.credentials_[static_cast<std::size_t>(others.credential_index)];
    return mine.spec->name == theirs.spec->name && mine.spec->header_name == theirs.spec->header_name && mine.value &&
           theirs.value && mine.value->reveal() == theirs.value->reveal();
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
        credentials_.push_back(shared != nullptr ? shared->get(policy, spec, identity_, secrets)
                                                 : render_credential(spec, identity_, secrets));
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
