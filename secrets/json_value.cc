#include "secrets/json_value.h"

#include <charconv>

#include "secrets/wiped_buffer.h"

namespace sallyport::secrets {
namespace {

constexpr int kDepthMax = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Moves over JSON; every take_ and skip_ tells whether what it expects was there.
class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    std::size_t at() const { return at_; }
    bool at_end() const { return at_ == text_.size(); }
    char peek() const { return at_end() ? '\0' : text_[at_]; }

    bool take(char c) {
        if (peek() != c || at_end()) return false;
        ++at_;
        return true;
    }

    void skip_space() {
        while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) ++at_;
    }

    bool skip_value(int depth) {
        if (depth > kDepthMax) return false;
        switch (peek()) {
            case '{': return skip_object(depth);
            case '[': return skip_array(depth);
            case '"': return skip_string();
            case 't': return take_word("true");
            case 'f': return take_word("false");
            case 'n': return take_word("null");
            default: return skip_number();
        }
    }

    bool skip_string() {
        if (!take('"')) return false;
        while (!at_end()) {
            const char c = text_[at_++];
            if (c == '"') return true;
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c == '\\' && !skip_escape()) return false;
        }
        return false;
    }

private:
    bool take_word(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }

    bool skip_escape() {
        constexpr std::string_view kSimple = "\"\\/bfnrt";
        if (at_end()) return false;
        const char c = text_[at_++];
        if (c != 'u') return kSimple.find(c) != kSimple.npos;
        constexpr std::string_view kHex = "0123456789abcdefABCDEF";
        for (int i = 0; i < 4; ++i, ++at_) {
            if (at_end() || kHex.find(peek()) == kHex.npos) return false;
        }
        return true;
    }

    bool skip_digits() {
        const std::size_t start = at_;
        while (is_digit(peek())) ++at_;
        return at_ > start;
    }

    bool skip_number() {
        take('-');
        if (!take('0') && !skip_digits()) return false;
        if (take('.') && !skip_digits()) return false;
        if (!take('e') && !take('E')) return true;
        if (!take('+')) take('-');
        return skip_digits();
    }

    bool skip_array(int depth) {
        take('[');
        skip_space();
        if (take(']')) return true;
        do {
            skip_space();
            if (!skip_value(depth + 1)) return false;
            skip_space();
        } while (take(','));
        return take(']');
    }

    bool skip_object(int depth) {
        take('{');
        skip_space();
        if (take('}')) return true;
        do {
            skip_space();
            if (!skip_string()) return false;
            skip_space();
            if (!take(':')) return false;
            skip_space();
            if (!skip_value(depth + 1)) return false;
            skip_space();
        } while (take(','));
        return take('}');
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

unsigned hex_unit(std::string_view digits) {
    unsigned unit = 0;
    std::from_chars(digits.data(), digits.data() + 4, unit, 16);
    return unit;
}

void append_utf8(Buffer& out, unsigned code) {
    if (code < 0x80) return out.append(static_cast<char>(code));
    const int rest = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    constexpr unsigned kFirst[] = {0, 0xc0, 0xe0, 0xf0};
    out.append(static_cast<char>(kFirst[rest] | code >> (6 * rest)));
    for (int i = rest - 1; i >= 0; --i) out.append(static_cast<char>(0x80 | (code >> (6 * i) & 0x3f)));
}

// `text` begins after "\u". Nothing for half a surrogate pair; takes off what it has read.
std::optional<unsigned> take_code_point(std::string_view& text) {
    const unsigned unit = hex_unit(text);
    text.remove_prefix(4);
    if (unit < 0xd800 || unit > 0xdfff) return unit;
    if (unit > 0xdbff || !text.starts_with("\\u")) return std::nullopt;
    const unsigned low = hex_unit(text.substr(2));
    if (low < 0xdc00 || low > 0xdfff) return std::nullopt;
    text.remove_prefix(6);
    return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

char simple_escape(char c) {
    switch (c) {
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        default: return c;
    }
}

// `inner`: what stands between the quotes, checked.
bool unescape(std::string_view inner, Buffer& out) {
    out.reserve(inner.size());
    while (!inner.empty()) {
        const auto plain = inner.substr(0, inner.find('\\'));
        out.append(plain);
        inner.remove_prefix(plain.size());
        if (inner.empty()) return true;
        const char kind = inner[1];
        inner.remove_prefix(2);
        if (kind != 'u') {
            out.append(simple_escape(kind));
            continue;
        }
        const auto code = take_code_point(inner);
        if (!code) return false;
        append_utf8(out, *code);
    }
    return true;
}

bool unescapes_to(std::string_view quoted, std::string_view expected) {
    WipedBuffer text;
    return unescape(quoted.substr(1, quoted.size() - 2), text) && text.view() == expected;
}

}  // namespace

std::optional<JsonValue> JsonValue::parse(std::string_view text) {
    Scanner scanner(text);
    scanner.skip_space();
    const std::size_t start = scanner.at();
    if (!scanner.skip_value(1)) return std::nullopt;
    const std::size_t end = scanner.at();
    scanner.skip_space();
    if (!scanner.at_end()) return std::nullopt;
    return JsonValue(text.substr(start, end - start));
}

void JsonValue::each_member(const std::function<void(std::string_view, const JsonValue&)>& visit) const {
    if (!is_object()) return;
    Scanner scanner(text_);
    scanner.take('{');
    scanner.skip_space();
    if (scanner.take('}')) return;
    do {
        scanner.skip_space();
        const std::size_t key = scanner.at();
        scanner.skip_string();
        const std::size_t key_end = scanner.at();
        scanner.skip_space();
        scanner.take(':');
        scanner.skip_space();
        const std::size_t value = scanner.at();
        scanner.skip_value(1);
        visit(text_.substr(key, key_end - key), JsonValue(text_.substr(value, scanner.at() - value)));
        scanner.skip_space();
    } while (scanner.take(','));
}

void JsonValue::each_item(const std::function<void(const JsonValue&)>& visit) const {
    if (!is_array()) return;
    Scanner scanner(text_);
    scanner.take('[');
    scanner.skip_space();
    if (scanner.take(']')) return;
    do {
        scanner.skip_space();
        const std::size_t start = scanner.at();
        scanner.skip_value(1);
        visit(JsonValue(text_.substr(start, scanner.at() - start)));
        scanner.skip_space();
    } while (scanner.take(','));
}

std::optional<JsonValue> JsonValue::member(std::string_view key) const {
    std::optional<JsonValue> found;
    int count = 0;
    each_member([&](std::string_view name, const JsonValue& value) {
        if (!unescapes_to(name, key)) return;
        found = value;
        ++count;
    });
    return count == 1 ? found : std::nullopt;
}

std::optional<SecretString> JsonValue::text() const {
    if (!is_string()) return std::nullopt;
    WipedBuffer out;
    if (!unescape(text_.substr(1, text_.size() - 2), out)) return std::nullopt;
    return SecretString(out.view());
}

bool JsonValue::is_text(std::string_view expected) const { return is_string() && unescapes_to(text_, expected); }

std::optional<std::int64_t> JsonValue::whole_number() const {
    std::int64_t number = 0;
    const auto [end, fault] = std::from_chars(text_.data(), text_.data() + text_.size(), number);
    if (fault != std::errc() || end != text_.data() + text_.size()) return std::nullopt;
    return number;
}

std::optional<bool> JsonValue::flag() const {
    if (text_ == "true") return true;
    if (text_ == "false") return false;
    return std::nullopt;
}

}  // namespace sallyport::secrets
