// What a scrubber is to do, in the plainest way: at every place of a text, every secret in every form, every reading of
// every character. For secrets in ASCII.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::rules {

class SlowScrub final {
public:
    SlowScrub(std::string_view text, std::vector<std::string> secrets) : text_(text), secrets_(std::move(secrets)) {}

    std::string run() {
        std::string out(text_);
        for (const auto& secret : secrets_) {
            for (const auto& [begin, end] : occurrences(secret)) out.replace(begin, end - begin, end - begin, '*');
        }
        return out;
    }

private:
    using Span = std::pair<std::size_t, std::size_t>;
    // One character, and where the next one begins.
    struct Reading {
        std::uint32_t value;
        std::size_t next;
        bool is_escape;
    };

    std::set<Span> occurrences(std::string_view secret) {
        std::set<Span> spans;
        for (begin_ = 0; begin_ < text_.size(); ++begin_) {
            ends_.clear();
            read_text(secret, begin_, 0);
            read_hex(secret);
            read_utf16(secret, 0);
            read_utf16(secret, 1);
            for (std::size_t phase = 0; phase < 3; ++phase) {
                make_bits(secret, phase);
                seen_.clear();
                read_base64(begin_, 0, 0);
            }
            seen_.clear();
            for (const std::size_t end : ends_) spans.insert({begin_, end});
        }
        return spans;
    }

    static int digit(char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    }
    char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
    static bool is_letter(std::uint32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

    void read_fixed_hex(std::vector<Reading>& out, std::size_t i, int count) const {
        std::uint32_t value = 0;
        for (int k = 0; k < count; ++k) {
            if (i + static_cast<std::size_t>(k) >= text_.size() || digit(at(i + k)) < 0) return;
            value = value * 16 + static_cast<std::uint32_t>(digit(at(i + k)));
        }
        out.push_back({value, i + static_cast<std::size_t>(count), true});
    }

    void add_entity(std::vector<Reading>& out, std::uint32_t value, std::size_t end) const {
        out.push_back({value, end, true});
        if (at(end) == ';') out.push_back({value, end + 1, true});
    }

    void read_number(std::vector<Reading>& out, std::size_t i, std::uint32_t base) const {
        std::uint32_t value = 0;
        for (int zeros = 0; i < text_.size() && digit(at(i)) >= 0 && digit(at(i)) < static_cast<int>(base); ++i) {
            value = value * base + static_cast<std::uint32_t>(digit(at(i)));
            if (value == 0 && ++zeros > 5) return;
            if (value > 0x10ffff) return;
            if (value > 0) add_entity(out, value, i + 1);
        }
    }

    std::vector<Reading> readings(std::size_t i) const {
        std::vector<Reading> out;
        if (i >= text_.size()) return out;
        out.push_back({static_cast<unsigned char>(text_[i]), i + 1, false});
        if (at(i) == '%') read_fixed_hex(out, i + 1, 2);
        if (at(i) == '\\' && at(i + 1) == 'u') read_fixed_hex(out, i + 2, 4);
        if (at(i) == '\\') {
            const std::pair<char, char> pairs[] = {{'t', '\t'}, {'n', '\n'}, {'r', '\r'}, {'/', '/'}, {'"', '"'},
                                                   {'\\', '\\'}, {'\'', '\''}};
            for (const auto& [written, meant] : pairs) {
                if (i + 1 < text_.size() && at(i + 1) == written) {
                    out.push_back({static_cast<std::uint32_t>(meant), i + 2, true});
                }
            }
        }
        if (at(i) == '&' && at(i + 1) == '#') {
            read_number(out, i + 2, 10);
            if (at(i + 2) == 'x' || at(i + 2) == 'X') read_number(out, i + 3, 16);
        }
        const std::pair<std::string_view, char> names[] = {
            {"&amp", '&'}, {"&lt", '<'}, {"&gt", '>'}, {"&quot", '"'}, {"&apos", '\''}};
        for (const auto& [name, meant] : names) {
            if (text_.substr(i).starts_with(name)) add_entity(out, static_cast<std::uint32_t>(meant), i + name.size());
        }
        return out;
    }

    static bool is_same_but_for_case(std::uint32_t a, std::uint32_t b) { return is_letter(a) && (a ^ 32) == b; }

    void read_text(std::string_view secret, std::size_t i, std::size_t index) {
        if (index == secret.size()) {
            ends_.insert(i);
            return;
        }
        if (!seen_.insert({i, index}).second) return;
        const auto wanted = static_cast<unsigned char>(secret[index]);
        for (const auto& reading : readings(i)) {
            const bool is_recased =
                !reading.is_escape && secret.size() >= 8 && is_same_but_for_case(wanted, reading.value);
            const bool is_space = !reading.is_escape && wanted == ' ' && reading.value == '+';
            if (reading.value == wanted || is_recased || is_space) read_text(secret, reading.next, index + 1);
        }
    }

    void read_hex(std::string_view secret) {
        if (text_.size() - begin_ < 2 * secret.size()) return;
        for (std::size_t k = 0; k < 2 * secret.size(); ++k) {
            const int byte = static_cast<unsigned char>(secret[k / 2]);
            if (digit(text_[begin_ + k]) != (k % 2 == 0 ? byte / 16 : byte % 16)) return;
        }
        ends_.insert(begin_ + 2 * secret.size());
    }

    void read_utf16(std::string_view secret, std::size_t low_at) {
        if (text_.size() - begin_ < 2 * secret.size()) return;
        for (std::size_t k = 0; k < secret.size(); ++k) {
            const auto c = static_cast<unsigned char>(text_[begin_ + 2 * k + low_at]);
            const auto nul = text_[begin_ + 2 * k + 1 - low_at];
            const auto wanted = static_cast<unsigned char>(secret[k]);
            const bool is_recased = secret.size() >= 8 && is_same_but_for_case(wanted, c);
            if (nul != 0 || (c != wanted && !is_recased)) return;
        }
        ends_.insert(begin_ + 2 * secret.size());
    }

    // The bits of the characters that hold some of the secret's: 0, 1, or -1 for those of what is beside it.
    void make_bits(std::string_view secret, std::size_t phase) {
        bits_.assign(phase * 8, -1);
        for (const char c : secret) {
            for (int bit = 7; bit >= 0; --bit) bits_.push_back(static_cast<unsigned char>(c) >> bit & 1);
        }
        while (bits_.size() % 6 != 0) bits_.push_back(-1);
        bits_.erase(bits_.begin(), bits_.begin() + static_cast<std::ptrdiff_t>(phase * 8 / 6 * 6));
    }

    static int base64_value(std::uint32_t c) {
        const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";
        const auto found = c < 128 ? alphabet.find(static_cast<char>(c)) : alphabet.npos;
        if (found == alphabet.npos) return -1;
        return static_cast<int>(found >= 64 ? found - 2 : found);
    }

    bool fits(int value, std::size_t index) const {
        for (std::size_t bit = 0; bit < 6; ++bit) {
            const int wanted = bits_[index * 6 + bit];
            if (wanted >= 0 && wanted != (value >> (5 - bit) & 1)) return false;
        }
        return true;
    }

    // `breaks`: 0 behind a character, 1 behind CR, 2 behind LF.
    void read_base64(std::size_t i, std::size_t index, int breaks) {
        if (index * 6 == bits_.size()) {
            ends_.insert(i);
            return;
        }
        if (!seen_.insert({i, index * 4 + static_cast<std::size_t>(breaks)}).second) return;
        for (const auto& reading : readings(i)) {
            const int value = base64_value(reading.value);
            const bool is_allowed = !reading.is_escape || value >= 62;
            if (value >= 0 && is_allowed && fits(value, index)) read_base64(reading.next, index + 1, 0);
            const bool is_short = reading.next - i <= 2;
            if (index == 0 || !is_short || (reading.is_escape && at(i) != '\\')) continue;
            if (reading.value == '\r' && breaks < 1) read_base64(reading.next, index, 1);
            if (reading.value == '\n' && breaks < 2) read_base64(reading.next, index, 2);
        }
    }

    std::string_view text_;
    std::vector<std::string> secrets_;
    std::size_t begin_ = 0;
    std::set<std::size_t> ends_;
    std::set<Span> seen_;
    std::vector<int> bits_;
};

inline std::string slow_scrub(std::string_view text, std::vector<std::string> secrets) {
    return SlowScrub(text, std::move(secrets)).run();
}

}  // namespace sallyport::rules
