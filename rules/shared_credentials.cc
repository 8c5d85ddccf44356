#include "rules/shared_credentials.h"

#include <optional>
#include <utility>

namespace sallyport::rules {
namespace {

using Parts = std::vector<std::shared_ptr<const SecretString>>;

// Adds the secrets of a template. False where the value is the sandbox's own, or a secret is missing.
bool add_parts(const secrets::TemplateText& text, const secrets::SecretSnapshot& secrets, Parts& parts) {
    for (const secrets::TemplatePart& part : text) {
        if (part.kind == secrets::PartKind::literal) continue;
        if (part.kind != secrets::PartKind::secret) return false;
        auto value = secrets.share(part.text);
        if (!value) return false;
        parts.push_back(std::move(*value));
    }
    return true;
}

std::optional<Parts> parts_of(const CredentialSpec& spec, const secrets::SecretSnapshot& secrets) {
    if (spec.kind->is_per_sandbox()) return std::nullopt;
    Parts parts;
    bool is_common = true;
    spec.kind->visit_templates(
        [&](const secrets::TemplateText& text) { is_common = is_common && add_parts(text, secrets, parts); });
    return is_common ? std::optional(std::move(parts)) : std::nullopt;
}

std::shared_ptr<const RenderedCredential> make(const CredentialSpec& spec, const RenderContext& context, Parts parts) {
    return std::make_shared<const RenderedCredential>(RenderedCredential{
        &spec, render(spec, context.identity, context.secrets, context.placeholders), std::move(parts)});
}

}  // namespace

std::shared_ptr<const RenderedCredential> render_credential(const CredentialSpec& spec, const RenderContext& context) {
    return make(spec, context, {});
}

std::shared_ptr<const RenderedCredential> SharedCredentials::get(const std::shared_ptr<const CompiledPolicy>& policy,
                                                                 const CredentialSpec& spec,
                                                                 const RenderContext& context) {
    auto parts = parts_of(spec, context.secrets);
    if (!parts) return render_credential(spec, context);
    Known& known = known_[&spec];
    if (known.credential == nullptr || known.credential->parts != *parts) {
        known = {policy, make(spec, context, std::move(*parts))};
    }
    return known.credential;
}

}  // namespace sallyport::rules
