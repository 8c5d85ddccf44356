#include "tests/net/fake_name_server.h"

#include <sys/socket.h>

#include <algorithm>

#include "base/check.h"

namespace sallyport::net {
namespace {

UniqueFd loopback_socket() {
    UniqueFd made(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_storage address;
    const socklen_t size = to_sockaddr({*parse_address("127.0.0.1"), 0}, address);
    SALLYPORT_CHECK(bind(made.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    return made;
}

std::string own_endpoint(int fd) {
    sockaddr_storage address;
    socklen_t size = sizeof address;
    SALLYPORT_CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    return to_string(*from_sockaddr(address));
}

void put(std::string& out, std::uint32_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

void put_record(std::string& out, const std::string& owner, std::uint32_t type, std::uint32_t ttl_seconds,
                std::string_view data) {
    out += owner;
    put(out, type, 2);
    put(out, 1, 2);
    put(out, ttl_seconds, 4);
    put(out, static_cast<std::uint32_t>(data.size()), 2);
    out += data;
}

std::string wire_name(std::string_view text) {
    std::string wire;
    while (!text.empty()) {
        const auto label = text.substr(0, text.find('.'));
        wire += static_cast<char>(label.size());
        wire += label;
        text.remove_prefix(std::min(text.size(), label.size() + 1));
    }
    return wire + '\0';
}

}  // namespace

FakeNameServer::FakeNameServer(Loop& loop)
    : socket_(loopback_socket()),
      csv_(own_endpoint(socket_.get())),
      watch_(loop, socket_.get(), [this](int) { answer_one(); }) {
    watch_.want(FdWatch::kRead);
}

void FakeNameServer::answer_one() {
    char packet[2048];
    sockaddr_storage peer;
    socklen_t size = sizeof peer;
    const ssize_t got = recvfrom(socket_.get(), packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&peer), &size);
    if (got < 0) return;
    const auto question = parse_dns_query({packet, static_cast<std::size_t>(got)});
    SALLYPORT_CHECK(question.has_value());
    if (question->type == static_cast<int>(DnsType::a)) asked.push_back(question->name);
    const std::string text = answer(*question);
    if (!text.empty()) (void)sendto(socket_.get(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&peer), size);
}

std::string FakeNameServer::answer(const DnsQuestion& question) const {
    const auto found = zone.find(question.name);
    if (found == zone.end()) return dns_empty_answer(question, DnsCode::name_error);
    const FakeAnswer& row = found->second;
    if (row.is_silent) return "";
    std::string out = dns_empty_answer(question, row.code);
    char records = 0;
    std::string owner = "\xc0\x0c";  // the name that was asked for
    if (!row.alias.empty()) {
        put_record(out, owner, 5, row.alias_ttl_seconds, wire_name(row.alias));
        owner = wire_name(row.alias);
        ++records;
    }
    for (const Address& address : row.addresses) {
        const DnsType type = address.is_v4 ? DnsType::a : DnsType::aaaa;
        if (question.type != static_cast<int>(type)) continue;
        put_record(out, owner, static_cast<std::uint32_t>(type), row.ttl_seconds,
                   {reinterpret_cast<const char*>(address.bytes.data()), address.is_v4 ? 4u : 16u});
        ++records;
    }
    out[7] = records;
    return out;
}

}  // namespace sallyport::net
