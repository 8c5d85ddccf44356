#include "rules/snapshot.h"

#include "base/check.h"
#include "rules/auth_family.h"
#include "rules/compiled_policy.h"

namespace sallyport::rules {
namespace {

constexpr std::string_view kDefaultRule = "default";

ErrorCode error_of(const Finding& finding, const http::CanonicalRequest& request) {
    switch (finding.outcome) {
        case Outcome::denied_by_rule: return ErrorCode::denied_by_rule;
        case Outcome::bad_path: return ErrorCode::bad_path;
        case Outcome::cleartext: return ErrorCode::cleartext_credential;
        default: return request.authority.is_address ? ErrorCode::address_literal : ErrorCode::denied;
    }
}

}  // namespace

struct PolicySnapshot::RenderedCredential {
    const CredentialSpec* spec;  // in policy_
    Result<SecretString> value;
};

std::string_view PolicySnapshot::policy_name() const { return policy_->name; }

Reach PolicySnapshot::reach(http::Scheme scheme, std::string_view host, bool is_address, std::uint16_t port) const {
    return is_reachable(*policy_, scheme, host, is_address, port) ? Reach::intercept : Reach::denied;
}

Decision PolicySnapshot::decide(const http::CanonicalRequest& request, const http::HeaderMap& headers) const {
    const Finding finding = judge(*policy_, request, headers);
    Decision decision;
    decision.rule = finding.rule != nullptr ? std::string_view(finding.rule->label) : kDefaultRule;
    decision.path_decided = finding.looked_at_path;
    if (finding.outcome == Outcome::by_default) {
        decision.verdict = Verdict::allow;
    } else if (finding.outcome == Outcome::allowed) {
        allow(*finding.rule, decision);
    } else {
        decision.error = error_of(finding, request);
    }
    return decision;
}

void PolicySnapshot::allow(const Rule& rule, Decision& decision) const {
    if (!rule.network_texts.empty()) decision.granted_networks = &rule.network_texts;
    decision.allow_cleartext_credential = rule.allow_cleartext_credential;
    if (rule.credential >= 0) {
        const RenderedCredential& credential = *credentials_[static_cast<std::size_t>(rule.credential)];
        decision.credential = credential.spec->name;
        if (!credential.value) {
            decision.error = ErrorCode::secret_unavailable;
            return;
        }
        decision.credential_index = rule.credential;
    }
    decision.verdict = Verdict::allow;
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

Result<std::shared_ptr<const PolicySnapshot>> make_snapshot(const PolicyFile& file, const SandboxPolicy& sandbox,
                                                            const secrets::SecretSnapshot& secrets,
                                                            Generation generation) {
    const auto policy = file.policies.find(sandbox.policy);
    if (policy == file.policies.end()) {
        return failure(ErrorCode::config_invalid, "policy \"" + sandbox.policy + "\" is not defined");
    }
    std::shared_ptr<PolicySnapshot> snapshot(new PolicySnapshot);
    snapshot->generation_ = generation;
    snapshot->policy_ = policy->second;
    for (const CredentialSpec& spec : policy->second->credentials) {
        using Rendered = PolicySnapshot::RenderedCredential;
        auto rendered = std::make_shared<Rendered>(Rendered{&spec, render(spec, sandbox.params, secrets)});
        snapshot->credentials_.push_back(std::move(rendered));
    }
    return snapshot;
}

}  // namespace sallyport::rules
