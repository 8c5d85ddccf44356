#include "http/http1_section.h"

#include <algorithm>
#include <cstring>

#include "http/characters.h"

namespace sallyport::http {
namespace {

// A name, a colon right behind it, and a value.
bool is_field_line(std::string_view line) {
    const std::size_t colon = line.find(':');
    return colon != std::string_view::npos && is_token(line.substr(0, colon)) && is_field_value(line.substr(colon + 1));
}

}  // namespace

void SectionScanner::start(Kind kind, const Limits& limits) {
    constexpr std::size_t kKeptBytesMax = 16 * 1024;
    kind_ = kind;
    limits_ = limits;
    kept_.clear();
    if (kept_.capacity() > kKeptBytesMax) kept_.shrink_to_fit();
    section_ = {};
    line_at_ = searched_ = start_line_size_ = fields_ = 0;
    complete_ = false;
}

SectionFault SectionScanner::feed(std::string_view bytes, std::size_t& taken) {
    const std::size_t before = kept_.size();
    std::string_view section = bytes;
    if (before > 0) {
        // One byte over the limit is enough to know.
        kept_.append(bytes.substr(0, limits_.bytes_max + 1 - std::min(before, limits_.bytes_max)));
        section = kept_;
    }
    const SectionFault fault = scan(section);
    if (fault != SectionFault::none) return fault;
    if (!complete_ && before == 0) kept_.assign(bytes);
    section_ = section.substr(0, line_at_);
    taken = complete_ ? line_at_ - before : bytes.size();
    return SectionFault::none;
}

SectionFault SectionScanner::scan(std::string_view section) {
    while (!complete_) {
        const void* const found = std::memchr(section.data() + searched_, '\n', section.size() - searched_);
        if (found == nullptr) {
            searched_ = section.size();
            return check_size(section.size());
        }
        const std::size_t end = static_cast<const char*>(found) - section.data() + 1;
        SectionFault fault = check_size(end);
        if (fault == SectionFault::none) fault = take_line(section.substr(line_at_, end - line_at_));
        if (fault != SectionFault::none) return fault;
        line_at_ = searched_ = end;
    }
    return SectionFault::none;
}

SectionFault SectionScanner::check_size(std::size_t size) const {
    const bool in_start_line = line_at_ == 0 && kind_ != Kind::trailers;
    if (in_start_line && size > limits_.start_line_bytes_max) return SectionFault::start_line_too_long;
    return size > limits_.bytes_max ? SectionFault::too_large : SectionFault::none;
}

// `line` with its LF.
SectionFault SectionScanner::take_line(std::string_view line) {
    if (line.size() < 2 || line[line.size() - 2] != '\r') return SectionFault::malformed;
    line.remove_suffix(2);
    if (line_at_ == 0 && kind_ != Kind::trailers) {
        start_line_size_ = line.size();
        return is_start_line(line) ? SectionFault::none : SectionFault::malformed;
    }
    if (line.empty()) {
        complete_ = true;
        return SectionFault::none;
    }
    if (++fields_ > limits_.fields_max) return SectionFault::too_large;
    return is_field_line(line) ? SectionFault::none : SectionFault::malformed;
}

bool SectionScanner::is_start_line(std::string_view line) const {
    if (line.empty()) return false;
    return kind_ == Kind::request ? is_printable(line, 0x20) : is_field_value(line);
}

}  // namespace sallyport::http
