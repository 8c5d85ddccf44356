#include "rules/body_format.h"

#include <string_view>

#include "http/characters.h"

namespace sallyport::rules {
namespace {

using http::equals_ignoring_case;

bool ends_ignoring_case(std::string_view text, std::string_view ending) {
    return text.size() > ending.size() && equals_ignoring_case(text.substr(text.size() - ending.size()), ending);
}

BodyFormat format_of(std::string_view content_type) {
    const auto type = http::trim(content_type.substr(0, content_type.find_first_of(";,")));
    if (equals_ignoring_case(type, "application/x-www-form-urlencoded")) return BodyFormat::form;
    const bool is_json = equals_ignoring_case(type, "application/json") || equals_ignoring_case(type, "text/json") ||
                         ends_ignoring_case(type, "+json");
    return is_json ? BodyFormat::json : BodyFormat::other;
}

// Of "; charset="; empty for none.
std::string_view charset_of(std::string_view content_type) {
    while (true) {
        const auto semicolon = content_type.find(';');
        if (semicolon == content_type.npos) return {};
        content_type.remove_prefix(semicolon + 1);
        const auto parameter = http::trim(content_type.substr(0, content_type.find(';')));
        const auto equals = parameter.find('=');
        if (equals == parameter.npos || !equals_ignoring_case(http::trim(parameter.substr(0, equals)), "charset")) continue;
        auto value = http::trim(parameter.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        // Something, so that it is not taken for none.
        return value.empty() ? "?" : value;
    }
}

bool is_utf8(std::string_view charset) {
    return charset.empty() || equals_ignoring_case(charset, "utf-8") || equals_ignoring_case(charset, "utf8") ||
           equals_ignoring_case(charset, "us-ascii");
}

}  // namespace

BodyFormat body_format(const http::HeaderMap& headers) {
    for (const http::HeaderMap::Field field : headers) {
        if (!equals_ignoring_case(field.name, "Content-Type")) continue;
        if (const auto format = format_of(field.value); format != BodyFormat::other) return format;
    }
    return BodyFormat::other;
}

bool is_plainly_coded(const http::HeaderMap& headers) {
    if (headers.count("Content-Type") > 1 || !is_utf8(charset_of(headers.get("Content-Type").value_or("")))) return false;
    for (const http::HeaderMap::Field field : headers) {
        if (!equals_ignoring_case(field.name, "Content-Encoding")) continue;
        const auto coding = http::trim(field.value);
        if (!coding.empty() && !equals_ignoring_case(coding, "identity")) return false;
    }
    return true;
}

}  // namespace sallyport::rules
