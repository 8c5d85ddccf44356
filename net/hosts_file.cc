#include "net/hosts_file.h"

#include <algorithm>
#include <fstream>
#include <optional>

namespace sallyport::net {
namespace {

constexpr std::size_t kFileBytesMax = 16 * 1024 * 1024;
constexpr std::string_view kBlanks = " \t\r\v\f";

// The next word at the front of `line`, which loses it; empty at its end.
std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
    line.remove_prefix(word.size());
    return word;
}

std::string canonical(std::string_view name) {
    if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);
    std::string lowered(name);
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
    return lowered;
}

void add_line(std::string_view line, HostsTable& table) {
    line = line.substr(0, line.find('#'));
    const auto address = parse_address(take_word(line));
    if (!address) return;
    for (std::string_view name = take_word(line); !name.empty(); name = take_word(line)) {
        std::vector<Address>& addresses = table[canonical(name)];
        if (std::find(addresses.begin(), addresses.end(), *address) == addresses.end()) addresses.push_back(*address);
    }
}

}  // namespace

HostsTable parse_hosts(std::string_view text) {
    HostsTable table;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        add_line(line, table);
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    return table;
}

HostsTable read_hosts_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return {};
    std::string text(kFileBytesMax + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text.size() <= kFileBytesMax ? parse_hosts(text) : HostsTable{};
}

}  // namespace sallyport::net
