#include "net/dns_wire.h"

#include <gmock/gmock.h>

#include <random>

namespace sallyport::net {
namespace {

using namespace std::string_literals;

std::string number(int value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)}; }

std::string name(std::string_view text) {
    std::string wire;
    while (!text.empty()) {
        const auto label = text.substr(0, text.find('.'));
        wire += static_cast<char>(label.size());
        wire += label;
        text.remove_prefix(std::min(text.size(), label.size() + 1));
    }
    return wire + '\0';
}

std::string header(int flags, int questions, int answers = 0, int authorities = 0, int additionals = 0) {
    return number(0x1234) + number(flags) + number(questions) + number(answers) + number(authorities) + number(additionals);
}

std::string question(const std::string& wire_name, int type = 1, int klass = 1) {
    return wire_name + number(type) + number(klass);
}

const std::string kOpt = "\0"s + number(41) + number(4096) + std::string(4, '\0') + number(0);

std::string query(std::string_view text, int type = 1) { return header(0x0100, 1) + question(name(text), type); }
std::string edns_query(std::string_view text) { return header(0x0100, 1, 0, 0, 1) + question(name(text)) + kOpt; }

DnsQuestion parsed(const std::string& packet) {
    const auto question = parse_dns_query(packet);
    EXPECT_TRUE(question.has_value()) << question.error().detail;
    return question.value_or(DnsQuestion{});
}

TEST(DnsQuery, IsRead) {
    const DnsQuestion question = parsed(query("Api.EXAMPLE.com", 28));
    EXPECT_EQ(question.id, 0x1234);
    EXPECT_TRUE(question.recursion_desired);
    EXPECT_FALSE(question.has_edns);
    EXPECT_EQ(question.name, "api.example.com");
    EXPECT_TRUE(question.name_is_plain);
    EXPECT_EQ(question.type, 28);
    EXPECT_EQ(question.klass, 1);
    EXPECT_EQ(question.wire_question, name("Api.EXAMPLE.com") + number(28) + number(1));
}

TEST(DnsQuery, ReadsTheRoot) { EXPECT_EQ(parsed(query("")).name, ""); }

TEST(DnsQuery, TellsNamesThatAreNotPlain) {
    EXPECT_TRUE(parsed(query("_acme-challenge.a1.example")).name_is_plain);
    for (const std::string& label : {"a b"s, "a.b"s, "*"s, "a\0b"s, "\xc3\xa9"s, "a/b"s, "A@"s}) {
        const std::string wire = std::string(1, static_cast<char>(label.size())) + label + name("example");
        EXPECT_FALSE(parsed(header(0, 1) + question(wire)).name_is_plain) << label;
        const std::string last = "\1a"s + static_cast<char>(label.size()) + label + '\0';
        EXPECT_FALSE(parsed(header(0, 1) + question(last)).name_is_plain) << label;
    }
}

TEST(DnsQuery, MayHaveAdditionalRecords) {
    EXPECT_TRUE(parsed(edns_query("a.example")).has_edns);
    const std::string other = name("key.example") + number(250) + number(255) + std::string(4, '\0') + number(2) + "xx";
    EXPECT_FALSE(parsed(header(0, 1, 0, 0, 1) + question(name("a")) + other).has_edns);
    EXPECT_TRUE(parsed(header(0, 1, 0, 0, 2) + question(name("a")) + kOpt + other).has_edns);
}

TEST(DnsQuery, IsRefusedWhereMalformed) {
    const std::string label63(63, 'a');
    const std::string name255 = name(label63 + '.' + label63 + '.' + label63 + '.' + std::string(61, 'b'));
    const std::string name256 = name(label63 + '.' + label63 + '.' + label63 + '.' + std::string(62, 'b'));
    ASSERT_EQ(name255.size(), 255u);
    EXPECT_EQ(parsed(header(0, 1) + question(name255)).name.size(), 253u);
    const std::string a = question(name("a"));
    const struct {
        const char* what;
        std::string packet;
    } cases[] = {
        {"nothing", ""},
        {"half a header", header(0, 1).substr(0, 11)},
        {"a response", header(0x8000, 1) + a},
        {"an update", header(5 << 11, 1) + a},
        {"a status", header(2 << 11, 1) + a},
        {"no question", header(0, 0)},
        {"two questions", header(0, 2) + a + a},
        {"an answer", header(0, 1, 1) + a + kOpt},
        {"an authority", header(0, 1, 0, 1) + a + kOpt},
        {"question missing", header(0, 1)},
        {"question cut short", header(0, 1) + a.substr(0, a.size() - 1)},
        {"label cut short", header(0, 1) + "\5ab"},
        {"name without end", header(0, 1) + "\1a"},
        {"compressed name", header(0, 1) + "\xc0\x0c"s + number(1) + number(1)},
        {"compressed after a label", header(0, 1) + "\1a\xc0\x0c"s + number(1) + number(1)},
        {"reserved label type", header(0, 1) + question("\x41" + std::string(65, 'a') + '\0')},
        {"name too long", header(0, 1) + question(name256)},
        {"trailing bytes", query("a") + "x"},
        {"additional missing", header(0, 1, 0, 0, 1) + a},
        {"additional cut short", header(0, 1, 0, 0, 1) + a + kOpt.substr(0, 10)},
        {"additional's data cut short", header(0, 1, 0, 0, 1) + a + kOpt.substr(0, 9) + number(4) + "ab"},
        {"many additionals", header(0, 1, 0, 0, 0xffff) + a + kOpt},
        {"two OPT", header(0, 1, 0, 0, 2) + a + kOpt + kOpt},
        {"OPT with a name", header(0, 1, 0, 0, 1) + a + name("x") + kOpt.substr(1)},
    };
    for (const auto& [what, packet] : cases) {
        const auto question = parse_dns_query(packet);
        ASSERT_FALSE(question.has_value()) << what;
        EXPECT_EQ(question.error().code, ErrorCode::bad_request) << what;
    }
}

TEST(DnsQuery, IsReadWholeOrNotAtAll) {
    const std::string whole = edns_query("api.example.com");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(parse_dns_query(std::string_view(whole).substr(0, size)).has_value()) << size;
    }
    std::mt19937 random(1);
    for (int round = 0; round < 20000; ++round) {
        std::string packet = whole;
        for (int i = 0; i < 3; ++i) packet[random() % packet.size()] = static_cast<char>(random());
        (void)parse_dns_query(packet);
        (void)dns_format_error(packet);
    }
}

TEST(DnsAnswer, CarriesAnAddressUnderTheNameAsAsked) {
    const auto v4 = dns_address_answer(parsed(query("aPi.example")), *parse_address("198.18.0.7"), 0x01020304);
    EXPECT_EQ(v4, header(0x8180, 1, 1) + question(name("aPi.example")) + number(0xc00c) + number(1) + number(1) +
                      "\1\2\3\4" + number(4) + "\xc6\x12\0\x07"s);
    const auto v6 = dns_address_answer(parsed(query("a", 28)), *parse_address("::1"), 1);
    EXPECT_EQ(v6, header(0x8180, 1, 1) + question(name("a"), 28) + number(0xc00c) + number(28) + number(1) + "\0\0\0\1"s +
                      number(16) + std::string(15, '\0') + "\1");
}

TEST(DnsAnswer, CarriesANameForAnAddress) {
    const DnsQuestion asked = parsed(query("7.0.18.198.in-addr.arpa", 12));
    EXPECT_EQ(dns_ptr_answer(asked, "api.example", 1),
              header(0x8180, 1, 1) + question(name("7.0.18.198.in-addr.arpa"), 12) + number(0xc00c) + number(12) + number(1) +
                  "\0\0\0\1"s + number(static_cast<int>(name("api.example").size())) + name("api.example"));
    for (const std::string& bad : {"a..b"s, ".a"s, std::string(64, 'a'), std::string(127, 'a').replace(1, 1, ".") + '.' + std::string(200, 'b')}) {
        EXPECT_EQ(dns_ptr_answer(asked, bad, 1), dns_empty_answer(asked, DnsCode::server_failure)) << bad;
    }
}

TEST(DnsAnswer, MayBeEmpty) {
    const DnsQuestion asked = parsed(header(0, 1) + question(name("a"), 16));
    EXPECT_EQ(dns_empty_answer(asked, DnsCode::no_error), header(0x8080, 1) + question(name("a"), 16));
    EXPECT_EQ(dns_empty_answer(asked, DnsCode::name_error), header(0x8083, 1) + question(name("a"), 16));
    EXPECT_EQ(dns_empty_answer(asked, DnsCode::refused), header(0x8085, 1) + question(name("a"), 16));
}

TEST(DnsAnswer, HasEdnsWhereTheQueryHad) {
    const DnsQuestion asked = parsed(edns_query("a"));
    const std::string opt = "\0"s + number(41) + number(1232) + std::string(6, '\0');
    EXPECT_EQ(dns_empty_answer(asked, DnsCode::no_error), header(0x8180, 1, 0, 0, 1) + question(name("a")) + opt);
    EXPECT_TRUE(dns_address_answer(asked, *parse_address("1.2.3.4"), 1).ends_with(opt));
    EXPECT_TRUE(dns_ptr_answer(asked, "a", 1).ends_with(opt));
}

TEST(DnsAnswer, SaysWhatWasWrongWithAPacket) {
    EXPECT_EQ(dns_format_error(header(0x0100, 7) + "junk"), header(0x8181, 0));
    EXPECT_EQ(dns_format_error(header(5 << 11, 1)), header(0x8084 | 5 << 11, 0));
    EXPECT_EQ(dns_format_error(header(0x8000, 1)), std::nullopt);  // never answer an answer
    EXPECT_EQ(dns_format_error(header(0, 1).substr(0, 11)), std::nullopt);
    EXPECT_EQ(dns_format_error(""), std::nullopt);
}

TEST(ReverseName, IsAnIpv4AddressBackwards) {
    EXPECT_EQ(parse_reverse_name("4.3.2.1.in-addr.arpa"), parse_address("1.2.3.4"));
    EXPECT_EQ(parse_reverse_name("255.0.18.198.in-addr.arpa"), parse_address("198.18.0.255"));
    for (const char* name : {"", "in-addr.arpa", ".in-addr.arpa", "3.2.1.in-addr.arpa", "5.4.3.2.1.in-addr.arpa",
                             "04.3.2.1.in-addr.arpa", "256.3.2.1.in-addr.arpa", "a.3.2.1.in-addr.arpa", "4.3.2.1",
                             "4.3.2.1.in-addr.arpa.evil", "4.3.2.1.ip6.arpa", "::1.in-addr.arpa"}) {
        EXPECT_EQ(parse_reverse_name(name), std::nullopt) << name;
    }
}

}  // namespace
}  // namespace sallyport::net
