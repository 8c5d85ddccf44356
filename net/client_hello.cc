#include "net/client_hello.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace sallyport::net {
namespace {

constexpr std::size_t kGreetingBytesMax = 16 * 1024;
constexpr std::size_t kRecordHeaderBytes = 5;
constexpr std::size_t kMessageHeaderBytes = 4;
constexpr std::size_t kRecordBytesMax = 16 * 1024;
constexpr std::size_t kSessionIdBytesMax = 32;
constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kServerNameBytesMax = 255;

constexpr unsigned char kHandshakeRecord = 0x16;
constexpr unsigned char kMajorVersion = 3;
constexpr std::size_t kClientHelloType = 1;

constexpr std::size_t kServerNameExtension = 0;
constexpr std::size_t kAlpnExtension = 16;
constexpr std::size_t kEchExtension = 0xfe0d;
constexpr std::size_t kHostNameType = 0;
constexpr std::size_t kEchOuter = 0;

auto malformed(const char* what) { return failure(ErrorCode::tls_client_hello, what); }

// Takes from the front; nothing where too little is left.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    bool done() const { return rest_.empty(); }
    std::optional<std::string_view> take(std::size_t size) {
        if (size > rest_.size()) return std::nullopt;
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    std::optional<std::size_t> number(std::size_t bytes) {
        const auto digits = take(bytes);
        if (!digits) return std::nullopt;
        std::size_t value = 0;
        for (const char digit : *digits) value = value << 8 | static_cast<unsigned char>(digit);
        return value;
    }
    // A vector as RFC 8446 section 3.4 writes it: its length, in so many bytes, and then itself.
    std::optional<std::string_view> vector(std::size_t length_bytes) {
        const auto size = number(length_bytes);
        return size ? take(*size) : std::nullopt;
    }

private:
    std::string_view rest_;
};

Result<void> read_server_name(std::string_view body, ClientHello& hello) {
    if (!hello.server_name.empty()) return malformed("two server names");
    Reader reader(body);
    const auto names = reader.vector(2);
    if (!names || !reader.done()) return malformed("the server name extension's lengths disagree");
    Reader entry(*names);
    const auto type = entry.number(1);
    const auto name = entry.vector(2);
    if (type != kHostNameType || !name || name->empty()) return malformed("the server name is not a host name");
    if (!entry.done()) return malformed("two server names");
    if (name->size() > kServerNameBytesMax) return malformed("the server name is too long");
    if (name->find('\0') != std::string_view::npos) return malformed("the server name has a NUL");
    hello.server_name = *name;
    return {};
}

Result<void> read_alpn(std::string_view body, ClientHello& hello) {
    if (!hello.alpn.empty()) return malformed("two lists of protocols");
    Reader reader(body);
    const auto list = reader.vector(2);
    if (!list || list->empty() || !reader.done()) return malformed("the protocol list's lengths disagree");
    Reader protocols(*list);
    while (!protocols.done()) {
        const auto protocol = protocols.vector(1);
        if (!protocol || protocol->empty()) return malformed("the protocol list's lengths disagree");
        hello.alpn.emplace_back(*protocol);
    }
    return {};
}

Result<void> read_ech(std::string_view body, ClientHello& hello) {
    const auto type = Reader(body).number(1);
    if (!type) return malformed("the encrypted hello is empty");
    if (*type == kEchOuter) hello.has_ech = true;
    return {};
}

Result<void> read_extension(std::size_t type, std::string_view body, ClientHello& hello) {
    switch (type) {
        case kServerNameExtension: return read_server_name(body, hello);
        case kAlpnExtension: return read_alpn(body, hello);
        case kEchExtension: return read_ech(body, hello);
        default: return {};
    }
}

Result<ClientHello> read_extensions(std::string_view extensions) {
    ClientHello hello;
    Reader reader(extensions);
    while (!reader.done()) {
        const auto type = reader.number(2);
        const auto body = reader.vector(2);
        if (!type || !body) return malformed("the extensions' lengths disagree");
        if (auto read = read_extension(*type, *body, hello); !read) return failure(std::move(read.error()));
    }
    return hello;
}

Result<ClientHello> read_message(std::string_view message) {
    Reader reader(message);
    const auto version = reader.number(2);
    const auto random = reader.take(kRandomBytes);
    const auto session_id = reader.vector(1);
    const auto ciphers = reader.vector(2);
    const auto compressions = reader.vector(1);
    if (!version || !random || !session_id || !ciphers || !compressions) return malformed("the greeting is cut short");
    if (*version >> 8 != kMajorVersion) return malformed("not a version of TLS");
    if (session_id->size() > kSessionIdBytesMax) return malformed("the session id is too long");
    if (ciphers->empty() || ciphers->size() % 2 != 0) return malformed("the cipher list's length is odd");
    if (compressions->empty()) return malformed("no compression method, not even none");
    if (reader.done()) return ClientHello{};
    const auto extensions = reader.vector(2);
    if (!extensions) return malformed("the extensions' lengths disagree");
    if (!reader.done()) return malformed("trailing bytes");
    return read_extensions(*extensions);
}

std::size_t byte(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

}  // namespace

Result<void> ClientHelloReader::check_record_start(std::string_view bytes) const {
    if (!bytes.empty() && byte(bytes, 0) != kHandshakeRecord) return malformed("another kind of record");
    if (bytes.size() > 1 && byte(bytes, 1) != kMajorVersion) return malformed("a record of no version of TLS");
    return {};
}

Result<void> ClientHelloReader::check_message_start() const {
    if (byte(joined_, 0) != kClientHelloType) return malformed("the first message is not a ClientHello");
    if (joined_.size() >= kMessageHeaderBytes && message_size() > kGreetingBytesMax) return malformed("too large");
    return {};
}

std::size_t ClientHelloReader::message_size() const {
    return byte(joined_, 1) << 16 | byte(joined_, 2) << 8 | byte(joined_, 3);
}

bool ClientHelloReader::is_whole() const {
    return joined_.size() >= kMessageHeaderBytes && joined_.size() >= kMessageHeaderBytes + message_size();
}

// Stops at the message's end, or where more bytes are needed.
Result<void> ClientHelloReader::join(std::string_view bytes) {
    while (!is_whole()) {
        std::string_view rest = bytes.substr(taken_);
        if (left_in_record_ == 0) {
            if (auto start = check_record_start(rest); !start) return start;
            if (rest.size() < kRecordHeaderBytes) return {};
            left_in_record_ = byte(rest, 3) << 8 | byte(rest, 4);
            if (left_in_record_ == 0 || left_in_record_ > kRecordBytesMax) return malformed("a record's length is out of bounds");
            taken_ += kRecordHeaderBytes;
            rest.remove_prefix(kRecordHeaderBytes);
        }
        const std::string_view piece = rest.substr(0, left_in_record_);
        if (piece.empty()) return {};
        joined_.append(piece);
        taken_ += piece.size();
        left_in_record_ -= piece.size();
        if (auto start = check_message_start(); !start) return start;
    }
    const bool has_more = left_in_record_ > 0 || joined_.size() > kMessageHeaderBytes + message_size();
    if (has_more) return malformed("trailing bytes in the record");
    return {};
}

Result<HelloReading> ClientHelloReader::read(std::string_view bytes) {
    if (bytes.empty()) return HelloReading{HelloState::need_more, {}};
    if (byte(bytes, 0) != kHandshakeRecord) return HelloReading{HelloState::not_tls, {}};
    if (auto joined = join(bytes); !joined) return failure(std::move(joined.error()));
    if (!is_whole()) return HelloReading{HelloState::need_more, {}};
    auto hello = read_message(std::string_view(joined_).substr(kMessageHeaderBytes));
    if (!hello) return failure(std::move(hello.error()));
    return HelloReading{HelloState::complete, std::move(*hello)};
}

Result<HelloReading> read_client_hello(std::string_view bytes) { return ClientHelloReader().read(bytes); }

}  // namespace sallyport::net
