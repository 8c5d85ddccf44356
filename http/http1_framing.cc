#include "http/http1_framing.h"

#include <charconv>

#include "http/characters.h"

namespace sallyport::http {
namespace {

void read_connection(std::string_view value, FramingFields& fields) {
    for_each_list_element(value, [&](std::string_view option) {
        if (equals_ignoring_case(option, "close")) fields.close = true;
        if (equals_ignoring_case(option, "keep-alive")) fields.keep_alive = true;
        if (equals_ignoring_case(option, "upgrade")) fields.names_upgrade = true;
    });
}

}  // namespace

FramingFields read_framing_fields(const HeaderMap& headers) {
    FramingFields fields;
    for (const auto [name, value] : headers) {
        switch (name.size()) {
            case 6:
                if (!equals_ignoring_case(name, "Expect")) break;
                ++fields.expectations;
                fields.expects_continue = equals_ignoring_case(value, "100-continue");
                break;
            case 7:
                if (equals_ignoring_case(name, "Upgrade")) fields.has_upgrade = true;
                break;
            case 10:
                if (equals_ignoring_case(name, "Connection")) read_connection(value, fields);
                break;
            case 14:
                if (!equals_ignoring_case(name, "Content-Length")) break;
                ++fields.content_lengths;
                fields.content_length = parse_content_length(value);
                break;
            case 17:
                if (!equals_ignoring_case(name, "Transfer-Encoding")) break;
                ++fields.transfer_encodings;
                fields.chunked = equals_ignoring_case(value, "chunked");
                break;
            default: break;
        }
    }
    return fields;
}

std::optional<std::uint64_t> parse_content_length(std::string_view value) {
    if (value.empty() || !is_digit(value.front())) return std::nullopt;
    if (value.front() == '0' && value.size() > 1) return std::nullopt;
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error != std::errc() || end != value.data() + value.size() || length > INT64_MAX) return std::nullopt;
    return length;
}

std::optional<BodyFraming> declared_framing(const FramingFields& fields, int version_minor) {
    if (fields.content_lengths + fields.transfer_encodings == 0) return BodyFraming{};
    if (fields.content_lengths + fields.transfer_encodings > 1) return std::nullopt;
    if (fields.transfer_encodings == 1) {
        if (!fields.chunked || version_minor == 0) return std::nullopt;
        return BodyFraming{BodyKind::chunked, 0};
    }
    if (!fields.content_length) return std::nullopt;
    return BodyFraming{BodyKind::length, *fields.content_length};
}

bool keeps_alive(const FramingFields& fields, int version_minor) {
    return !fields.close && (version_minor >= 1 || fields.keep_alive);
}

}  // namespace sallyport::http
