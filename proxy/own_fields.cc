#include "proxy/own_fields.h"

namespace sallyport::proxy {

bool is_own_field(std::string_view name) {
    constexpr std::string_view kPrefix = "x-sallyport-";
    if (name.size() < kPrefix.size() || (name.front() != 'x' && name.front() != 'X')) return false;
    for (std::size_t i = 0; i < kPrefix.size(); ++i) {
        const char c = name[i] == '_' ? '-' : name[i];
        if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != kPrefix[i]) return false;
    }
    return true;
}

void remove_own_fields(http::HeaderMap& headers) {
    headers.remove_if([](const http::HeaderMap::Field& field) { return is_own_field(field.name); });
}

}  // namespace sallyport::proxy
