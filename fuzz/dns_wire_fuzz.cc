// A packet at the built-in name server. Whatever comes: what was read of a query can be read again from the answer to it,
// and every answer is one that c-ares reads without harm, with the address in it where the name is one it allows.
#include <ares.h>
#include <netdb.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/dns_wire.h"

namespace sallyport::net {
namespace {

// An answer without records is a query, but for its flags.
std::string as_query(std::string answer) {
    answer[2] &= 0x01;
    answer[3] = 0;
    return answer;
}

void check_same(const DnsQuestion& question, const DnsQuestion& again) {
    SALLYPORT_CHECK(again.id == question.id && again.recursion_desired == question.recursion_desired);
    SALLYPORT_CHECK(again.has_edns == question.has_edns && again.wire_question == question.wire_question);
    SALLYPORT_CHECK(again.name == question.name && again.name_is_plain == question.name_is_plain);
    SALLYPORT_CHECK(again.type == question.type && again.klass == question.klass);
}

void check_address_answer(const DnsQuestion& question) {
    const std::string answer = dns_address_answer(question, {{198, 18, 1, 2}}, 5);
    ares_addrttl found[2];
    int count = 2;
    const int status = ares_parse_a_reply(reinterpret_cast<const unsigned char*>(answer.data()),
                                          static_cast<int>(answer.size()), nullptr, found, &count);
    if (!question.name_is_plain || question.name.empty()) return;
    SALLYPORT_CHECK(status == ARES_SUCCESS && count == 1 && found[0].ttl == 5);
}

void check(std::string_view packet) {
    const auto error = dns_format_error(packet);
    if (error) SALLYPORT_CHECK(error->size() == 12 && packet.substr(0, 2) == error->substr(0, 2));
    const auto question = parse_dns_query(packet);
    if (!question) return;
    SALLYPORT_CHECK(error.has_value() && question->name.size() <= 253);
    const auto again = parse_dns_query(as_query(dns_empty_answer(*question, DnsCode::no_error)));
    SALLYPORT_CHECK(again.has_value());
    check_same(*question, *again);
    check_address_answer(*question);
    SALLYPORT_CHECK(!dns_ptr_answer(*question, question->name, 5).empty());
    (void)parse_reverse_name(question->name);
}

}  // namespace
}  // namespace sallyport::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sallyport::net::check({reinterpret_cast<const char*>(data), size});
    return 0;
}
