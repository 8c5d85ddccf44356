#include "rules/json_scan.h"

#include "http/characters.h"

namespace sallyport::rules {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

JsonScan::Event JsonScan::feed(char c) {
    const Event event = step(c);
    if (event == Event::bad) state_ = State::failed;
    return event;
}

bool JsonScan::finish() {
    if (state_ == State::number && is_number_complete()) end_value();
    return state_ == State::end;
}

JsonScan::Event JsonScan::step(char c) {
    switch (state_) {
        case State::string: return in_string(c);
        case State::escape: return in_escape(c);
        case State::unicode: return in_unicode(c);
        case State::number: return in_number(c);
        case State::literal: return in_literal(c);
        case State::failed: return Event::bad;
        default: break;
    }
    if (is_space(c)) return Event::none;
    switch (state_) {
        case State::value: return begin_value(c);
        case State::first_element: return c == ']' ? close(true) : begin_value(c);
        case State::first_key:
            if (c == '}') return close(false);
            [[fallthrough]];
        case State::next_key: return c == '"' ? begin_string(false) : Event::bad;
        case State::colon:
            state_ = State::value;
            return c == ':' ? Event::none : Event::bad;
        case State::after_value: return after_value(c);
        default: return Event::bad;
    }
}

JsonScan::Event JsonScan::begin_value(char c) {
    if (c == '{' || c == '[') return open(c == '[');
    if (c == '"') return begin_string(true);
    if (c == '-' || http::is_digit(c)) {
        state_ = State::number;
        number_ = c == '-' ? Number::minus : c == '0' ? Number::zero : Number::digits;
        return Event::other_begins;
    }
    literal_left_ = c == 't' ? "rue" : c == 'f' ? "alse" : c == 'n' ? "ull" : "";
    state_ = State::literal;
    return literal_left_.empty() ? Event::bad : Event::other_begins;
}

JsonScan::Event JsonScan::open(bool is_array) {
    if (levels_.size() == kJsonDepthMax) return Event::bad;
    levels_.push_back({is_array, 0, {}, false});
    state_ = is_array ? State::first_element : State::first_key;
    return Event::opens;
}

JsonScan::Event JsonScan::close(bool is_array) {
    if (levels_.empty() || levels_.back().is_array != is_array) return Event::bad;
    levels_.pop_back();
    end_value();
    return Event::closes;
}

void JsonScan::end_value() { state_ = levels_.empty() ? State::end : State::after_value; }

JsonScan::Event JsonScan::after_value(char c) {
    Level& level = levels_.back();
    if (c == ']' || c == '}') return close(c == ']');
    if (c != ',') return Event::bad;
    ++level.index;
    state_ = level.is_array ? State::value : State::next_key;
    return Event::none;
}

JsonScan::Event JsonScan::begin_string(bool is_value) {
    state_ = State::string;
    is_string_value_ = is_value;
    high_surrogate_ = 0;
    if (is_value) return Event::string_begins;
    levels_.back().key.clear();
    levels_.back().is_cut = false;
    return Event::none;
}

JsonScan::Event JsonScan::end_string() {
    if (continuation_bytes_ != 0) return Event::bad;
    if (is_string_value_) {
        end_value();
        return Event::string_ends;
    }
    if (high_surrogate_ != 0) return Event::bad;
    state_ = State::colon;
    return Event::key;
}

JsonScan::Event JsonScan::in_string(char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"') return end_string();
    if (byte < 0x20 || !take_utf8(byte)) return Event::bad;
    if (c == '\\') {
        state_ = State::escape;
        return Event::none;
    }
    if (is_string_value_) return Event::none;
    if (high_surrogate_ != 0) return Event::bad;
    add_to_key({&c, 1});
    return Event::none;
}

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool JsonScan::take_utf8(unsigned char c) {
    if (continuation_bytes_ != 0) {
        if (c < next_least_ || c > next_most_) return false;
        --continuation_bytes_;
        next_least_ = 0x80;
        next_most_ = 0xbf;
        return true;
    }
    if (c < 0x80) return true;
    if (c < 0xc2 || c > 0xf4) return false;
    continuation_bytes_ = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    if (c == 0xe0) next_least_ = 0xa0;
    if (c == 0xf0) next_least_ = 0x90;
    if (c == 0xed) next_most_ = 0x9f;
    if (c == 0xf4) next_most_ = 0x8f;
    return true;
}

JsonScan::Event JsonScan::in_escape(char c) {
    if (c == 'u') {
        state_ = State::unicode;
        unicode_digits_ = 0;
        unicode_ = 0;
        return Event::none;
    }
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const auto which = kNames.find(c);
    if (which == kNames.npos) return Event::bad;
    state_ = State::string;
    if (is_string_value_) return Event::none;
    if (high_surrogate_ != 0) return Event::bad;
    add_to_key(kMeanings.substr(which, 1));
    return Event::none;
}

JsonScan::Event JsonScan::in_unicode(char c) {
    const int digit = http::hex_value(c);
    if (digit < 0) return Event::bad;
    unicode_ = unicode_ << 4 | static_cast<char32_t>(digit);
    if (++unicode_digits_ < 4) return Event::none;
    state_ = State::string;
    return is_string_value_ ? Event::none : take_unicode();
}

JsonScan::Event JsonScan::take_unicode() {
    const bool is_high = unicode_ >= 0xd800 && unicode_ < 0xdc00;
    const bool is_low = unicode_ >= 0xdc00 && unicode_ < 0xe000;
    if (is_low != (high_surrogate_ != 0)) return Event::bad;
    if (is_high) {
        high_surrogate_ = unicode_;
    } else if (is_low) {
        add_to_key(0x10000 + ((high_surrogate_ - 0xd800) << 10) + (unicode_ - 0xdc00));
        high_surrogate_ = 0;
    } else {
        add_to_key(unicode_);
    }
    return Event::none;
}

void JsonScan::add_to_key(std::string_view bytes) {
    Level& level = levels_.back();
    level.is_cut = level.is_cut || level.key.size() + bytes.size() > kJsonKeyBytesMax;
    if (!level.is_cut) level.key += bytes;
}

void JsonScan::add_to_key(char32_t character) {
    char bytes[4];
    std::size_t size = 0;
    const auto put = [&](char32_t byte) { bytes[size++] = static_cast<char>(byte); };
    if (character < 0x80) {
        put(character);
    } else if (character < 0x800) {
        put(0xc0 | character >> 6);
        put(0x80 | (character & 0x3f));
    } else if (character < 0x10000) {
        put(0xe0 | character >> 12);
        put(0x80 | (character >> 6 & 0x3f));
        put(0x80 | (character & 0x3f));
    } else {
        put(0xf0 | character >> 18);
        put(0x80 | (character >> 12 & 0x3f));
        put(0x80 | (character >> 6 & 0x3f));
        put(0x80 | (character & 0x3f));
    }
    add_to_key({bytes, size});
}

bool JsonScan::is_number_complete() const {
    return number_ == Number::zero || number_ == Number::digits || number_ == Number::fraction ||
           number_ == Number::exponent_digits;
}

JsonScan::Event JsonScan::in_number(char c) {
    if (http::is_digit(c)) {
        switch (number_) {
            case Number::minus: number_ = c == '0' ? Number::zero : Number::digits; break;
            case Number::zero: return Event::bad;
            case Number::dot: number_ = Number::fraction; break;
            case Number::exponent:
            case Number::exponent_sign: number_ = Number::exponent_digits; break;
            default: break;
        }
        return Event::none;
    }
    if (c == '.' && (number_ == Number::zero || number_ == Number::digits)) {
        number_ = Number::dot;
    } else if ((c == 'e' || c == 'E') && is_number_complete() && number_ != Number::exponent_digits) {
        number_ = Number::exponent;
    } else if ((c == '+' || c == '-') && number_ == Number::exponent) {
        number_ = Number::exponent_sign;
    } else if (is_number_complete()) {
        end_value();
        return step(c);
    } else {
        return Event::bad;
    }
    return Event::none;
}

JsonScan::Event JsonScan::in_literal(char c) {
    if (literal_left_.front() != c) return Event::bad;
    literal_left_.remove_prefix(1);
    if (literal_left_.empty()) end_value();
    return Event::none;
}

}  // namespace sallyport::rules
