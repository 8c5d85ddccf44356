#include "rules/rules_only.h"

#include "base/check.h"
#include "rules/compiled_policy.h"

namespace sallyport::rules {

std::shared_ptr<const CompiledPolicy> rules_only(std::shared_ptr<const CompiledPolicy> policy) {
    if (policy->script_file.empty()) return policy;
    auto copy = std::make_shared<CompiledPolicy>(*policy);
    // As for a handler service, whose exports are not known either.
    copy->handler_socket = std::move(copy->script_file);
    copy->script_file.clear();
    return copy;
}

bool has_handlers(const CompiledPolicy& policy) {
    return !policy.script_file.empty() || !policy.handler_socket.empty();
}

std::shared_ptr<const PolicySnapshot> snapshot_of_rules(std::shared_ptr<const CompiledPolicy> policy,
                                                        std::shared_ptr<const CompiledPolicy> own,
                                                        const secrets::Identity& identity) {
    PolicyFile file;
    const std::string name = policy->name;
    file.policies.emplace(name, rules_only(std::move(policy)));
    auto runtime = std::make_shared<RuntimeRules>();
    runtime->own = std::move(own);
    static const auto kNoSecrets = secrets::SecretSnapshot::load({}, {});
    auto snapshot = make_snapshot(file, {name, identity, std::move(runtime)}, kNoSecrets, Generation{1});
    SALLYPORT_CHECK(snapshot.has_value());
    return *snapshot;
}

Explanation explain_rules(const PolicySnapshot& snapshot, const AskedRequest& asked, Handlers handlers) {
    Explanation explanation = explain(snapshot, asked, handlers);
    if (explanation.error != tag(ErrorCode::secret_unavailable) || explanation.credential.empty()) return explanation;
    explanation.allowed = true;
    explanation.error.clear();
    explanation.action = "forward";
    return explanation;
}

}  // namespace sallyport::rules
