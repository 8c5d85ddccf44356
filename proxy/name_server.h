// Answers a sandbox's DNS queries without asking anybody: each name has a synthetic address, so no packet leaves and
// nothing can be told by asking. Allowed and denied names look the same.
#pragma once

#include <string>
#include <string_view>

#include "proxy/name_table.h"

namespace sallyport::proxy {

// One packet in, one out; empty where nothing should be said. A: the name's address. AAAA, HTTPS, SVCB and everything
// else: no data, so that clients use IPv4 and learn of no other way in. PTR: the name, for synthetic addresses.
std::string answer_dns(std::string_view packet, NameTable& names);

}  // namespace sallyport::proxy
