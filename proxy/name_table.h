// Which synthetic address stands for which name, in one sandbox. An address stands for exactly one name while it is in
// the table; the least recently used name gives its address up when the table is full, and whoever still holds the
// address is then refused, because SNI and Host no longer fit. One worker's.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/address.h"

namespace sallyport::proxy {

class NameTable final {
public:
    // 198.18.0.0/15 holds at most 131070.
    explicit NameTable(std::size_t names_max);

    // `name` is canonical. Always the same address while the name stays in the table.
    net::Address address_of(std::string_view name);
    // Valid until the next call of address_of.
    std::optional<std::string_view> name_of(const net::Address& address);
    std::size_t size() const { return by_name_.size(); }

    // Whether an address is of the synthetic range, in use or not.
    static bool is_synthetic(const net::Address& address);

private:
    struct Entry {
        std::string name;
        std::uint32_t offset;
    };
    using Entries = std::list<Entry>;

    std::uint32_t free_offset();

    std::size_t names_max_;
    std::uint32_t next_offset_ = 1;
    Entries entries_;  // most recently used first
    std::unordered_map<std::string_view, Entries::iterator> by_name_;  // keys point into entries_
    std::unordered_map<std::uint32_t, Entries::iterator> by_offset_;
};

}  // namespace sallyport::proxy
