#include "http/path.h"

#include <algorithm>

#include "http/characters.h"

namespace sallyport::http {
namespace {

using character_class::kPathChar;
using character_class::kUnreserved;

// Whether bytes, one at a time, are UTF-8 without overlong forms and surrogates (RFC 3629).
class Utf8Check {
public:
    void take(unsigned char byte) {
        if (missing_ > 0) {
            if (byte < low_ || byte > high_) bad_ = true;
            --missing_;
            low_ = 0x80;
            high_ = 0xbf;
        } else if (byte >= 0x80) {
            start(byte);
        }
    }
    bool good() const { return !bad_ && missing_ == 0; }

private:
    void start(unsigned char byte) {
        if (byte < 0xc2 || byte > 0xf4) {
            bad_ = true;
            return;
        }
        missing_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        if (byte == 0xe0) low_ = 0xa0;
        if (byte == 0xed) high_ = 0x9f;
        if (byte == 0xf0) low_ = 0x90;
        if (byte == 0xf4) high_ = 0x8f;
    }

    int missing_ = 0;
    unsigned char low_ = 0x80;
    unsigned char high_ = 0xbf;
    bool bad_ = false;
};

// "%zz", or the value.
int percent_value(std::string_view text, std::size_t at) {
    if (at + 2 >= text.size()) return -1;
    const int high = hex_value(text[at + 1]);
    const int low = hex_value(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool has_broken_percent(std::string_view text) {
    for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3)) {
        if (percent_value(text, at) < 0) return true;
    }
    return false;
}

// Starts with '/', holds no byte that is encoded or would be, no empty segment and none that starts with a dot.
bool is_plain(std::string_view path) {
    bool after_slash = false;
    for (const char c : path) {
        if (!has_class(c, kPathChar)) return false;
        if (after_slash && (c == '/' || c == '.')) return false;
        after_slash = c == '/';
    }
    return true;
}

// Writes the canonical path, segment by segment.
class PathBuilder {
public:
    explicit PathBuilder(std::string_view raw) { path_.reserve(raw.size() + 8); }

    void take(std::string_view raw) {
        for (std::size_t at = 0; at < raw.size(); ++at) {
            const char c = raw[at];
            if (c == '/') {
                take_slash();
            } else if (c == '%') {
                take_encoded(static_cast<unsigned char>(percent_value(raw, at)));
                at += 2;
            } else {
                take_plain(c);
            }
        }
        end_segment(Position::last);
    }

    bool ambiguous() const { return ambiguous_; }
    std::string path() && { return std::move(path_); }

private:
    enum class Position { inner, last };

    void take_slash() {
        if (!path_.empty()) end_segment(Position::inner);
        path_.push_back('/');
        segment_at_ = path_.size();
    }

    void take_plain(char c) {
        utf8_.take(static_cast<unsigned char>(c));
        if (c == '\\') ambiguous_ = true;
        if (has_class(c, kPathChar)) {
            path_.push_back(c);
        } else {
            push_encoded(static_cast<unsigned char>(c));
        }
    }

    void take_encoded(unsigned char byte) {
        utf8_.take(byte);
        if (byte == '/' || byte == '\\' || byte < 0x20 || byte == 0x7f) ambiguous_ = true;
        if (has_class(static_cast<char>(byte), kUnreserved)) {
            path_.push_back(static_cast<char>(byte));
        } else {
            push_encoded(byte);
        }
    }

    void push_encoded(unsigned char byte) {
        constexpr char kDigits[] = "0123456789ABCDEF";
        path_.push_back('%');
        path_.push_back(kDigits[byte >> 4]);
        path_.push_back(kDigits[byte & 15]);
    }

    // The path ends in "/segment": drops what RFC 3986 section 5.2.4 drops, and leaves the '/' to who writes the next.
    void end_segment(Position position) {
        const std::string_view segment = std::string_view(path_).substr(segment_at_);
        if (!utf8_.good() || is_double_encoded(segment)) ambiguous_ = true;
        utf8_ = {};
        if (segment.empty()) {
            if (position == Position::last) return;
            ambiguous_ = true;
            return drop_to(segment_at_ - 1);
        }
        const std::string_view name = segment.substr(0, parameters_at(segment));
        if (name != "." && name != "..") return;
        ambiguous_ = true;
        if (name.size() != segment.size()) return;
        std::size_t keep = segment_at_ - 1;
        if (name == ".." && keep > 0) keep = path_.rfind('/', keep - 1);
        drop_to(keep);
        if (position == Position::last) path_.push_back('/');
    }

    void drop_to(std::size_t size) { path_.resize(size); }

    static bool is_double_encoded(std::string_view segment) {
        for (std::size_t at = segment.find("%25"); at != std::string_view::npos; at = segment.find("%25", at + 3)) {
            if (at + 4 < segment.size() && hex_value(segment[at + 3]) >= 0 && hex_value(segment[at + 4]) >= 0)
                return true;
        }
        return false;
    }

    // Some servers cut ";…" off a segment before they look at its dots.
    static std::size_t parameters_at(std::string_view segment) {
        return std::min(segment.find(';'), segment.find("%3B"));
    }

    std::string path_;
    std::size_t segment_at_ = 0;
    Utf8Check utf8_;
    bool ambiguous_ = false;
};

}  // namespace

Result<CanonicalTarget> canonical_target(std::string_view origin_form) {
    if (!origin_form.starts_with('/')) return failure(ErrorCode::bad_path, "no leading slash");
    if (!is_printable(origin_form, 0x21) || origin_form.find('#') != std::string_view::npos) {
        return failure(ErrorCode::bad_path, "a byte that no target has");
    }
    if (has_broken_percent(origin_form)) return failure(ErrorCode::bad_path, "a broken percent-encoding");
    CanonicalTarget target;
    const std::size_t mark = origin_form.find('?');
    target.raw_path.assign(origin_form.substr(0, mark));
    target.has_query = mark != std::string_view::npos;
    if (target.has_query) target.query.assign(origin_form.substr(mark + 1));
    if (is_plain(target.raw_path)) {
        target.path = target.raw_path;
        return target;
    }
    PathBuilder builder(target.raw_path);
    builder.take(target.raw_path);
    target.ambiguous = builder.ambiguous();
    target.path = std::move(builder).path();
    return target;
}

}  // namespace sallyport::http
