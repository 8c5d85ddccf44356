#include "secrets/template_text.h"

#include <algorithm>

namespace sallyport::secrets {
namespace {

constexpr std::size_t kNameSizeMax = 63;
constexpr std::string_view kSecrets = "secrets.";
constexpr std::string_view kParams = "params.";

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

Result<TemplatePart> parse_reference(std::string_view inner) {
    PartKind kind = PartKind::literal;
    std::string_view name;
    if (inner.starts_with(kSecrets)) {
        kind = PartKind::secret;
        name = inner.substr(kSecrets.size());
    } else if (inner.starts_with(kParams)) {
        kind = PartKind::param;
        name = inner.substr(kParams.size());
    }
    if (!is_name(name)) return failure(ErrorCode::config_invalid, "a reference is ${secrets.NAME} or ${params.NAME}");
    return TemplatePart{kind, std::string(name)};
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

}  // namespace sallyport::secrets
