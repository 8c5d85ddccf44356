#include "http/http1_machine.h"

#include <algorithm>
#include <string>

#include "base/check.h"
#include "http/characters.h"

namespace sallyport::http {
namespace {

// Method, spaces and version beside the target.
constexpr std::size_t kStartLineRestBytesMax = 64;
// Sixteen digits say every 64-bit size; longer lines only serve to make two readers differ.
constexpr int kChunkDigitsMax = 16;

void extend(std::string_view& span, const char* at, std::size_t size) {
    span = span.empty() ? std::string_view(at, size) : std::string_view(span.data(), at + size - span.data());
}

}  // namespace

Http1Machine::Http1Machine(llhttp_type_t type, const Http1Limits& limits, const Faults& faults)
    : limits_(limits),
      faults_(faults) {
    llhttp_init(&llhttp_, type, &settings());
    llhttp_.data = this;
}

Result<std::size_t> Http1Machine::feed(std::string_view bytes) {
    if (failed_) return failure(*failed_);
    if (bytes.empty()) return 0;
    std::size_t taken = held_ ? 1 : 0;
    held_ = false;
    while (state_ != State::end) {
        if (taken == bytes.size()) return taken;
        next_ = Next::go;
        taken += advance(bytes.substr(taken));
        if (failed_) return failure(*failed_);
        if (next_ == Next::go) continue;
        held_ = true;
        return taken - 1;
    }
    state_ = State::start;
    emit_end(trailers_);
    return taken;
}

// One step: at most one event, at least one byte.
std::size_t Http1Machine::advance(std::string_view bytes) {
    switch (state_) {
        case State::start: return take_empty_line(bytes);
        case State::head: return take_head(bytes);
        case State::identity:
        case State::chunk_data: return take_body(bytes, std::min<std::uint64_t>(bytes.size(), llhttp_.content_length));
        case State::until_close: return take_body(bytes, bytes.size());
        case State::chunk_line: return take_chunk_line(bytes);
        case State::chunk_end: return take_chunk_end(bytes);
        case State::trailers: return take_trailers(bytes);
        case State::end: break;
    }
    SALLYPORT_CHECK(false);
}

// RFC 9112 section 2.2 lets a server ignore one empty line before a request.
std::size_t Http1Machine::take_empty_line(std::string_view bytes) {
    if (llhttp_.type == HTTP_REQUEST && empty_line_bytes_ < 2 && bytes.front() == "\r\n"[empty_line_bytes_]) {
        ++empty_line_bytes_;
        return 1;
    }
    if (empty_line_bytes_ == 1) fail(faults_.malformed, "a CR alone before the request");
    empty_line_bytes_ = 0;
    state_ = State::head;
    begin_section(llhttp_.type == HTTP_REQUEST ? SectionScanner::Kind::request : SectionScanner::Kind::response,
                  limits_.header_bytes_max);
    return take_head(bytes);
}

void Http1Machine::begin_section(SectionScanner::Kind kind, std::size_t bytes_max) {
    SectionScanner::Limits limits{bytes_max, bytes_max, limits_.header_count_max};
    if (kind == SectionScanner::Kind::request) {
        limits.start_line_bytes_max = std::min(bytes_max, limits_.target_bytes_max + kStartLineRestBytesMax);
    }
    scanner_.start(kind, limits);
}

// Whether the section is complete.
bool Http1Machine::scan(std::string_view bytes, std::size_t& taken) {
    switch (scanner_.feed(bytes, taken)) {
        case SectionFault::none: return scanner_.complete();
        case SectionFault::malformed: fail(faults_.malformed, "a malformed line"); break;
        case SectionFault::too_large: fail(faults_.too_large, "too many or too long fields"); break;
        case SectionFault::start_line_too_long: fail(faults_.start_line_too_long, "an overlong start line"); break;
    }
    return false;
}

std::size_t Http1Machine::take_head(std::string_view bytes) {
    std::size_t taken = 0;
    if (failed_ || !scan(bytes, taken)) return taken;
    if (const auto checked = check_start_line(scanner_.start_line()); !checked) {
        fail(checked.error().code, checked.error().detail);
        return taken;
    }
    llhttp_reset(&llhttp_);
    line_ = {scanner_.start_line()};
    fields_ = &begin_head();
    trailers_.clear();
    complete_ = false;
    if (execute(scanner_.section())) on_head_complete();
    return taken;
}

void Http1Machine::on_head_complete() {
    if (fields_->size() != scanner_.fields() || !llhttp_agrees()) {
        fail(faults_.framing, "two readings of the head");
        return;
    }
    switch (framing_.kind) {
        case BodyKind::none: state_ = is_interim() ? State::start : State::end; break;
        case BodyKind::length: state_ = framing_.length_bytes == 0 ? State::end : State::identity; break;
        case BodyKind::chunked: state_ = State::chunk_line; break;
        case BodyKind::until_close: state_ = State::until_close; break;
    }
    chunk_line_bytes_ = 0;
    chunk_line_cr_ = false;
    next_ = emit_head();
}

// Two parsers must see one message: ours, and llhttp.
bool Http1Machine::llhttp_agrees() const {
    switch (framing_.kind) {
        case BodyKind::none: return complete_;
        case BodyKind::length:
            return framing_.length_bytes == 0 ? complete_
                                              : !complete_ && llhttp_.content_length == framing_.length_bytes;
        case BodyKind::chunked: return !complete_ && (llhttp_.flags & F_CHUNKED) != 0;
        case BodyKind::until_close: return !complete_ && llhttp_message_needs_eof(&llhttp_) != 0;
    }
    return false;
}

std::size_t Http1Machine::take_body(std::string_view bytes, std::size_t size) {
    body_ = {};
    if (!execute(bytes.substr(0, size))) return 0;
    if (body_.size() != size) {
        fail(faults_.framing, "two readings of the body");
        return 0;
    }
    if (state_ == State::identity && complete_) state_ = State::end;
    if (state_ == State::chunk_data && llhttp_.content_length == 0) {
        state_ = State::chunk_end;
        chunk_end_bytes_ = 0;
    }
    next_ = emit_body(body_);
    return size;
}

// 1*16HEXDIG CRLF: no extension, no space, no bare LF.
std::size_t Http1Machine::take_chunk_line(std::string_view bytes) {
    std::size_t size = 0;
    bool ended = false;
    while (size < bytes.size() && !ended) {
        const char c = bytes[size++];
        if (chunk_line_cr_) {
            ended = c == '\n';
            if (ended) break;
        } else if (c == '\r' && chunk_line_bytes_ > 0) {
            chunk_line_cr_ = true;
            continue;
        } else if (hex_value(c) >= 0 && ++chunk_line_bytes_ <= kChunkDigitsMax) {
            continue;
        }
        fail(faults_.framing, "a malformed chunk size");
        return 0;
    }
    if (!execute(bytes.substr(0, size)) || !ended) return size;
    chunk_line_bytes_ = 0;
    chunk_line_cr_ = false;
    if (llhttp_.content_length > INT64_MAX) fail(faults_.framing, "a chunk beyond all sizes");
    state_ = State::chunk_data;
    if (llhttp_.content_length == 0) {
        state_ = State::trailers;
        fields_ = &trailers_;
        begin_section(SectionScanner::Kind::trailers, limits_.trailer_bytes_max);
    }
    return size;
}

std::size_t Http1Machine::take_chunk_end(std::string_view bytes) {
    if (bytes.front() != "\r\n"[chunk_end_bytes_]) {
        fail(faults_.framing, "a chunk longer than its size");
        return 0;
    }
    if (!execute(bytes.substr(0, 1))) return 0;
    if (++chunk_end_bytes_ == 2) state_ = State::chunk_line;
    return 1;
}

std::size_t Http1Machine::take_trailers(std::string_view bytes) {
    std::size_t taken = 0;
    if (!scan(bytes, taken) || !execute(scanner_.section())) return taken;
    if (!complete_ || trailers_.size() != scanner_.fields()) fail(faults_.framing, "two readings of the trailers");
    state_ = State::end;
    return taken;
}

tl::unexpected<Error> Http1Machine::fail(ErrorCode code, std::string_view why) {
    if (!failed_) failed_ = Error{code, std::string(why)};
    return failure(*failed_);
}

bool Http1Machine::execute(std::string_view bytes) {
    const llhttp_errno_t error = llhttp_execute(&llhttp_, bytes.data(), bytes.size());
    if (error == HPE_OK) return true;
    fail(code_of(error), llhttp_get_error_reason(&llhttp_));
    return false;
}

ErrorCode Http1Machine::code_of(llhttp_errno_t error) const {
    switch (error) {
        case HPE_UNEXPECTED_CONTENT_LENGTH:
        case HPE_INVALID_CONTENT_LENGTH:
        case HPE_INVALID_TRANSFER_ENCODING:
        case HPE_INVALID_CHUNK_SIZE: return faults_.framing;
        default: return state_ == State::head ? faults_.malformed : faults_.framing;
    }
}

// Nothing of ours throws but bad_alloc, and then the process ends: llhttp is C.
const llhttp_settings_t& Http1Machine::settings() {
    static const llhttp_settings_t kSettings = [] {
        llhttp_settings_t s;
        llhttp_settings_init(&s);
        s.on_method = [](llhttp_t* p, const char* at, std::size_t n) noexcept {
            return extend(of(p).line_.method, at, n), 0;
        };
        s.on_url = [](llhttp_t* p, const char* at, std::size_t n) noexcept {
            return extend(of(p).line_.target, at, n), 0;
        };
        s.on_status = [](llhttp_t* p, const char* at, std::size_t n) noexcept {
            return extend(of(p).line_.reason, at, n), 0;
        };
        s.on_header_field = [](llhttp_t* p, const char* at, std::size_t n) noexcept {
            return extend(of(p).name_, at, n), 0;
        };
        s.on_header_value = [](llhttp_t* p, const char* at, std::size_t n) noexcept {
            return extend(of(p).value_, at, n), 0;
        };
        s.on_body = [](llhttp_t* p, const char* at, std::size_t n) noexcept { return extend(of(p).body_, at, n), 0; };
        s.on_header_value_complete = [](llhttp_t* p) noexcept { return of(p).add_field(), 0; };
        s.on_headers_complete = [](llhttp_t* p) noexcept { return of(p).on_headers_complete(); };
        s.on_message_complete = [](llhttp_t* p) noexcept { return of(p).complete_ = true, 0; };
        return s;
    }();
    return kSettings;
}

void Http1Machine::add_field() noexcept {
    fields_->add(name_, trim(value_));
    name_ = value_ = {};
}

// 1 tells llhttp that no body follows, whatever the fields say.
int Http1Machine::on_headers_complete() noexcept {
    // An upgrade is answered, never followed: the bytes after it are the next message.
    llhttp_.upgrade = 0;
    line_.status = llhttp_.status_code;
    line_.version_minor = llhttp_.http_minor;
    const Result<BodyFraming> settled = settle(line_);
    if (!settled) {
        fail(settled.error().code, settled.error().detail);
        return -1;
    }
    framing_ = *settled;
    return llhttp_.type == HTTP_RESPONSE && framing_.kind == BodyKind::none ? 1 : 0;
}

}  // namespace sallyport::http
