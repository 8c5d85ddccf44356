#include "proxy/name_table.h"

#include "base/check.h"

namespace sallyport::proxy {
namespace {

constexpr std::uint32_t kFirst = (198u << 24) | (18u << 16);
// The first address is left out: it is what resolv.conf inside points at, and so is never a name.
constexpr std::uint32_t kReserved = 1;
constexpr std::uint32_t kOffsetMax = (1u << 17) - 2;

std::uint32_t to_number(const net::Address& address) {
    return std::uint32_t{address.bytes[0]} << 24 | std::uint32_t{address.bytes[1]} << 16 |
           std::uint32_t{address.bytes[2]} << 8 | address.bytes[3];
}

net::Address to_address(std::uint32_t offset) {
    const std::uint32_t number = kFirst + offset;
    net::Address address;
    for (int i = 0; i < 4; ++i) address.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    return address;
}

}  // namespace

NameTable::NameTable(std::size_t names_max) : names_max_(names_max), next_offset_(kReserved + 1) {
    SALLYPORT_CHECK(names_max > 0 && names_max < kOffsetMax);
}

bool NameTable::is_synthetic(const net::Address& address) {
    return address.is_v4 && (to_number(address) & 0xfffe0000u) == kFirst;
}

net::Address NameTable::address_of(std::string_view name) {
    if (const auto known = by_name_.find(name); known != by_name_.end()) {
        entries_.splice(entries_.begin(), entries_, known->second);
        return to_address(known->second->offset);
    }
    const std::uint32_t offset = free_offset();
    entries_.push_front({std::string(name), offset});
    by_name_.emplace(entries_.front().name, entries_.begin());
    by_offset_.emplace(offset, entries_.begin());
    return to_address(offset);
}

std::optional<std::string_view> NameTable::name_of(const net::Address& address) {
    if (!is_synthetic(address)) return std::nullopt;
    const auto found = by_offset_.find(to_number(address) - kFirst);
    if (found == by_offset_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->name;
}

// Counts up through the whole range before an address is given to a second name, so that stale answers in clients' caches
// point at nothing for as long as possible.
std::uint32_t NameTable::free_offset() {
    if (entries_.size() >= names_max_) {
        by_offset_.erase(entries_.back().offset);
        by_name_.erase(entries_.back().name);
        entries_.pop_back();
    }
    while (by_offset_.contains(next_offset_)) next_offset_ = next_offset_ == kOffsetMax ? kReserved + 1 : next_offset_ + 1;
    const std::uint32_t offset = next_offset_;
    next_offset_ = next_offset_ == kOffsetMax ? kReserved + 1 : next_offset_ + 1;
    return offset;
}

}  // namespace sallyport::proxy
