#include "rules/replay.h"

#include "rules/compiled_policy.h"
#include "rules/mismatch_text.h"
#include "rules/rules_only.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kSandboxesMax = 10'000;

// What only lacked a secret is what the rules allow.
bool was_allowed_by_rules(const RecordedDecision& record) {
    return record.allowed || (record.error == tag(ErrorCode::secret_unavailable) && !record.credential.empty());
}

std::string was(const RecordedDecision& record) {
    std::string text = (record.allowed ? "allowed by " : "denied by ") + shown(record.rule);
    if (!record.credential.empty()) text += " with credential " + record.credential;
    if (!record.allowed && !record.error.empty()) text += " (" + record.error + ")";
    return text;
}

bool is_by_script(const RecordedDecision& record) {
    return record.allowed && (record.rule == "outbound" || record.rule.starts_with("outboundByHost["));
}

}  // namespace

const Replayer::Sandbox& Replayer::find_sandbox(const RecordedDecision& record) {
    if (sandboxes_.size() >= kSandboxesMax) sandboxes_.clear();
    const auto [found, is_new] = sandboxes_.try_emplace({record.sandbox, record.policy});
    Sandbox& sandbox = found->second;
    if (!is_new) return sandbox;
    secrets::Identity identity{record.sandbox, {}, {}};
    std::string policy_name = record.policy;
    if (const auto entry = file_.sandboxes.find(record.sandbox); entry != file_.sandboxes.end()) {
        identity.params = entry->second.params;
        identity.labels = entry->second.labels;
        policy_name = entry->second.policy;
    }
    const auto policy = file_.policies.find(policy_name);
    if (policy == file_.policies.end()) return sandbox;
    if (file_.scripts.contains(policy_name)) {
        PolicyFile only;
        only.policies.emplace(policy_name, policy->second);
        only.scripts.emplace(policy_name, file_.scripts.find(policy_name)->second);
        const auto no_secrets = secrets::SecretSnapshot::load({}, {});
        if (auto snapshot = make_snapshot(only, {policy_name, identity, nullptr}, no_secrets, Generation{1})) {
            sandbox.snapshot = *snapshot;
            return sandbox;
        }
    }
    sandbox.lacks_script = !policy->second->script_file.empty();
    const auto [rules, is_first] = without_script_.try_emplace(policy_name);
    if (is_first) rules->second = rules_only(policy->second);
    sandbox.snapshot = snapshot_of_rules(rules->second, nullptr, identity);
    return sandbox;
}

ReplayedDecision Replayer::replay(const RecordedDecision& record) {
    ReplayedDecision replayed{record.sequence, record.sandbox, to_string(record.request), was(record), {}, false};
    const Sandbox& sandbox = find_sandbox(record);
    const bool was_allowed = was_allowed_by_rules(record);
    if (sandbox.snapshot == nullptr) {
        replayed.after = "denied: the file has no policy for this sandbox";
        replayed.changed = was_allowed;
        return replayed;
    }
    Explanation now = explain_rules(*sandbox.snapshot, {record.request, record.headers});
    const bool is_denied_by_rule = now.error == tag(ErrorCode::denied_by_rule);
    if (sandbox.lacks_script && is_by_script(record) && !is_denied_by_rule) {
        replayed.after = "left to the script: " + shown(record.rule);
        return replayed;
    }
    // A handler's fetches are decisions of their own.
    if (now.action == "handler") now.credential.clear();
    replayed.after = outcome_of(now);
    replayed.changed = was_allowed != now.allowed || (now.allowed && record.credential != now.credential);
    return replayed;
}

ReplayedDecision replay(const RecordedDecision& record, const PolicyFile& file) {
    return Replayer(file).replay(record);
}

}  // namespace sallyport::rules
