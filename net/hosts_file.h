// The hosts file (hosts(5)) as a table: canonical names to addresses, in the file's order.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/address.h"

namespace sallyport::net {

using HostsTable = std::unordered_map<std::string, std::vector<Address>>;

// Names in lower case, one last dot removed. Lines that are not understood are passed over, as every resolver does.
HostsTable parse_hosts(std::string_view text);
// Empty where the file cannot be read, or is over 16 MiB.
HostsTable read_hosts_file(const std::string& path);

}  // namespace sallyport::net
