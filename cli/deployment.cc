#include "cli/deployment.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "cli/config.h"
#include "rules/compiled_policy.h"
#include "rules/placeholder_credential.h"
#include "rules/runtime_rules.h"

namespace sallyport::cli {
namespace {

// Allows nothing: for a sandbox for which nothing is certain.
const std::shared_ptr<const rules::PolicyFile>& nothing() {
    static const auto kNothing = rules::parse_policy_file("version: 1\npolicies: { default: { default: deny } }\n", "").file;
    return kNothing;
}

rules::SandboxPolicy denied(const std::string& sandbox) { return {"default", {sandbox, {}, {}}, nullptr}; }

// A sandbox's placeholders are the same as long as it lives; a new one of its name begins without any.
std::shared_ptr<const rules::Placeholders> placeholders_for(const rules::PolicyFile& file,
                                                            const rules::SandboxPolicy& sandbox,
                                                            const secrets::SecretSnapshot& values,
                                                            std::shared_ptr<const rules::Placeholders> earlier) {
    const auto policy = file.policies.find(sandbox.policy);
    SystemRandom random;
    return rules::placeholders_for(policy != file.policies.end() ? policy->second.get() : nullptr,
                                   sandbox.runtime != nullptr ? sandbox.runtime->own.get() : nullptr, values,
                                   std::move(earlier), random);
}

Refusal to_refusal(const Error& error) { return {422, "policy_invalid", error.detail, {}}; }

std::shared_ptr<const rules::CompiledPolicy> deny_all(const std::string& name, const std::string& json) {
    auto policy = std::make_shared<rules::CompiledPolicy>();
    policy->name = name;
    policy->source_json = json;
    rules::index_rules(*policy);
    return policy;
}

std::string first_error(const std::vector<rules::Diagnostic>& diagnostics) {
    const auto found = std::find_if(diagnostics.begin(), diagnostics.end(),
                                    [](const auto& each) { return each.severity == rules::Severity::error; });
    return found == diagnostics.end() ? std::string() : rules::to_string(*found);
}

}  // namespace

admin::StateChange Plan::stored() const {
    admin::StateChange change;
    change.generation = generation.value;
    if (file_changed) return change;  // the documents are only checked again
    for (const auto& [name, document] : policies) {
        change.policies.emplace(name, document ? std::optional(document->json) : std::nullopt);
    }
    for (const auto& [name, document] : egress) {
        change.egress.emplace(name, document ? std::optional(document->json) : std::nullopt);
    }
    return change;
}

Result<Deployment> Deployment::create(std::shared_ptr<const rules::PolicyFile> file, LoadScript load_script) {
    Deployment deployment(std::move(load_script));
    auto ready = deployment.with_scripts(*file);
    if (!ready) return failure(ErrorCode::config_invalid, ready.error().message);
    deployment.file_ = std::move(*ready);
    deployment.effective_ = deployment.file_;
    return deployment;
}

Result<void> Deployment::add_script(rules::PolicyFile& file, const rules::CompiledPolicy& policy) {
    file.scripts.erase(policy.name);
    if (policy.script_file.empty()) return {};
    auto script = load_script_(policy.script_file);
    if (!script) return failure(script.error().code, policy.script_file + ": " + script.error().detail);
    for (const rules::Diagnostic& diagnostic : rules::check_script(policy, **script)) {
        if (diagnostic.severity == rules::Severity::error) {
            return failure(ErrorCode::config_invalid, rules::to_string(diagnostic));
        }
    }
    file.scripts.emplace(policy.name, std::move(*script));
    return {};
}

Planned<std::shared_ptr<const rules::PolicyFile>> Deployment::with_scripts(const rules::PolicyFile& file) {
    auto result = std::make_shared<rules::PolicyFile>(file);
    for (const auto& [name, policy] : file.policies) {
        if (auto added = add_script(*result, *policy); !added) return tl::unexpected(to_refusal(added.error()));
    }
    return std::shared_ptr<const rules::PolicyFile>(std::move(result));
}

// The file with the admin API's policies over it, as they will be after `changes`.
Planned<std::shared_ptr<const rules::PolicyFile>> Deployment::merged(
    const rules::PolicyFile& file, const std::map<std::string, std::optional<PolicyDocument>>& changes) {
    auto result = std::make_shared<rules::PolicyFile>(file);
    const auto put = [&](const PolicyDocument& document) {
        result->policies.insert_or_assign(document.policy->name, document.policy);
        return add_script(*result, *document.policy);
    };
    for (const auto& [name, document] : policies_) {
        if (changes.contains(name)) continue;
        if (auto added = put(document); !added) return tl::unexpected(to_refusal(added.error()));
    }
    for (const auto& [name, document] : changes) {
        if (!document) continue;
        if (auto added = put(*document); !added) return tl::unexpected(to_refusal(added.error()));
    }
    return std::shared_ptr<const rules::PolicyFile>(std::move(result));
}

// With its script, which does not load for everyone any more.
Result<PolicyDocument> Deployment::restored_policy(const std::string& name, const admin::StoredDocument& stored,
                                                   rules::PolicyFile& effective) {
    auto parsed = rules::parse_policy(stored.json, name, "policy " + name, *file_);
    if (!parsed.policy) return failure(ErrorCode::config_invalid, first_error(parsed.diagnostics));
    if (auto added = add_script(effective, *parsed.policy); !added) return failure(added.error());
    return PolicyDocument{stored.json, stored.generation, std::move(parsed.policy)};
}

EgressDocument Deployment::restored_egress(const std::string& sandbox, const admin::StoredDocument& stored) const {
    const auto broken = [&](const std::string& why) {
        log(LogLevel::error, "what the admin API has set for sandbox " + sandbox +
                                 " is not valid any more, and it is denied everything: " + why);
        EgressDocument document;
        document.is_broken = true;
        return document;
    };
    auto parsed = parse_egress_document(stored.json, *file_);
    if (!parsed) return broken(parsed.error().message);
    if (parsed->policy && !effective_->policies.contains(*parsed->policy)) {
        return broken("there is no policy named \"" + *parsed->policy + "\"");
    }
    return std::move(*parsed);
}

bool Deployment::knows_socket(const std::string& path) const {
    const auto same = [&](const auto& each) { return each.second->handler_socket == path; };
    return path.empty() || std::any_of(file_->policies.begin(), file_->policies.end(), same);
}

void Deployment::restore(const admin::StoredState& state) {
    generation_ = Generation{std::max(generation_.value, state.generation + 1)};
    file_generation_ = generation_.value;
    auto effective = std::make_shared<rules::PolicyFile>(*file_);
    for (const auto& [name, stored] : state.policies) {
        auto document = restored_policy(name, stored, *effective);
        if (!document) {
            log(LogLevel::error, "policy " + name + ", set by the admin API, is not valid any more, and denies everything: " +
                                     document.error().detail);
            document = PolicyDocument{stored.json, stored.generation, deny_all(name, stored.json), true};
        }
        effective->policies.insert_or_assign(name, document->policy);
        policies_.insert_or_assign(name, std::move(*document));
    }
    effective_ = std::move(effective);
    for (const auto& [sandbox, stored] : state.egress) {
        EgressDocument document = restored_egress(sandbox, stored);
        document.json = stored.json;
        document.generation = stored.generation;
        egress_.insert_or_assign(sandbox, std::make_shared<const EgressDocument>(std::move(document)));
    }
}

Result<SandboxSnapshot> Deployment::add_sandbox(const std::string& name, const std::string& asked_policy) {
    Sandbox sandbox;
    sandbox.asked_policy = asked_policy;
    sandbox.has_entry = file_->sandboxes.contains(name);
    Plan plan;
    plan.generation = generation_;
    plan.file = file_;
    plan.effective = effective_;
    auto made = snapshot_for(name, sandbox, plan, shared_);
    if (!made) return failure(ErrorCode::config_invalid, made.error().message);
    sandbox.policy = made->policy;
    sandbox.snapshot = made->snapshot;
    sandbox.secrets = made->secrets;
    sandboxes_.insert_or_assign(name, std::move(sandbox));
    return std::move(*made);
}

std::shared_ptr<const EgressDocument> Deployment::document_in(const Plan& plan, const std::string& sandbox) const {
    if (const auto changed = plan.egress.find(sandbox); changed != plan.egress.end()) {
        return changed->second ? std::make_shared<const EgressDocument>(*changed->second) : nullptr;
    }
    const auto found = egress_.find(sandbox);
    return found == egress_.end() ? nullptr : found->second;
}

bool Deployment::is_broken_in(const Plan& plan, const std::string& policy) const {
    if (const auto changed = plan.policies.find(policy); changed != plan.policies.end()) {
        return changed->second && changed->second->is_broken;
    }
    const auto found = policies_.find(policy);
    return found != policies_.end() && found->second.is_broken;
}

Planned<rules::SandboxPolicy> Deployment::policy_for(const std::string& name, const Sandbox& sandbox, const Plan& plan,
                                                     const std::shared_ptr<const EgressDocument>& document) const {
    const std::string& asked = document && document->policy ? *document->policy : sandbox.asked_policy;
    // Which policy somebody is under who was not told has nothing to do with the admin API's.
    auto chosen = choose_policy(asked.empty() ? *plan.file : *plan.effective, name, asked);
    if (!chosen) return refuse(422, "policy_unknown", "sandbox " + name + ": " + chosen.error().detail);
    if (!document) return std::move(*chosen);
    if (document->params) chosen->identity.params = *document->params;
    if (document->labels) chosen->identity.labels = *document->labels;
    // A broken policy's denials are not known: nothing may be allowed before it.
    if (!is_broken_in(plan, chosen->policy)) chosen->runtime = document->runtime;
    return std::move(*chosen);
}

Planned<SandboxSnapshot> Deployment::snapshot_for(const std::string& name, const Sandbox& sandbox, const Plan& plan,
                                                  rules::SharedCredentials& shared) {
    const auto document = document_in(plan, name);
    // Whatever policy it would fall under without its entry was not meant for it.
    const bool is_orphan = sandbox.has_entry && !plan.file->sandboxes.contains(name);
    const bool is_denied = is_orphan || (document && document->is_broken);
    auto policy = is_denied ? Planned<rules::SandboxPolicy>(denied(name)) : policy_for(name, sandbox, plan, document);
    if (!policy) return tl::unexpected(policy.error());
    const rules::PolicyFile& file = is_denied ? *nothing() : *plan.effective;
    auto values = secrets_.get(file.secrets, policy->identity);
    policy->placeholders = placeholders_for(file, *policy, *values, sandbox.policy.placeholders);
    auto snapshot = rules::make_snapshot(file, *policy, *values, plan.generation, &shared);
    if (!snapshot) return tl::unexpected(to_refusal(snapshot.error()));
    if (is_denied) values = nullptr;
    return SandboxSnapshot{name, std::move(*policy), std::move(*snapshot), std::move(values)};
}

Planned<void> Deployment::add_snapshots(Plan& plan,
                                        const std::function<bool(const std::string&, const Sandbox&)>& is_concerned) {
    rules::SharedCredentials shared;
    for (const auto& [name, sandbox] : sandboxes_) {
        if (!is_concerned(name, sandbox)) continue;
        auto made = snapshot_for(name, sandbox, plan, shared);
        if (!made) return tl::unexpected(made.error());
        plan.snapshots.push_back(std::move(*made));
    }
    return {};
}

Plan Deployment::next_plan() const {
    Plan plan;
    plan.generation = Generation{generation_.value + 1};
    plan.file = file_;
    plan.effective = effective_;
    return plan;
}

// What the admin API has set was checked against the old file's credentials and secrets.
Planned<void> Deployment::check_policies_again(Plan& plan) {
    for (const auto& [name, document] : policies_) {
        auto parsed = rules::parse_policy(document.json, name, "policy " + name, *plan.file);
        rules::PolicyFile alone;
        auto usable = parsed.policy ? add_script(alone, *parsed.policy) : failure(ErrorCode::config_invalid);
        if (usable) {
            plan.policies.emplace(name, PolicyDocument{document.json, document.generation, std::move(parsed.policy)});
        } else if (document.is_broken) {
            plan.policies.emplace(name, document);  // as it was
        } else {
            return refuse(422, "policy_invalid", "policy " + name + ", set by the admin API, would not be valid " +
                          usable.error().detail, parsed.diagnostics);
        }
    }
    return {};
}

Planned<void> Deployment::check_egress_again(Plan& plan) const {
    for (const auto& [sandbox, document] : egress_) {
        auto parsed = parse_egress_document(document->json, *plan.file);
        if (parsed && parsed->policy && !plan.effective->policies.contains(*parsed->policy)) {
            parsed = refuse(422, "policy_unknown", "there is no policy named \"" + *parsed->policy + "\"");
        }
        if (!parsed && (document->is_broken || !has_sandbox(sandbox))) {
            parsed = *document;
            parsed->is_broken = true;
        }
        if (!parsed) {
            return refuse(422, parsed.error().code, "what the admin API has set for sandbox " + sandbox +
                          " would not be valid: " + parsed.error().message, parsed.error().diagnostics);
        }
        parsed->generation = document->generation;
        plan.egress.emplace(sandbox, std::move(*parsed));
    }
    return {};
}

Planned<Plan> Deployment::plan_file(std::shared_ptr<const rules::PolicyFile> file) {
    secrets_.look_for_changes();
    Plan plan = next_plan();
    plan.file_changed = true;
    auto ready = with_scripts(*file);
    if (!ready) return tl::unexpected(ready.error());
    plan.file = std::move(*ready);
    if (auto checked = check_policies_again(plan); !checked) return tl::unexpected(checked.error());
    auto effective = merged(*plan.file, plan.policies);
    if (!effective) return tl::unexpected(effective.error());
    plan.effective = std::move(*effective);
    if (auto checked = check_egress_again(plan); !checked) return tl::unexpected(checked.error());
    auto added = add_snapshots(plan, [](const auto&, const auto&) { return true; });
    if (!added) return tl::unexpected(added.error());
    return plan;
}

Planned<Plan> Deployment::plan_policy(const std::string& name, const std::optional<std::string>& text) {
    Plan plan = next_plan();
    if (text) {
        auto parsed = rules::parse_policy(*text, name, "body", *file_);
        if (!parsed.policy) return refuse(422, "policy_invalid", "the policy is not valid", parsed.diagnostics);
        if (!knows_socket(parsed.policy->handler_socket)) {
            return refuse(422, "policy_invalid", "a handler_socket must be one that the file named when the daemon started");
        }
        const std::string json = parsed.policy->source_json;
        plan.policies.emplace(name, PolicyDocument{json, plan.generation.value, std::move(parsed.policy)});
    } else {
        if (!policies_.contains(name)) return refuse(404, "not_found", "the admin API has set no such policy");
        plan.policies.emplace(name, std::nullopt);
    }
    auto effective = merged(*file_, plan.policies);
    if (!effective) return tl::unexpected(effective.error());
    plan.effective = std::move(*effective);
    const bool is_gone = !plan.effective->policies.contains(name);
    for (const auto& [sandbox, state] : sandboxes_) {
        if (is_gone && state.policy.policy == name) {
            return refuse(409, "in_use", "sandbox " + sandbox + " is under this policy");
        }
    }
    auto added = add_snapshots(plan, [&](const auto&, const Sandbox& each) { return each.policy.policy == name; });
    if (!added) return tl::unexpected(added.error());
    return plan;
}

Planned<Plan> Deployment::plan_egress(const std::string& sandbox, const std::optional<std::string>& text) {
    Plan plan = next_plan();
    if (text) {
        auto parsed = parse_egress_document(*text, *file_);
        if (!parsed) return tl::unexpected(parsed.error());
        parsed->generation = plan.generation.value;
        plan.egress.emplace(sandbox, std::move(*parsed));
    } else {
        plan.egress.emplace(sandbox, std::nullopt);
    }
    auto added = add_snapshots(plan, [&](const std::string& name, const auto&) { return name == sandbox; });
    if (!added) return tl::unexpected(added.error());
    return plan;
}

std::optional<Plan> Deployment::plan_secrets() {
    secrets_.look_for_changes();
    Plan plan = next_plan();
    const auto has_others = [&](const auto&, const Sandbox& each) {
        return each.secrets && secrets_.get(effective_->secrets, each.policy.identity) != each.secrets;
    };
    const auto added = add_snapshots(plan, has_others);
    SALLYPORT_CHECK(added);  // the policies are those that snapshots have been made of before
    return plan.snapshots.empty() ? std::nullopt : std::optional(std::move(plan));
}

void Deployment::commit(const Plan& plan) {
    SALLYPORT_CHECK(plan.generation.value == generation_.value + 1);
    generation_ = plan.generation;
    shared_ = {};
    file_ = plan.file;
    effective_ = plan.effective;
    if (plan.file_changed) file_generation_ = plan.generation.value;
    for (const auto& [name, document] : plan.policies) {
        if (document) {
            policies_.insert_or_assign(name, *document);
        } else {
            policies_.erase(name);
            removed_at_.insert_or_assign("policy " + name, plan.generation.value);
        }
    }
    for (const auto& [name, document] : plan.egress) {
        if (document) {
            egress_.insert_or_assign(name, std::make_shared<const EgressDocument>(*document));
        } else {
            egress_.erase(name);
            removed_at_.insert_or_assign("egress " + name, plan.generation.value);
        }
    }
    bool has_others = plan.file_changed;
    for (const SandboxSnapshot& each : plan.snapshots) {
        Sandbox& sandbox = sandboxes_.at(each.sandbox);
        has_others |= !(sandbox.policy.identity == each.policy.identity);
        sandbox.policy = each.policy;
        sandbox.snapshot = each.snapshot;
        sandbox.secrets = each.secrets;
    }
    if (has_others) forget_unused_secrets();
}

void Deployment::forget_unused_secrets() {
    std::vector<secrets::Identity> identities;
    for (const auto& [name, sandbox] : sandboxes_) {
        if (sandbox.secrets) identities.push_back(sandbox.policy.identity);
    }
    secrets_.keep_only(effective_->secrets, identities);
}

bool Deployment::has_sandbox(std::string_view name) const { return sandboxes_.contains(name); }

std::vector<std::string> Deployment::sandbox_names() const {
    std::vector<std::string> names;
    for (const auto& [name, sandbox] : sandboxes_) names.push_back(name);
    return names;
}

const rules::SandboxPolicy* Deployment::policy_of(std::string_view sandbox) const {
    const auto found = sandboxes_.find(sandbox);
    return found == sandboxes_.end() ? nullptr : &found->second.policy;
}

std::shared_ptr<const rules::PolicySnapshot> Deployment::snapshot_of(std::string_view sandbox) const {
    const auto found = sandboxes_.find(sandbox);
    return found == sandboxes_.end() ? nullptr : found->second.snapshot;
}

SecretCache::Values Deployment::secrets_of(std::string_view sandbox) const {
    const auto found = sandboxes_.find(sandbox);
    return found == sandboxes_.end() ? nullptr : found->second.secrets;
}

const PolicyDocument* Deployment::policy_document(std::string_view name) const {
    const auto found = policies_.find(name);
    return found == policies_.end() ? nullptr : &found->second;
}

std::uint64_t Deployment::policy_generation(std::string_view name) const {
    if (const PolicyDocument* document = policy_document(name)) return document->generation;
    const auto removed = removed_at_.find("policy " + std::string(name));
    return removed == removed_at_.end() ? file_generation_ : std::max(file_generation_, removed->second);
}

const EgressDocument* Deployment::egress_document(std::string_view sandbox) const {
    const auto found = egress_.find(sandbox);
    return found == egress_.end() ? nullptr : found->second.get();
}

// What is in effect for a sandbox comes from the file too.
std::uint64_t Deployment::egress_generation(std::string_view sandbox) const {
    if (const EgressDocument* document = egress_document(sandbox)) return std::max(file_generation_, document->generation);
    const auto removed = removed_at_.find("egress " + std::string(sandbox));
    return removed == removed_at_.end() ? file_generation_ : std::max(file_generation_, removed->second);
}

}  // namespace sallyport::cli
