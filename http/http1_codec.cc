#include "http/http1_codec.h"

#include <llhttp.h>

#include <algorithm>
#include <iterator>

#include "http/characters.h"
#include "http/http1_framing.h"
#include "http/http1_machine.h"

namespace sallyport::http {
namespace {

constexpr std::string_view kKnownMethods[] = {
#define METHOD(number, name, text) #text,
    HTTP_METHOD_MAP(METHOD)
#undef METHOD
};

}  // namespace

bool is_supported_method(std::string_view method) {
    if (method == "CONNECT" || method == "TRACE") return false;
    return std::find(std::begin(kKnownMethods), std::end(kKnownMethods), method) != std::end(kKnownMethods);
}

std::vector<std::string_view> supported_methods() {
    std::vector<std::string_view> methods;
    std::copy_if(std::begin(kKnownMethods), std::end(kKnownMethods), std::back_inserter(methods), is_supported_method);
    return methods;
}

namespace {

// " HTTP/1.0" or " HTTP/1.1" at the end, or another version in the same form.
bool ends_in_version(std::string_view line, bool& supported) {
    if (line.size() < 9) return false;
    const std::string_view version = line.substr(line.size() - 9);
    supported = version == " HTTP/1.1" || version == " HTTP/1.0";
    return version.starts_with(" HTTP/") && is_digit(version[6]) && version[7] == '.' && is_digit(version[8]);
}

// "GET /", which HTTP/0.9 sent, or the name of a version that has more, or fewer, digits.
bool is_other_version(std::string_view line) {
    const std::size_t space = line.rfind(' ');
    if (space == std::string_view::npos || space == 0 || space + 1 == line.size()) return false;
    return line.substr(space + 1).starts_with("HTTP/") || line.find(' ') == space;
}

}  // namespace

class Http1RequestParser::Impl final : public Http1Machine {
public:
    Impl(RequestSink& sink, const Http1Limits& limits)
        : Http1Machine(
              HTTP_REQUEST, limits,
              {ErrorCode::bad_request, ErrorCode::bad_framing, ErrorCode::header_too_large, ErrorCode::uri_too_long}),
          sink_(sink),
          target_bytes_max_(limits.target_bytes_max) {}

    Result<void> finish() {
        if (failed()) return failure(*failed());
        if (!between_messages()) return fail(ErrorCode::client_gone, "closed inside a request");
        return {};
    }

private:
    Result<void> check_start_line(std::string_view line) override {
        bool supported = false;
        if (ends_in_version(line, supported) && supported) return {};
        if (is_other_version(line)) return failure(ErrorCode::unsupported_version, "not HTTP/1.0 or 1.1");
        return failure(ErrorCode::bad_request, "a malformed request line");
    }

    HeaderMap& begin_head() override {
        head_.clear();
        return head_.headers;
    }

    Result<BodyFraming> settle(const StartLine& line) override {
        // "METHOD target HTTP/1.1", and single spaces.
        if (line.method.size() + line.target.size() + 10 != line.whole.size()) {
            return failure(ErrorCode::bad_request, "a malformed request line");
        }
        if (line.target.size() > target_bytes_max_) return failure(ErrorCode::uri_too_long);
        const FramingFields fields = read_framing_fields(head_.headers);
        const auto framing = declared_framing(fields, line.version_minor);
        if (!framing) return failure(ErrorCode::bad_framing, "Content-Length and Transfer-Encoding");
        head_.method.assign(line.method);
        head_.target.assign(line.target);
        head_.version_minor = line.version_minor;
        head_.body = *framing;
        head_.keep_alive = keeps_alive(fields, line.version_minor);
        head_.expect_continue = fields.expectations == 1 && fields.expects_continue && line.version_minor == 1;
        head_.upgrade = (fields.has_upgrade && fields.names_upgrade) || line.method == "CONNECT";
        return *framing;
    }

    Next emit_head() override { return sink_.on_request_head(head_); }
    bool is_interim() const override { return false; }
    Next emit_body(std::string_view bytes) override { return sink_.on_body(bytes); }
    void emit_end(HeaderMap& trailers) override { sink_.on_message_end(trailers); }

    RequestSink& sink_;
    const std::size_t target_bytes_max_;
    RequestHead head_;
};

Http1RequestParser::Http1RequestParser(RequestSink& sink, const Http1Limits& limits)
    : impl_(std::make_unique<Impl>(sink, limits)) {}
Http1RequestParser::~Http1RequestParser() = default;
Result<std::size_t> Http1RequestParser::feed(std::string_view bytes) { return impl_->feed(bytes); }
Result<void> Http1RequestParser::finish() { return impl_->finish(); }
bool Http1RequestParser::between_messages() const { return impl_->between_messages(); }

class Http1ResponseParser::Impl final : public Http1Machine {
public:
    Impl(ResponseSink& sink, const Http1Limits& limits)
        : Http1Machine(HTTP_RESPONSE, limits,
                       {ErrorCode::origin_bad_response, ErrorCode::origin_bad_framing,
                        ErrorCode::origin_header_too_large, ErrorCode::origin_header_too_large}),
          sink_(sink) {}

    void await_response(std::string_view request_method) {
        awaited_ = true;
        answers_head_ = request_method == "HEAD";
        interim_ = 0;
    }

    Result<std::size_t> feed(std::string_view bytes) {
        if (!failed() && !awaited_ && !bytes.empty()) {
            return fail(ErrorCode::origin_bad_response, "bytes that no request asked for");
        }
        return Http1Machine::feed(bytes);
    }

    Result<void> finish() {
        if (failed()) return failure(*failed());
        if (!awaited_) return {};
        if (!in_message_until_close()) return fail(ErrorCode::origin_closed, "closed before the end of a response");
        end_message();
        HeaderMap none;
        emit_end(none);
        return {};
    }

private:
    // "HTTP/1.1 200", with or without a space and a reason.
    Result<void> check_start_line(std::string_view line) override {
        const bool good = (line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ")) && line.size() >= 12 &&
                          line[9] >= '1' && line[9] <= '9' && is_digit(line[10]) && is_digit(line[11]) &&
                          (line.size() == 12 || line[12] == ' ');
        if (!good) return failure(ErrorCode::origin_bad_response, "a malformed status line");
        return {};
    }

    HeaderMap& begin_head() override {
        head_.clear();
        return head_.headers;
    }

    Result<BodyFraming> settle(const StartLine& line) override {
        const FramingFields fields = read_framing_fields(head_.headers);
        auto framing = declared_framing(fields, line.version_minor);
        if (!framing) return failure(ErrorCode::origin_bad_framing, "Content-Length and Transfer-Encoding");
        interim_now_ = line.status < 200;
        if (interim_now_ && ++interim_ > kInterimResponsesMax) {
            return failure(ErrorCode::origin_bad_response, "interim responses without end");
        }
        const bool has_no_body = interim_now_ || answers_head_ || line.status == 204 || line.status == 304;
        if (framing->kind == BodyKind::none) framing->kind = BodyKind::until_close;
        if (has_no_body) framing = BodyFraming{};
        head_.status = line.status;
        head_.reason.assign(trim(line.reason));
        head_.version_minor = line.version_minor;
        head_.body = *framing;
        head_.keep_alive = keeps_alive(fields, line.version_minor) && framing->kind != BodyKind::until_close;
        return *framing;
    }

    Next emit_head() override { return sink_.on_response_head(head_); }
    bool is_interim() const override { return interim_now_; }
    Next emit_body(std::string_view bytes) override { return sink_.on_body(bytes); }
    void emit_end(HeaderMap& trailers) override {
        awaited_ = false;
        sink_.on_message_end(trailers);
    }

    static constexpr int kInterimResponsesMax = 32;  // an origin must not keep a client waiting with these for ever

    ResponseSink& sink_;
    ResponseHead head_;
    bool awaited_ = false;
    bool answers_head_ = false;
    bool interim_now_ = false;
    int interim_ = 0;
};

Http1ResponseParser::Http1ResponseParser(ResponseSink& sink, const Http1Limits& limits)
    : impl_(std::make_unique<Impl>(sink, limits)) {}
Http1ResponseParser::~Http1ResponseParser() = default;
void Http1ResponseParser::await_response(std::string_view request_method) { impl_->await_response(request_method); }
Result<std::size_t> Http1ResponseParser::feed(std::string_view bytes) { return impl_->feed(bytes); }
Result<void> Http1ResponseParser::finish() { return impl_->finish(); }
bool Http1ResponseParser::between_messages() const { return impl_->between_messages(); }

}  // namespace sallyport::http
