// DNS messages as the built-in name server needs them (RFC 1035): one question in, one answer out. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/address.h"

namespace sallyport::net {

enum class DnsType : std::uint16_t { a = 1, ptr = 12, aaaa = 28, svcb = 64, https = 65, any = 255 };

struct DnsQuestion {
    std::uint16_t id = 0;
    bool recursion_desired = false;
    bool has_edns = false;
    std::string name;         // dotted text, lower case, without the last dot; escapes nothing: bytes outside of
                              // [A-Za-z0-9_-] in a label make `name_is_plain` false
    bool name_is_plain = true;
    std::uint16_t type = 0;
    std::uint16_t klass = 0;
    std::string wire_question;  // the question section as received, to be echoed (0x20 case randomisation included)
};

// A response, an opcode other than QUERY, no or several questions, a compressed or overlong name: bad_request; the
// caller answers FORMERR where the header could be read, and nothing otherwise.
Result<DnsQuestion> parse_dns_query(std::string_view packet);

enum class DnsCode : std::uint8_t { no_error = 0, format_error = 1, server_failure = 2, name_error = 3,
                                    not_implemented = 4, refused = 5 };

// NOERROR with one A or AAAA record, by the address's family.
std::string dns_address_answer(const DnsQuestion& question, const Address& address, std::uint32_t ttl_seconds);
std::string dns_ptr_answer(const DnsQuestion& question, std::string_view host, std::uint32_t ttl_seconds);
// No record: NODATA (no_error) or an error.
std::string dns_empty_answer(const DnsQuestion& question, DnsCode code);
// For a packet whose header is all that could be read (NOTIMP where the opcode is not QUERY's); nothing where not even
// that (or it is itself a response).
std::optional<std::string> dns_format_error(std::string_view packet);

// The address that "4.3.2.1.in-addr.arpa" asks for: 1.2.3.4.
std::optional<Address> parse_reverse_name(std::string_view name);

}  // namespace sallyport::net
