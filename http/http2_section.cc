#include "http/http2_section.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "http/characters.h"
#include "http/http1_framing.h"

namespace sallyport::http {
namespace {

// RFC 9113 section 6.5.2 counts so much for a field beside its bytes.
constexpr std::size_t kFieldOverheadBytes = 32;

// RFC 9113 section 8.2.2.
constexpr std::string_view kOfConnection[] = {"connection", "keep-alive", "proxy-connection", "transfer-encoding",
                                              "upgrade"};

using Check = int (*)(const std::uint8_t*, std::size_t);

bool passes(Check check, std::string_view text) {
    return check(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()) != 0;
}

bool is_lower_token(std::string_view name) {
    const bool has_upper = std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    return !has_upper && is_token(name) && passes(nghttp2_check_header_name, name);
}

// RFC 9113 section 8.2.1: no white space around it either.
bool is_bare_value(std::string_view value) {
    return is_field_value(value) && trim(value).size() == value.size() &&
           passes(nghttp2_check_header_value_rfc9113, value);
}

bool is_of_connection(std::string_view name, std::string_view value) {
    if (name == "te") return !equals_ignoring_case(value, "trailers");
    return std::find(std::begin(kOfConnection), std::end(kOfConnection), name) != std::end(kOfConnection);
}

// RFC 9113 section 8.3.1: no userinfo.
bool is_authority(std::string_view text) {
    return !text.empty() && is_printable(text, 0x21) && text.find('@') == std::string_view::npos &&
           passes(nghttp2_check_authority, text);
}

bool is_path(std::string_view text) {
    return !text.empty() && is_printable(text, 0x21) && passes(nghttp2_check_path, text);
}

// Methods whose content HTTP/1 announces even where there is none (RFC 9110 section 8.6).
bool expects_content(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

std::optional<int> parse_status(const std::optional<std::string>& text) {
    if (!text || text->size() != 3 || !std::all_of(text->begin(), text->end(), is_digit)) return std::nullopt;
    const int status = ((*text)[0] - '0') * 100 + ((*text)[1] - '0') * 10 + ((*text)[2] - '0');
    if (status < 100) return std::nullopt;
    return status;
}

}  // namespace

void Http2Section::begin(Kind kind) {
    kind_ = kind;
    fields_ = HeaderMap();
    pseudo_ = Pseudo();
    has_regular_ = false;
    host_.reset();
    cookie_.clear();
    cookies_ = bytes_ = decoded_bytes_ = count_ = 0;
    fault_.reset();
}

void Http2Section::fail(ErrorCode code, const char* why) {
    if (!fault_) fault_ = Error{code, why};
}

void Http2Section::add(std::string_view name, std::string_view value) {
    decoded_bytes_ += name.size() + value.size() + kFieldOverheadBytes;
    if (fault_) return;
    check_size(name.size() + value.size());
    if (fault_) return;
    if (name.starts_with(':')) return add_pseudo(name, value);
    has_regular_ = true;
    if (!is_lower_token(name)) return fail(ErrorCode::bad_request, "a field name that is none in HTTP/2");
    if (!is_bare_value(value)) return fail(ErrorCode::bad_request, "a field value that is none in HTTP/2");
    if (is_of_connection(name, value)) return fail(ErrorCode::bad_request, "a field that belongs to HTTP/1 connections");
    if (kind_ == Kind::request) return add_request_field(name, value);
    fields_.add(name, value);
}

void Http2Section::check_size(std::size_t bytes) {
    bytes_ += bytes;
    const std::size_t bytes_max = kind_ == Kind::trailers ? limits_.trailer_bytes_max : limits_.header_bytes_max;
    if (++count_ > limits_.header_count_max || bytes_ > bytes_max) {
        fail(ErrorCode::header_too_large, "too many or too long fields");
    }
}

std::optional<std::string>* Http2Section::slot(std::string_view name) {
    if (kind_ == Kind::response) return name == ":status" ? &pseudo_.status : nullptr;
    if (kind_ == Kind::trailers) return nullptr;
    if (name == ":method") return &pseudo_.method;
    if (name == ":scheme") return &pseudo_.scheme;
    if (name == ":authority") return &pseudo_.authority;
    if (name == ":path") return &pseudo_.path;
    if (name == ":protocol") return &pseudo_.protocol;
    return nullptr;
}

void Http2Section::add_pseudo(std::string_view name, std::string_view value) {
    if (has_regular_) return fail(ErrorCode::bad_request, "a pseudo-field after a field");
    std::optional<std::string>* const found = slot(name);
    if (found == nullptr) return fail(ErrorCode::bad_request, "a pseudo-field that does not belong here");
    if (*found) return fail(ErrorCode::bad_request, "a repeated pseudo-field");
    *found = std::string(value);
    // So that it is the first of the head, as in HTTP/1.
    if (found != &pseudo_.authority) return;
    if (!is_authority(value)) return fail(ErrorCode::bad_authority, "an :authority that is none");
    fields_.add("Host", value);
}

void Http2Section::add_request_field(std::string_view name, std::string_view value) {
    if (name == "host") {
        if (host_) return fail(ErrorCode::bad_authority, "two Hosts");
        if (!is_authority(value)) return fail(ErrorCode::bad_authority, "a Host that is none");
        host_ = std::string(value);
        if (pseudo_.authority && *pseudo_.authority != value) {
            fail(ErrorCode::bad_authority, "a Host that is not the :authority");
        }
        return;
    }
    if (name == "cookie") {
        if (cookies_++ > 0) cookie_ += "; ";
        cookie_ += value;
    }
    fields_.add(name, value);
}

Result<void> Http2Section::finish_request(Scheme scheme, Ends ends, RequestHead& head) {
    head.clear();
    if (pseudo_.protocol || pseudo_.method == "CONNECT") check_connect();
    check_target(scheme);
    if (!fault_) arrange_fields();
    if (!fault_) settle_request_body(ends, head.body);
    if (fault_) return failure(*fault_);
    head.method = std::move(*pseudo_.method);
    head.target = std::move(pseudo_.path ? *pseudo_.path : *pseudo_.authority);
    head.version_major = 2;
    head.version_minor = 0;
    head.headers = std::move(fields_);
    const FramingFields fields = read_framing_fields(head.headers);
    head.expect_continue = fields.expectations == 1 && fields.expects_continue && ends == Ends::no;
    head.upgrade = head.method == "CONNECT";
    if (pseudo_.protocol) head.protocol = std::move(*pseudo_.protocol);
    return {};
}

// RFC 9113 section 8.5, RFC 8441 section 4.
void Http2Section::check_connect() {
    if (pseudo_.method != "CONNECT") return fail(ErrorCode::bad_request, ":protocol without CONNECT");
    if (!pseudo_.authority) return fail(ErrorCode::bad_authority, "CONNECT without :authority");
    if (pseudo_.protocol && !is_token(*pseudo_.protocol)) return fail(ErrorCode::bad_request, "a :protocol that is none");
    if (!pseudo_.protocol && (pseudo_.path || pseudo_.scheme)) {
        fail(ErrorCode::bad_request, "CONNECT with :path or :scheme");
    }
}

void Http2Section::check_target(Scheme scheme) {
    if (!pseudo_.method || !is_token(*pseudo_.method) || !passes(nghttp2_check_method, *pseudo_.method)) {
        return fail(ErrorCode::bad_request, "no :method");
    }
    if (pseudo_.method == "CONNECT" && !pseudo_.protocol) return;
    if (!pseudo_.scheme || *pseudo_.scheme != to_string(scheme)) {
        return fail(ErrorCode::bad_request, "no :scheme, or not the connection's");
    }
    if (!pseudo_.path || !is_path(*pseudo_.path)) return fail(ErrorCode::bad_path, "no :path, or a malformed one");
    if (pseudo_.path->size() > limits_.target_bytes_max) return fail(ErrorCode::uri_too_long, "an overlong :path");
    // Absolute-form would name a second authority.
    const bool is_asterisk = *pseudo_.path == "*" && pseudo_.method == "OPTIONS";
    if (!pseudo_.path->starts_with('/') && !is_asterisk) fail(ErrorCode::bad_path, "a :path that is not absolute");
}

// Host first, and one cookie field of all that RFC 9113 section 8.2.3 allows to send.
void Http2Section::arrange_fields() {
    const bool lacks_host = !pseudo_.authority && host_;
    if (!lacks_host && cookies_ < 2) return;
    HeaderMap arranged;
    if (lacks_host) arranged.add("Host", *host_);
    bool has_cookie = false;
    for (const auto [name, value] : fields_) {
        const bool is_cookie = name == "cookie";
        if (!is_cookie || !has_cookie) arranged.add(name, is_cookie ? std::string_view(cookie_) : value);
        has_cookie = has_cookie || is_cookie;
    }
    fields_ = std::move(arranged);
}

// Nothing where no field says so, and after a fault.
std::optional<BodyFraming> Http2Section::declared_length(Ends ends) {
    const FramingFields fields = read_framing_fields(fields_);
    if (fields.content_lengths == 0) return std::nullopt;
    if (fields.content_lengths > 1 || !fields.content_length) {
        fail(ErrorCode::bad_framing, "Content-Length");
        return std::nullopt;
    }
    if (ends == Ends::yes && *fields.content_length > 0) fail(ErrorCode::bad_framing, "a body that does not come");
    return BodyFraming{BodyKind::length, *fields.content_length};
}

void Http2Section::settle_request_body(Ends ends, BodyFraming& body) {
    const auto declared = declared_length(ends);
    if (pseudo_.method == "CONNECT") {
        if (declared) fail(ErrorCode::bad_framing, "CONNECT with Content-Length");
        body.kind = ends == Ends::yes ? BodyKind::none : BodyKind::chunked;
        return;
    }
    if (declared) {
        body = *declared;
    } else if (ends == Ends::no) {
        body.kind = BodyKind::chunked;
    } else if (expects_content(*pseudo_.method)) {
        body = {BodyKind::length, 0, false};
    }
}

Result<void> Http2Section::finish_response(std::string_view request_method, Ends ends, ResponseHead& head) {
    head.clear();
    const auto status = parse_status(pseudo_.status);
    if (!status) fail(ErrorCode::bad_request, "no :status");
    if (status == 101) fail(ErrorCode::bad_request, "101 in HTTP/2");
    if (status && *status < 200 && ends == Ends::yes) fail(ErrorCode::bad_request, "no response after an interim one");
    if (!fault_) settle_response_body(request_method, ends, *status, head.body);
    if (fault_) return failure(*fault_);
    head.status = *status;
    head.version_major = 2;
    head.version_minor = 0;
    head.headers = std::move(fields_);
    return {};
}

void Http2Section::settle_response_body(std::string_view request_method, Ends ends, int status, BodyFraming& body) {
    // RFC 9110 section 9.3.6: a tunnel has no length, whatever is said.
    if (request_method == "CONNECT" && status >= 200 && status < 300) {
        body.kind = ends == Ends::yes ? BodyKind::none : BodyKind::chunked;
        return;
    }
    const bool has_none = status < 200 || status == 204 || status == 304 || request_method == "HEAD";
    const auto declared = declared_length(has_none ? Ends::no : ends);
    if (has_none) return;
    if (declared) {
        body = *declared;
    } else if (ends == Ends::no) {
        body.kind = BodyKind::chunked;
    } else {
        body = {BodyKind::length, 0, false};
    }
}

Result<void> Http2Section::finish_trailers(Ends ends, HeaderMap& trailers) {
    if (ends == Ends::no) fail(ErrorCode::bad_request, "trailers that end nothing");
    if (fault_) return failure(*fault_);
    trailers = std::move(fields_);
    return {};
}

}  // namespace sallyport::http
