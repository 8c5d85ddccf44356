#include "secrets/template_text.h"

#include <algorithm>
#include <utility>

namespace sallyport::secrets {
namespace {

constexpr std::size_t kNameSizeMax = 63;
constexpr std::string_view kSecrets = "secrets.";
constexpr std::string_view kParams = "params.";
constexpr std::string_view kLabels = "labels.";

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

Result<TemplatePart> parse_reference(std::string_view inner) {
    if (inner == "sandbox.id") return TemplatePart{PartKind::sandbox_id, ""};
    constexpr std::pair<std::string_view, PartKind> kKinds[] = {
        {kSecrets, PartKind::secret}, {kParams, PartKind::param}, {kLabels, PartKind::label}};
    for (const auto& [prefix, kind] : kKinds) {
        if (!inner.starts_with(prefix) || !is_name(inner.substr(prefix.size()))) continue;
        return TemplatePart{kind, std::string(inner.substr(prefix.size()))};
    }
    return failure(ErrorCode::config_invalid,
                   "a reference is ${secrets.NAME}, ${params.NAME}, ${labels.NAME} or ${sandbox.id}");
}

}  // namespace

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kNameSizeMax && std::all_of(text.begin(), text.end(), is_name_char) &&
           text.front() != '-' && text.back() != '-';
}

Result<TemplateText> parse_template(std::string_view text) {
    TemplateText parts;
    while (!text.empty()) {
        const auto start = text.find("${");
        if (start != 0) parts.push_back({PartKind::literal, std::string(text.substr(0, start))});
        if (start == std::string_view::npos) break;
        const auto end = text.find('}', start);
        if (end == std::string_view::npos)
            return failure(ErrorCode::config_invalid, "a reference \"${\" is not closed");
        auto part = parse_reference(text.substr(start + 2, end - start - 2));
        if (!part) return failure(part.error());
        parts.push_back(std::move(*part));
        text.remove_prefix(end + 1);
    }
    return parts;
}

std::string describe(const TemplatePart& part) {
    if (part.kind == PartKind::sandbox_id) return "the sandbox's id";
    return (part.kind == PartKind::label ? "label \"" : "parameter \"") + part.text + '"';
}

}  // namespace sallyport::secrets
