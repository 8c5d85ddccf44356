// Reads JSON byte by byte, strictly (RFC 8259), and says where in it a reader is: no tree, constant memory but for the keys
// on the way down. What origins' parsers read in different ways is refused: a byte order mark, invalid UTF-8, comments,
// a second value, control characters in strings, half a surrogate pair in a key. Used for one text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::rules {

inline constexpr std::size_t kJsonDepthMax = 100;
// A longer key is nobody's: it is cut, and says so.
inline constexpr std::size_t kJsonKeyBytesMax = 256;

class JsonScan final {
public:
    enum class Event {
        none,
        bad,            // no JSON; nothing more may be fed
        opens,          // '{' or '[': levels() has a new last one
        closes,         // and now has not
        key,            // complete: levels().back().key
        string_begins,  // a value: its first quote
        string_ends,    // its last quote
        other_begins,   // a number, true, false or null
    };

    struct Level {
        bool is_array = false;
        std::uint64_t index = 0;  // of the element, in an array
        std::string key;          // of the member, in an object; decoded
        bool is_cut = false;      // the key
    };

    Event feed(char c);
    // Whether that was all of a text.
    bool finish();

    // Inside of a string that is a value, its quotes apart.
    bool is_in_string_value() const { return is_string_value_ && is_in_string(); }
    const std::vector<Level>& levels() const { return levels_; }

private:
    enum class State {
        value,
        first_element,  // or ']'
        first_key,      // or '}'
        next_key,
        colon,
        after_value,
        string,
        escape,
        unicode,
        number,
        literal,
        end,
        failed,
    };
    enum class Number { minus, zero, digits, dot, fraction, exponent, exponent_sign, exponent_digits };

    bool is_in_string() const { return state_ == State::string || state_ == State::escape || state_ == State::unicode; }
    Event step(char c);
    Event begin_value(char c);
    Event open(bool is_array);
    Event close(bool is_array);
    Event begin_string(bool is_value);
    Event end_string();
    void end_value();
    Event in_string(char c);
    bool take_utf8(unsigned char c);
    Event in_escape(char c);
    Event in_unicode(char c);
    Event take_unicode();
    Event after_value(char c);
    Event in_number(char c);
    bool is_number_complete() const;
    Event in_literal(char c);
    void add_to_key(std::string_view bytes);
    void add_to_key(char32_t character);

    State state_ = State::value;
    bool is_string_value_ = false;
    std::vector<Level> levels_;
    Number number_ = Number::minus;
    std::string_view literal_left_;
    // What UTF-8 still wants.
    int continuation_bytes_ = 0;
    unsigned char next_least_ = 0x80;
    unsigned char next_most_ = 0xbf;
    int unicode_digits_ = 0;
    char32_t unicode_ = 0;
    char32_t high_surrogate_ = 0;  // waits for its other half; 0: none
};

}  // namespace sallyport::rules
