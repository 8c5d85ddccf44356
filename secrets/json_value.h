// JSON that a store or token endpoint has answered, looked at where it lies: a library's tree would leave copies of the
// secrets in it all over the heap. Strict (RFC 8259), bounded in depth; a view, valid as long as the text.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/secret_string.h"

namespace sallyport::secrets {

class JsonValue final {
public:
    // Nothing where the text as a whole is not one JSON value, or one that is nested over 32 deep.
    static std::optional<JsonValue> parse(std::string_view text);

    bool is_object() const { return text_.front() == '{'; }
    bool is_array() const { return text_.front() == '['; }
    bool is_string() const { return text_.front() == '"'; }
    bool is_null() const { return text_ == "null"; }

    // Nothing where this is no object, or has no such member, or several: readers disagree on which one counts.
    std::optional<JsonValue> member(std::string_view key) const;
    // member() of member() …
    template <class... Keys>
    std::optional<JsonValue> member(std::string_view key, std::string_view next, Keys... keys) const {
        const auto found = member(key);
        return found ? found->member(next, keys...) : std::nullopt;
    }
    // Each item of an array; nothing for any other value.
    void each_item(const std::function<void(const JsonValue&)>& visit) const;

    // A string's text as UTF-8. Nothing for any other value, and for half a surrogate pair.
    std::optional<SecretString> text() const;
    // Whether it is a string of that text.
    bool is_text(std::string_view expected) const;
    // A number without fraction and exponent that 64 bits can hold.
    std::optional<std::int64_t> whole_number() const;
    std::optional<bool> flag() const;
    // As it was written.
    std::string_view raw() const { return text_; }

private:
    explicit JsonValue(std::string_view text) : text_(text) {}
    void each_member(const std::function<void(std::string_view key, const JsonValue&)>& visit) const;

    std::string_view text_;  // checked; no white space around it
};

}  // namespace sallyport::secrets
