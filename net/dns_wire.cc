#include "net/dns_wire.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace sallyport::net {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kLabelBytesMax = 63;
constexpr std::size_t kNameBytesMax = 255;

constexpr std::uint16_t kIsResponse = 0x8000;
constexpr std::uint16_t kOpcode = 0x7800;
constexpr std::uint16_t kRecursionDesired = 0x0100;
constexpr std::uint16_t kRecursionAvailable = 0x0080;

constexpr std::uint16_t kInternet = 1;
constexpr std::uint16_t kOptType = 41;
constexpr std::uint16_t kUdpPayloadBytes = 1232;  // what fits in one packet everywhere (DNS flag day 2020)
constexpr std::uint16_t kPointerToQuestion = 0xc000 | kHeaderBytes;

auto malformed(const char* what) { return failure(ErrorCode::bad_request, what); }

// Takes from the front; nothing where too little is left.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    std::string_view rest() const { return rest_; }
    std::optional<std::string_view> take(std::size_t size) {
        if (size > rest_.size()) return std::nullopt;
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    std::optional<std::uint8_t> byte() {
        const auto taken = take(1);
        return taken ? std::optional(static_cast<std::uint8_t>(taken->front())) : std::nullopt;
    }
    std::optional<std::uint16_t> number() {
        const auto high = byte();
        const auto low = byte();
        if (!high || !low) return std::nullopt;
        return static_cast<std::uint16_t>(*high << 8 | *low);
    }

private:
    std::string_view rest_;
};

struct Name {
    std::string text;
    bool is_plain = true;
};

struct Header {
    std::uint16_t id = 0;
    std::uint16_t flags = 0;
    std::uint16_t questions = 0;
    std::uint16_t answers = 0;
    std::uint16_t authorities = 0;
    std::uint16_t additionals = 0;
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::optional<Header> read_header(Reader& reader) {
    if (reader.rest().size() < kHeaderBytes) return std::nullopt;
    return Header{*reader.number(), *reader.number(), *reader.number(),
                  *reader.number(), *reader.number(), *reader.number()};
}

void append_label(std::string_view label, Name& name) {
    if (!name.text.empty()) name.text += '.';
    std::transform(label.begin(), label.end(), std::back_inserter(name.text), lower);
    const auto added = name.text.end() - static_cast<std::ptrdiff_t>(label.size());
    name.is_plain = name.is_plain && std::all_of(added, name.text.end(), is_plain);
}

// Without compression: a query has nothing to point back to.
Result<Name> read_name(Reader& reader) {
    Name name;
    const std::size_t before = reader.rest().size();
    for (;;) {
        const auto size = reader.byte();
        if (!size) return malformed("a name is cut short");
        if (before - reader.rest().size() + *size > kNameBytesMax) return malformed("a name is too long");
        if (*size == 0) return name;
        if (*size > kLabelBytesMax) return malformed("a compressed name in a query");
        const auto label = reader.take(*size);
        if (!label) return malformed("a name is cut short");
        append_label(*label, name);
    }
}

// Records after the question: all but OPT (RFC 6891) are passed over.
Result<void> read_additional(Reader& reader, DnsQuestion& question) {
    const auto name = read_name(reader);
    if (!name) return failure(name.error());
    const auto type = reader.number();
    const auto has_class_and_ttl = reader.take(6).has_value();
    const auto size = reader.number();
    if (!type || !has_class_and_ttl || !size || !reader.take(*size)) return malformed("a record is cut short");
    if (*type != kOptType) return {};
    if (question.has_edns || !name->text.empty()) return malformed("two OPT records, or one with a name");
    question.has_edns = true;
    return {};
}

Result<void> read_question(Reader& reader, DnsQuestion& question) {
    const std::string_view from = reader.rest();
    auto name = read_name(reader);
    if (!name) return failure(std::move(name.error()));
    const auto type = reader.number();
    const auto klass = reader.number();
    if (!type || !klass) return malformed("the question is cut short");
    question.name = std::move(name->text);
    question.name_is_plain = name->is_plain;
    question.type = *type;
    question.klass = *klass;
    question.wire_question = from.substr(0, from.size() - reader.rest().size());
    return {};
}

void put(std::string& out, std::uint16_t value) {
    out += static_cast<char>(value >> 8);
    out += static_cast<char>(value & 0xff);
}

void put_header(std::string& out, const Header& header) {
    for (const std::uint16_t field : {header.id, header.flags, header.questions, header.answers, header.authorities,
                                      header.additionals}) {
        put(out, field);
    }
}

std::uint16_t answer_flags(bool recursion_desired, DnsCode code) {
    const auto flags = kIsResponse | kRecursionAvailable | static_cast<std::uint8_t>(code);
    return static_cast<std::uint16_t>(recursion_desired ? flags | kRecursionDesired : flags);
}

std::string begin_answer(const DnsQuestion& question, DnsCode code, std::uint16_t answers) {
    std::string out;
    const std::uint16_t additionals = question.has_edns ? 1 : 0;
    put_header(out, {question.id, answer_flags(question.recursion_desired, code), 1, answers, 0, additionals});
    out += question.wire_question;
    return out;
}

void put_opt(std::string& out) {
    out += '\0';  // the root's name
    put(out, kOptType);
    put(out, kUdpPayloadBytes);
    out.append(6, '\0');  // no error bits, version 0, no flags, no options
}

std::string one_record(const DnsQuestion& question, DnsType type, std::uint32_t ttl_seconds, std::string_view data) {
    std::string out = begin_answer(question, DnsCode::no_error, 1);
    put(out, kPointerToQuestion);
    put(out, static_cast<std::uint16_t>(type));
    put(out, kInternet);
    put(out, static_cast<std::uint16_t>(ttl_seconds >> 16));
    put(out, static_cast<std::uint16_t>(ttl_seconds & 0xffff));
    put(out, static_cast<std::uint16_t>(data.size()));
    out += data;
    if (question.has_edns) put_opt(out);
    return out;
}

// Nothing where the text is no name that can be sent.
std::optional<std::string> wire_name(std::string_view text) {
    std::string wire;
    while (!text.empty()) {
        const std::string_view label = text.substr(0, text.find('.'));
        if (label.empty() || label.size() > kLabelBytesMax) return std::nullopt;
        wire += static_cast<char>(label.size());
        wire += label;
        text.remove_prefix(std::min(text.size(), label.size() + 1));
    }
    wire += '\0';
    return wire.size() <= kNameBytesMax ? std::optional(wire) : std::nullopt;
}

}  // namespace

Result<DnsQuestion> parse_dns_query(std::string_view packet) {
    Reader reader(packet);
    const auto header = read_header(reader);
    if (!header) return malformed("too short for a header");
    if ((header->flags & kIsResponse) != 0) return malformed("a response");
    if ((header->flags & kOpcode) != 0) return malformed("not a query");
    if (header->questions != 1) return malformed("not one question");
    if (header->answers != 0 || header->authorities != 0) return malformed("answers in a query");
    DnsQuestion question;
    question.id = header->id;
    question.recursion_desired = (header->flags & kRecursionDesired) != 0;
    if (auto read = read_question(reader, question); !read) return failure(std::move(read.error()));
    for (int i = 0; i < header->additionals; ++i) {
        if (auto read = read_additional(reader, question); !read) return failure(std::move(read.error()));
    }
    if (!reader.rest().empty()) return malformed("trailing bytes");
    return question;
}

std::string dns_address_answer(const DnsQuestion& question, const Address& address, std::uint32_t ttl_seconds) {
    const std::string_view bytes(reinterpret_cast<const char*>(address.bytes.data()), address.is_v4 ? 4 : 16);
    return one_record(question, address.is_v4 ? DnsType::a : DnsType::aaaa, ttl_seconds, bytes);
}

std::string dns_ptr_answer(const DnsQuestion& question, std::string_view host, std::uint32_t ttl_seconds) {
    const auto name = wire_name(host);
    if (!name) return dns_empty_answer(question, DnsCode::server_failure);
    return one_record(question, DnsType::ptr, ttl_seconds, *name);
}

std::string dns_empty_answer(const DnsQuestion& question, DnsCode code) {
    std::string out = begin_answer(question, code, 0);
    if (question.has_edns) put_opt(out);
    return out;
}

std::optional<std::string> dns_format_error(std::string_view packet) {
    Reader reader(packet);
    const auto header = read_header(reader);
    if (!header || (header->flags & kIsResponse) != 0) return std::nullopt;
    const std::uint16_t opcode = header->flags & kOpcode;
    const DnsCode code = opcode == 0 ? DnsCode::format_error : DnsCode::not_implemented;
    const std::uint16_t flags = answer_flags((header->flags & kRecursionDesired) != 0, code) | opcode;
    std::string out;
    put_header(out, {header->id, flags});
    return out;
}

std::optional<Address> parse_reverse_name(std::string_view name) {
    constexpr std::string_view kSuffix = ".in-addr.arpa";
    if (!name.ends_with(kSuffix)) return std::nullopt;
    name.remove_suffix(kSuffix.size());
    auto address = parse_address(name);
    if (!address || !address->is_v4) return std::nullopt;
    std::reverse(address->bytes.begin(), address->bytes.begin() + 4);
    return address;
}

}  // namespace sallyport::net
