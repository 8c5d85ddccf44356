// The fields of one message section, in order, with the spelling of the names as received. Names compare without case.
// All bytes live in one block, so that a map that is cleared and filled again allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::http {

// ASCII only, as HTTP field names are (RFC 9110 section 5.1).
bool equals_ignoring_case(std::string_view a, std::string_view b);

class HeaderMap {
public:
    struct Field {
        std::string_view name;
        std::string_view value;
    };

    // Neither call validates: http/validate does, on the way in; rules validate secrets at load.
    void add(std::string_view name, std::string_view value);
    // Removes every field of that name, then adds one.
    void set(std::string_view name, std::string_view value);
    // Returns how many there were.
    std::size_t remove(std::string_view name);
    // Removes each field of which `unwanted(Field)` says so, in one pass. Views taken before stay valid.
    template <class Predicate>
    std::size_t remove_if(Predicate unwanted) {
        return std::erase_if(fields_, [&](const Span& span) { return unwanted(field(span)); });
    }

    // The first field's value. Views are valid until the next non-const call.
    std::optional<std::string_view> get(std::string_view name) const;
    bool has(std::string_view name) const { return get(name).has_value(); }
    std::size_t count(std::string_view name) const;
    Field at(std::size_t index) const;
    std::size_t size() const { return fields_.size(); }
    bool empty() const { return fields_.empty(); }
    // What the section would take on the wire: names, values, ": " and CRLF.
    std::size_t wire_size() const;

    void clear();
    // Overwrites the bytes too: for maps that held a rendered credential.
    void wipe();

    class Iterator {
    public:
        Iterator(const HeaderMap& map, std::size_t index) : map_(&map), index_(index) {}
        Field operator*() const { return map_->at(index_); }
        Iterator& operator++() {
            ++index_;
            return *this;
        }
        friend bool operator==(const Iterator&, const Iterator&) = default;

    private:
        const HeaderMap* map_;
        std::size_t index_;
    };
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, size()}; }

private:
    struct Span {
        std::uint32_t name_at;
        std::uint32_t name_size;
        std::uint32_t value_at;
        std::uint32_t value_size;
    };
    Field field(const Span& span) const {
        return {{bytes_.data() + span.name_at, span.name_size}, {bytes_.data() + span.value_at, span.value_size}};
    }

    std::string bytes_;  // of removed fields too, until clear()
    std::vector<Span> fields_;
};

}  // namespace sallyport::http
