#include "secrets/inputs.h"

#include <algorithm>
#include <set>

#include "secrets/location.h"
#include "secrets/provider.h"
#include "secrets/template_text.h"

namespace sallyport::secrets {
namespace {

void visit_parts(const SecretSource& source, const std::function<void(const TemplatePart&)>& visit) {
    const auto visit_text = [&](const TemplateText& text) { std::for_each(text.begin(), text.end(), visit); };
    if (source.provider) return source.provider->visit_templates(visit_text);
    if (const auto location = parse_template(source.location)) visit_text(*location);
}

// The references of a source and of all that it needs, with what they stand for.
class OwnPart {
public:
    OwnPart(const std::vector<SecretSource>& sources, const Identity& identity) : sources_(sources), identity_(identity) {}

    void take(const SecretSource& source) {
        if (!seen_.insert(source.name).second) return;
        visit_parts(source, [&](const TemplatePart& part) {
            if (part.kind == PartKind::secret) return take_named(part.text);
            if (part.kind != PartKind::literal) note(part);
        });
    }

    std::string text() const {
        std::string all;
        for (const std::string& each : values_) all.append(each).append(1, '\0');
        return all;
    }

private:
    void take_named(const std::string& name) {
        for (const SecretSource& source : sources_) {
            if (source.name == name) take(source);
        }
    }

    void note(const TemplatePart& part) {
        const auto value = value_of(part, identity_);
        values_.insert(describe(part) + (value ? "=" + std::string(*value) : "?"));
    }

    const std::vector<SecretSource>& sources_;
    const Identity& identity_;
    std::set<std::string, std::less<>> seen_;
    std::set<std::string, std::less<>> values_;
};

}  // namespace

std::vector<std::string> inputs_of(const SecretSource& source) {
    std::vector<std::string> names;
    if (!source.provider) return names;
    visit_parts(source, [&](const TemplatePart& part) {
        const bool is_known = std::find(names.begin(), names.end(), part.text) != names.end();
        if (part.kind == PartKind::secret && !is_known) names.push_back(part.text);
    });
    return names;
}

std::string own_part(const SecretSource& source, const std::vector<SecretSource>& sources, const Identity& identity) {
    OwnPart part(sources, identity);
    part.take(source);
    return part.text();
}

}  // namespace sallyport::secrets
