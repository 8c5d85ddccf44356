// Gathers one section of an HTTP/1.x message (start line and fields, or trailers) up to its empty line, and refuses
// what llhttp 8.1.0 would let through: a bare CR or LF, obs-fold, space before the colon, control characters. Owned by
// one Http1Machine. A section that arrives whole is not copied.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sallyport::http {

enum class SectionFault { none, malformed, too_large, start_line_too_long };

class SectionScanner {
public:
    enum class Kind { request, response, trailers };
    struct Limits {
        std::size_t bytes_max = 0;
        std::size_t start_line_bytes_max = 0;
        std::size_t fields_max = 0;
    };

    void start(Kind kind, const Limits& limits);
    // Takes bytes from the front, into `taken`: all of them, or those up to the section's end. Lines are judged when
    // they are complete, so that the answer does not depend on how the bytes were cut.
    SectionFault feed(std::string_view bytes, std::size_t& taken);

    bool complete() const { return complete_; }
    // Once complete, until start(); and no longer than the bytes of the last feed().
    std::string_view section() const { return section_; }
    std::string_view start_line() const { return section_.substr(0, start_line_size_); }
    std::size_t fields() const { return fields_; }

private:
    SectionFault scan(std::string_view section);
    SectionFault take_line(std::string_view line);
    SectionFault check_size(std::size_t size) const;
    bool is_start_line(std::string_view line) const;

    Kind kind_ = Kind::request;
    Limits limits_;
    std::string kept_;  // what earlier calls brought
    std::string_view section_;
    std::size_t line_at_ = 0;
    std::size_t searched_ = 0;
    std::size_t start_line_size_ = 0;
    std::size_t fields_ = 0;
    bool complete_ = false;
};

}  // namespace sallyport::http
