#include "http/http2_fields.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "http/characters.h"

namespace sallyport::http {
namespace {

// RFC 9113 section 8.2.2.
constexpr std::string_view kOfConnection[] = {"connection", "keep-alive", "proxy-connection", "transfer-encoding",
                                              "upgrade", "http2-settings"};

bool is_left_out(const HeaderMap::Field& field) {
    if (equals_ignoring_case(field.name, "te")) return !equals_ignoring_case(field.value, "trailers");
    return std::any_of(std::begin(kOfConnection), std::end(kOfConnection),
                       [&](std::string_view name) { return equals_ignoring_case(field.name, name); });
}

constexpr std::size_t kOtherFieldsMax = 8;  // pseudo-fields and a length

}  // namespace

Http2FieldList::Http2FieldList(const RequestHead& head, Scheme scheme) {
    fields_.reserve(head.headers.size() + kOtherFieldsMax);
    const Indexing indexing = head.holds_secrets ? Indexing::never : Indexing::allowed;
    add(":method", head.upgrade ? "CONNECT" : std::string_view(head.method));
    if (head.upgrade) add(":protocol", head.protocol.empty() ? "websocket" : std::string_view(head.protocol));
    add(":scheme", to_string(scheme));
    if (const auto host = head.headers.get("host")) add(":authority", *host);
    add(":path", path_of(head), indexing);
    for (const auto [name, value] : head.headers) {
        if (is_left_out({name, value}) || equals_ignoring_case(name, "host")) continue;
        // RFC 8441 section 5: what it would be for is done by `:protocol`.
        if (head.upgrade && equals_ignoring_case(name, "sec-websocket-key")) continue;
        add(name, value, indexing);
    }
    if (!head.upgrade) add_length(head.body);
}

// Of a target in absolute-form, what follows the authority (RFC 9113 section 8.3.1).
std::string_view Http2FieldList::path_of(const RequestHead& head) {
    const std::string_view target = head.target;
    const std::size_t colon = target.find("://");
    if (target.starts_with('/') || colon == std::string_view::npos) return target;
    const std::string_view rest = target.substr(colon + 3);
    const std::size_t path = rest.find_first_of("/?");
    if (path == std::string_view::npos) return head.method == "OPTIONS" ? "*" : "/";
    if (rest[path] == '/') return rest.substr(path);
    path_ = "/" + std::string(rest.substr(path));
    return path_;
}

Http2FieldList::Http2FieldList(const ResponseHead& head) {
    fields_.reserve(head.headers.size() + kOtherFieldsMax);
    add_number(":status", static_cast<std::uint64_t>(head.status), status_digits_);
    add_all(head.headers);
    add_length(head.body);
}

Http2FieldList::Http2FieldList(const HeaderMap& trailers) {
    fields_.reserve(trailers.size());
    add_all(trailers);
}

void Http2FieldList::add(std::string_view name, std::string_view value, Indexing indexing) {
    const auto bytes = [](std::string_view text) {
        return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    const std::uint8_t flags = indexing == Indexing::never ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
    // RFC 9113 section 8.2.1: white space around a value is malformed here.
    value = trim(value);
    fields_.push_back({bytes(name), bytes(value), name.size(), value.size(), flags});
}

void Http2FieldList::add_all(const HeaderMap& headers) {
    for (const auto [name, value] : headers) {
        if (!is_left_out({name, value})) add(name, value);
    }
}

void Http2FieldList::add_number(std::string_view name, std::uint64_t value, Digits& digits) {
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    add(name, {digits.data(), static_cast<std::size_t>(written.ptr - digits.data())});
}

// RFC 9113 section 8.1.1: where none was, none is needed.
void Http2FieldList::add_length(const BodyFraming& body) {
    if (body.kind == BodyKind::length && body.is_declared) {
        add_number("content-length", body.length_bytes, length_digits_);
    }
}

}  // namespace sallyport::http
