#include "secrets/location.h"

#include <algorithm>
#include <cstdlib>

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

Result<std::string> filled_in(const SecretSource& source, const Identity& identity) {
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
        const auto value = value_of(part, identity);
        if (!value) return failure(value.error());
        if (!may_be_part(source.kind, *value)) {
            return failure(ErrorCode::secret_unavailable, describe(part) + " may not be part of a location");
        }
        location += *value;
    }
    if (source.kind != SourceKind::env && !is_fixed && has_dot_component(location)) {
        return failure(ErrorCode::secret_unavailable, "what is filled in would lead to another folder");
    }
    return location;
}

// systemd sets the variable for the services that it gives credentials to.
Result<std::string> credential_path(const std::string& name) {
    if (name == "." || name == ".." || name.find('/') != name.npos) {
        return failure(ErrorCode::secret_unavailable, "not the name of a credential");
    }
    const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
    if (directory == nullptr || *directory == '\0') {
        return failure(ErrorCode::secret_unavailable,
                       "CREDENTIALS_DIRECTORY is not set: the service needs LoadCredential= or SetCredential=");
    }
    return std::string(directory) + "/" + name;
}

}  // namespace

Result<std::string_view> value_of(const TemplatePart& part, const Identity& identity) {
    const auto missing = [&] { return failure(ErrorCode::secret_unavailable, describe(part) + " is not set"); };
    if (part.kind == PartKind::sandbox_id) {
        if (identity.sandbox.empty()) return missing();
        return std::string_view(identity.sandbox);
    }
    const Params& values = part.kind == PartKind::label ? identity.labels : identity.params;
    const auto found = part.kind == PartKind::secret ? values.end() : values.find(part.text);
    if (found == values.end()) return missing();
    return std::string_view(found->second);
}

Result<std::string> resolve_location(const SecretSource& source, const Identity& identity) {
    if (source.kind == SourceKind::provider) return failure(ErrorCode::secret_unavailable, "it is at no place of its own");
    auto location = filled_in(source, identity);
    if (!location || source.kind != SourceKind::systemd) return location;
    return credential_path(*location);
}

}  // namespace sallyport::secrets
