#include "secrets/location.h"

#include <algorithm>

#include "secrets/template_text.h"

namespace sallyport::secrets {
namespace {

bool is_variable_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool may_be_part(SourceKind kind, std::string_view value) {
    if (value.empty()) return false;
    if (kind == SourceKind::env) return std::all_of(value.begin(), value.end(), is_variable_char);
    return value != "." && value != ".." && value.find('/') == value.npos && value.find('\0') == value.npos;
}

// "/run/.${params.x}/pat" with "." for x: each part is harmless, the whole is not.
bool has_dot_component(std::string_view path) {
    for (std::size_t start = 0; start <= path.size();) {
        const auto end = std::min(path.find('/', start), path.size());
        const auto component = path.substr(start, end - start);
        if (component == "." || component == "..") return true;
        start = end + 1;
    }
    return false;
}

}  // namespace

Result<std::string> resolve_location(const SecretSource& source, const Params& params) {
    const auto parts = parse_template(source.location);
    if (!parts) return failure(ErrorCode::secret_unavailable, parts.error().detail);
    std::string location;
    bool is_fixed = true;
    for (const TemplatePart& part : *parts) {
        if (part.kind == PartKind::literal) {
            location += part.text;
            continue;
        }
        is_fixed = false;
        const auto param = part.kind == PartKind::param ? params.find(part.text) : params.end();
        if (param == params.end()) {
            return failure(ErrorCode::secret_unavailable, "parameter \"" + part.text + "\" is not set");
        }
        if (!may_be_part(source.kind, param->second)) {
            return failure(ErrorCode::secret_unavailable,
                           "parameter \"" + part.text + "\" may not be part of a location");
        }
        location += param->second;
    }
    if (source.kind == SourceKind::file && !is_fixed && has_dot_component(location)) {
        return failure(ErrorCode::secret_unavailable, "a parameter would lead to another folder");
    }
    return location;
}

}  // namespace sallyport::secrets
