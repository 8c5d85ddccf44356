#include "admin/event_stream.h"

#include <utility>

#include "admin/limits.h"

namespace sallyport::admin {

bool EventStreamReader::feed(std::string_view bytes) {
    for (const char c : bytes) {
        // LF, CR and CRLF end a line alike.
        const bool is_second_half = c == '\n' && after_cr_;
        after_cr_ = c == '\r';
        if (is_second_half) continue;
        if (c != '\n' && c != '\r') {
            line_ += c;
            continue;
        }
        if (!take_line(std::exchange(line_, {}))) return false;
    }
    return line_.size() + data_.size() <= kReplyBytesMax;
}

bool EventStreamReader::take_line(std::string_view line) {
    if (line.empty()) return dispatch();
    const std::size_t colon = line.find(':');
    const std::string_view field = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") type_ = value;
    if (field == "data") {
        if (std::exchange(has_data_, true)) data_ += '\n';
        data_ += value;
    }
    return true;
}

bool EventStreamReader::dispatch() {
    const std::string type = std::exchange(type_, {});
    const std::string data = std::exchange(data_, {});
    if (!std::exchange(has_data_, false)) return true;
    return visit_(type.empty() ? "message" : type, data);
}

}  // namespace sallyport::admin
