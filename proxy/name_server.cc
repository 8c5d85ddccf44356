#include "proxy/name_server.h"

#include "http/authority.h"
#include "net/dns_wire.h"
#include "proxy/limits.h"

namespace sallyport::proxy {
namespace {

constexpr std::uint16_t kInternetClass = 1;

std::string answer_reverse(const net::DnsQuestion& question, NameTable& names) {
    const auto address = net::parse_reverse_name(question.name);
    const auto name = address ? names.name_of(*address) : std::nullopt;
    if (!name) return net::dns_empty_answer(question, net::DnsCode::name_error);
    return net::dns_ptr_answer(question, *name, kNameTtlSeconds);
}

bool is_localhost(std::string_view name) { return name == "localhost" || name.ends_with(".localhost"); }

// RFC 6761 section 6.3.
std::string answer_localhost(const net::DnsQuestion& question, net::DnsType type) {
    if (type == net::DnsType::a) return net::dns_address_answer(question, *net::parse_address("127.0.0.1"), kNameTtlSeconds);
    if (type == net::DnsType::aaaa) return net::dns_address_answer(question, *net::parse_address("::1"), kNameTtlSeconds);
    return net::dns_empty_answer(question, net::DnsCode::no_error);
}

std::string answer_question(const net::DnsQuestion& question, NameTable& names) {
    if (question.klass != kInternetClass) return net::dns_empty_answer(question, net::DnsCode::refused);
    const auto type = static_cast<net::DnsType>(question.type);
    if (type == net::DnsType::ptr) return answer_reverse(question, names);
    const auto name = http::canonical_host(question.name);
    if (!question.name_is_plain || !name) return net::dns_empty_answer(question, net::DnsCode::name_error);
    if (is_localhost(*name)) return answer_localhost(question, type);
    if (type != net::DnsType::a && type != net::DnsType::any) {
        return net::dns_empty_answer(question, net::DnsCode::no_error);
    }
    return net::dns_address_answer(question, names.address_of(*name), kNameTtlSeconds);
}

}  // namespace

std::string answer_dns(std::string_view packet, NameTable& names) {
    const auto question = net::parse_dns_query(packet);
    if (!question) return net::dns_format_error(packet).value_or("");
    return answer_question(*question, names);
}

}  // namespace sallyport::proxy
