#include "http/header_map.h"

#include <algorithm>

#include "base/check.h"
#include "base/secret_string.h"

namespace sallyport::http {
namespace {

constexpr std::size_t kFirstBytes = 1024;
constexpr std::size_t kFirstFields = 24;

unsigned char lower(char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

void HeaderMap::add(std::string_view name, std::string_view value) {
    const std::size_t at = bytes_.size();
    const std::size_t size = at + name.size() + value.size();
    SALLYPORT_CHECK(size <= UINT32_MAX);
    // Name and value may be views into this map: the old block must outlive the copy.
    std::string old;
    if (size > bytes_.capacity()) {
        bytes_.swap(old);
        bytes_.reserve(std::max({size, old.capacity() * 2, kFirstBytes}));
        bytes_.append(old);
    }
    bytes_.append(name).append(value);
    // The map may hold a rendered credential.
    if (!old.empty()) wipe_bytes(old.data(), old.size());
    if (fields_.capacity() == 0) fields_.reserve(kFirstFields);
    const auto name_size = static_cast<std::uint32_t>(name.size());
    const auto name_at = static_cast<std::uint32_t>(at);
    fields_.push_back({name_at, name_size, name_at + name_size, static_cast<std::uint32_t>(value.size())});
}

void HeaderMap::set(std::string_view name, std::string_view value) {
    remove(name);
    add(name, value);
}

std::size_t HeaderMap::remove(std::string_view name) {
    return remove_if([&](const Field& field) { return equals_ignoring_case(field.name, name); });
}

std::optional<std::string_view> HeaderMap::get(std::string_view name) const {
    for (const Span& span : fields_) {
        if (span.name_size != name.size()) continue;
        const Field found = field(span);
        if (equals_ignoring_case(found.name, name)) return found.value;
    }
    return std::nullopt;
}

std::size_t HeaderMap::count(std::string_view name) const {
    return std::count_if(fields_.begin(), fields_.end(),
                         [&](const Span& span) { return equals_ignoring_case(field(span).name, name); });
}

HeaderMap::Field HeaderMap::at(std::size_t index) const {
    SALLYPORT_CHECK(index < fields_.size());
    return field(fields_[index]);
}

std::size_t HeaderMap::wire_size() const {
    std::size_t size = 0;
    for (const Span& span : fields_) size += span.name_size + span.value_size + 4;
    return size;
}

void HeaderMap::clear() {
    bytes_.clear();
    fields_.clear();
}

void HeaderMap::wipe() {
    // Cleared fields may still lie behind the end.
    bytes_.resize(bytes_.capacity());
    wipe_bytes(bytes_.data(), bytes_.size());
    clear();
}

}  // namespace sallyport::http
