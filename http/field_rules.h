// What HTTP says about single fields by name: which belong to one connection, which no Connection option may take away,
// which cannot be trailers. Pure.
#pragma once

#include <string_view>

namespace sallyport::http {

// RFC 9110 section 7.6.1, and Proxy-*.
bool is_hop_by_hop(std::string_view name);

// Fields that decide routing, framing, authentication or the content's meaning. A name that differs from one of these
// in '_' for '-' only counts too: CGI-like origins take both for the same.
bool is_protected(std::string_view name);

// RFC 9110 section 6.5.1: framing, routing, modifiers, authentication and content do not belong into trailers.
bool may_be_trailer(std::string_view name);

}  // namespace sallyport::http
