#include "net/dns_wire.h"
#include <algorithm>
namespace sallyport::net {
static unsigned u16(std::string_view b, std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(b[i])) << 8 | static_cast<unsigned char>(b[i + 1]); }
static void p16(std::string& s, unsigned v) { s += static_cast<char>(v >> 8); s += static_cast<char>(v & 255); }
Result<DnsQuestion> parse_dns_query(std::string_view p) {
    auto bad = [] { return failure(ErrorCode::bad_request, "dns"); };
    if (p.size() < 12 || (p[2] & 0xf8) != 0 || u16(p, 4) != 1) return bad();
    DnsQuestion q; q.id = static_cast<std::uint16_t>(u16(p, 0)); q.recursion_desired = p[2] & 1; q.has_edns = u16(p, 10) > 0;
    std::size_t i = 12;
    for (;;) { if (i >= p.size()) return bad(); std::size_t n = static_cast<unsigned char>(p[i]); if (n == 0) { ++i; break; } if (n > 63 || i + 1 + n > p.size()) return bad();
        if (!q.name.empty()) q.name += '.';
        for (char c : p.substr(i + 1, n)) { if (!isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') q.name_is_plain = false; q.name += static_cast<char>(tolower(c)); }
        i += n + 1; if (q.name.size() > 254) return bad(); }
    if (i + 4 > p.size()) return bad();
    q.type = static_cast<std::uint16_t>(u16(p, i)); q.klass = static_cast<std::uint16_t>(u16(p, i + 2)); q.wire_question = p.substr(12, i + 4 - 12);
    return q;
}
static std::string head(const DnsQuestion& q, unsigned code, unsigned answers) { std::string s; p16(s, q.id); s += static_cast<char>(0x84 | (q.recursion_desired ? 1 : 0)); s += static_cast<char>(0x80 | code); p16(s, 1); p16(s, answers); p16(s, 0); p16(s, q.has_edns); s += q.wire_question; return s; }
static void tail(const DnsQuestion& q, std::string& s) { if (q.has_edns) s += std::string("\0\0\x29\x04\xd0\0\0\0\0\0\0", 11); }
static void rr(std::string& s, unsigned type, std::uint32_t ttl, std::string_view data) { p16(s, 0xc00c); p16(s, type); p16(s, 1); p16(s, ttl >> 16); p16(s, ttl & 0xffff); p16(s, static_cast<unsigned>(data.size())); s += data; }
std::string dns_address_answer(const DnsQuestion& q, const Address& a, std::uint32_t ttl) { auto s = head(q, 0, 1); rr(s, a.is_v4 ? 1 : 28, ttl, {reinterpret_cast<const char*>(a.bytes.data()), a.is_v4 ? 4u : 16u}); tail(q, s); return s; }
std::string dns_ptr_answer(const DnsQuestion& q, std::string_view h, std::uint32_t ttl) { std::string d; while (!h.empty()) { auto n = std::min(h.find('.'), h.size()); d += static_cast<char>(n); d += h.substr(0, n); h.remove_prefix(std::min(h.size(), n + 1)); } d += '\0'; auto s = head(q, 0, 1); rr(s, 12, ttl, d); tail(q, s); return s; }
std::string dns_empty_answer(const DnsQuestion& q, DnsCode c) { auto s = head(q, static_cast<unsigned>(c), 0); tail(q, s); return s; }
std::optional<std::string> dns_format_error(std::string_view p) { if (p.size() < 12 || (p[2] & 0x80)) return std::nullopt; std::string s(p.substr(0, 2)); s += "\x80\x81"; s += std::string(8, '\0'); return s; }
std::optional<Address> parse_reverse_name(std::string_view n) { constexpr std::string_view suf = ".in-addr.arpa"; if (!n.ends_with(suf)) return std::nullopt; n.remove_suffix(suf.size()); std::string r; std::string t(n); std::size_t at; while ((at = t.rfind('.')) != std::string::npos) { r += t.substr(at + 1) + "."; t.resize(at); } return parse_address(r + t); }
}
