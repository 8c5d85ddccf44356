#include "rules/identity_check.h"

#include <set>

#include "rules/compiled_policy.h"
#include "secrets/inputs.h"
#include "secrets/provider.h"
#include "secrets/template_text.h"

namespace sallyport::rules {
namespace {

using Names = std::set<std::string, std::less<>>;

bool is_set(const secrets::TemplatePart& part, const SandboxEntry& sandbox) {
    return (part.kind == secrets::PartKind::label ? sandbox.labels : sandbox.params).contains(part.text);
}

}  // namespace

void IdentityCheck::take(const std::string& name, const SandboxEntry& sandbox, Place place, Reporter& reporter) {
    for (const Need& need : needs_of(sandbox.policy)) {
        if (is_set(need.part, sandbox)) continue;
        reporter.warning(place, "sandbox " + quote(name) + " has no " + secrets::describe(need.part) + ": " +
                                    need.what + " needs it");
    }
}

const std::vector<IdentityCheck::Need>& IdentityCheck::needs_of(const std::string& policy) {
    const auto [known, is_new] = needs_.try_emplace(policy);
    if (is_new) known->second = find_needs(*file_.policies.find(policy)->second);
    return known->second;
}

std::vector<IdentityCheck::Need> IdentityCheck::find_needs(const CompiledPolicy& policy) const {
    std::vector<Need> needs;
    Names used;
    const auto note = [&](const secrets::TemplateText& text, const std::string& what) {
        for (const secrets::TemplatePart& part : text) {
            const bool is_own = part.kind == secrets::PartKind::param || part.kind == secrets::PartKind::label;
            if (is_own) needs.push_back({part, what});
            if (part.kind == secrets::PartKind::secret) used.insert(part.text);
        }
    };
    for (const CredentialSpec& spec : policy.credentials) {
        spec.kind->visit_templates(
            [&](const secrets::TemplateText& text) { note(text, "credential " + quote(spec.name)); });
    }
    for (const auto& [variable, secret] : policy.handler_env) used.insert(secret);
    // A store's own secrets are needed too.
    for (std::size_t known = 0; known != used.size();) {
        known = used.size();
        for (const secrets::SecretSource& source : file_.secrets) {
            if (!used.contains(source.name)) continue;
            for (std::string& input : secrets::inputs_of(source)) used.insert(std::move(input));
        }
    }
    for (const secrets::SecretSource& source : file_.secrets) {
        if (!used.contains(source.name)) continue;
        const std::string what = "secret " + quote(source.name);
        if (source.provider) source.provider->visit_templates([&](const auto& text) { note(text, what); });
        if (const auto location = secrets::parse_template(source.location)) note(*location, what);
    }
    return needs;
}

}  // namespace sallyport::rules
