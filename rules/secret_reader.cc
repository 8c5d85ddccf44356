#include "rules/secret_reader.h"

#include <algorithm>
#include <array>

#include "rules/fields.h"
#include "secrets/template_text.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 2> kKeys{"env", "file"};
constexpr std::array<std::string_view, 12> kUnsupportedKeys{
    "command", "vault", "refresh", "exec", "aws", "gcp", "azure", "keyring", "onepassword", "http", "field", "oauth2",
};

bool is_variable_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_variable_part(const secrets::TemplatePart& part) {
    return part.kind != secrets::PartKind::literal || std::all_of(part.text.begin(), part.text.end(), is_variable_char);
}

// Empty where the location is fine.
std::string fault_of(secrets::SourceKind kind, std::string_view location) {
    const auto parts = secrets::parse_template(location);
    if (!parts) return parts.error().detail;
    for (const auto& part : *parts) {
        if (part.kind == secrets::PartKind::secret) return "a secret's place may refer to ${params.NAME}, ${labels.NAME} and ${sandbox.id} only";
    }
    const bool is_env = kind == secrets::SourceKind::env;
    if (is_env && !std::all_of(parts->begin(), parts->end(), is_variable_part)) return "not the name of a variable";
    return {};
}

}  // namespace

std::optional<secrets::SecretSource> read_secret(const std::string& name, const Node& node, Reporter& reporter) {
    if (!expect_map(node, "secret " + quote(name), {kKeys, kUnsupportedKeys}, reporter)) return std::nullopt;
    const Node* env = find(node, "env");
    const Node* file = find(node, "file");
    if ((env == nullptr) == (file == nullptr)) {
        if (has_foreign_key(node, kKeys)) return std::nullopt;
        reporter.error(node.place, "a secret comes from either \"env\" or \"file\"");
        return std::nullopt;
    }
    const auto kind = env != nullptr ? secrets::SourceKind::env : secrets::SourceKind::file;
    const std::string_view key = env != nullptr ? "env" : "file";
    const Node& value = env != nullptr ? *env : *file;
    const auto location = read_text(value, key, reporter);
    if (!location) return std::nullopt;
    if (const std::string fault = fault_of(kind, *location); !fault.empty()) {
        reporter.error(value.place, quote(key) + ": " + fault);
        return std::nullopt;
    }
    return secrets::SecretSource{name, kind, std::string(*location)};
}

}  // namespace sallyport::rules
