// Drives llhttp over one direction of an HTTP/1.x connection: what http1_codec's two parsers share. Head and trailers go
// through a SectionScanner first, chunk lines are checked here, and llhttp is fed exactly the bytes that belong to what
// it is in the middle of; so that every event happens between two calls of llhttp, never inside one.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/codec.h"
#include "http/http1_codec.h"
#include "http/http1_section.h"

namespace sallyport::http {

class Http1Machine {
public:
    Http1Machine(const Http1Machine&) = delete;
    Http1Machine& operator=(const Http1Machine&) = delete;

    Result<std::size_t> feed(std::string_view bytes);
    bool between_messages() const { return state_ == State::start && !held_; }

protected:
    struct Faults {
        ErrorCode malformed;
        ErrorCode framing;
        ErrorCode too_large;
        ErrorCode start_line_too_long;
    };
    // What llhttp read of the start line. Views into the section.
    struct StartLine {
        std::string_view whole;
        std::string_view method;
        std::string_view target;
        std::string_view reason;
        int status = 0;
        int version_minor = 1;
    };

    Http1Machine(llhttp_type_t type, const Http1Limits& limits, const Faults& faults);
    virtual ~Http1Machine() = default;

    bool in_message_until_close() const { return state_ == State::until_close; }
    void end_message() {
        state_ = State::start;
        held_ = false;
    }
    tl::unexpected<Error> fail(ErrorCode code, std::string_view why);
    const std::optional<Error>& failed() const { return failed_; }
    const Faults& faults() const { return faults_; }

private:
    // The line alone, before llhttp sees it.
    virtual Result<void> check_start_line(std::string_view line) = 0;
    // Where the fields of the head go; called at its start.
    virtual HeaderMap& begin_head() = 0;
    // All fields are there: decides how the body ends.
    virtual Result<BodyFraming> settle(const StartLine& line) = 0;
    virtual Next emit_head() = 0;
    // Whether the message just reported as a head is over with it, without an end of its own.
    virtual bool is_interim() const = 0;
    virtual Next emit_body(std::string_view bytes) = 0;
    virtual void emit_end(HeaderMap& trailers) = 0;

    enum class State { start, head, identity, until_close, chunk_line, chunk_data, chunk_end, trailers, end };

    std::size_t advance(std::string_view bytes);
    std::size_t take_empty_line(std::string_view bytes);
    std::size_t take_head(std::string_view bytes);
    void on_head_complete();
    bool llhttp_agrees() const;
    std::size_t take_body(std::string_view bytes, std::size_t size);
    std::size_t take_chunk_line(std::string_view bytes);
    std::size_t take_chunk_end(std::string_view bytes);
    std::size_t take_trailers(std::string_view bytes);
    bool scan(std::string_view bytes, std::size_t& taken);
    void begin_section(SectionScanner::Kind kind, std::size_t bytes_max);
    bool execute(std::string_view bytes);
    ErrorCode code_of(llhttp_errno_t error) const;

    static const llhttp_settings_t& settings();
    static Http1Machine& of(llhttp_t* parser) { return *static_cast<Http1Machine*>(parser->data); }
    int on_headers_complete() noexcept;
    void add_field() noexcept;

    const Http1Limits limits_;
    const Faults faults_;
    llhttp_t llhttp_;
    SectionScanner scanner_;
    State state_ = State::start;
    bool held_ = false;  // the last byte was left with the caller, although it was taken
    Next next_ = Next::go;
    std::optional<Error> failed_;

    int empty_line_bytes_ = 0;  // of the one empty line that may precede a request
    int chunk_line_bytes_ = 0;  // hexadecimal digits, then CR
    bool chunk_line_cr_ = false;
    int chunk_end_bytes_ = 0;

    // Written by llhttp's callbacks.
    StartLine line_;
    std::string_view name_;
    std::string_view value_;
    std::string_view body_;
    HeaderMap* fields_ = nullptr;
    BodyFraming framing_;
    bool complete_ = false;
    HeaderMap trailers_;
};

}  // namespace sallyport::http
