#include "net/socks5.h"

#include "net/address.h"

namespace sallyport::net {
namespace {

constexpr std::uint8_t kMethodPassword = 2;
constexpr std::uint8_t kMethodNone = 0xff;
constexpr std::uint8_t kLoginVersion = 1;
constexpr std::uint8_t kIpv4 = 1, kName = 3, kIpv6 = 4;
constexpr std::size_t kRequestHeadBytes = 4;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::string text(std::initializer_list<std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

std::string address_text(std::string_view bytes) {
    Address address;
    address.is_v4 = bytes.size() == 4;
    for (std::size_t i = 0; i < bytes.size(); ++i) address.bytes[i] = byte_at(bytes, i);
    return to_string(address);
}

}  // namespace

Result<std::optional<Socks5Read<Socks5Methods>>> read_socks5_methods(std::string_view bytes) {
    if (!bytes.empty() && bytes[0] != kSocks5Version) return failure(ErrorCode::bad_request, "another version of SOCKS");
    if (bytes.size() < 2) return std::nullopt;
    const std::size_t count = byte_at(bytes, 1);
    if (count == 0) return failure(ErrorCode::bad_request, "no SOCKS method");
    if (bytes.size() < 2 + count) return std::nullopt;
    const bool offers_password = bytes.substr(2, count).find(static_cast<char>(kMethodPassword)) != bytes.npos;
    return Socks5Read<Socks5Methods>{{offers_password}, 2 + count};
}

Result<std::optional<Socks5Read<Socks5Login>>> read_socks5_login(std::string_view bytes) {
    if (!bytes.empty() && byte_at(bytes, 0) != kLoginVersion) {
        return failure(ErrorCode::bad_request, "another version of the SOCKS login");
    }
    if (bytes.size() < 2) return std::nullopt;
    const std::size_t user_size = byte_at(bytes, 1);
    const std::size_t password_at = 2 + user_size + 1;
    if (bytes.size() < password_at) return std::nullopt;
    const std::size_t password_size = byte_at(bytes, password_at - 1);
    if (bytes.size() < password_at + password_size) return std::nullopt;
    return Socks5Read<Socks5Login>{{bytes.substr(2, user_size), bytes.substr(password_at, password_size)},
                                   password_at + password_size};
}

Result<std::optional<Socks5Read<Socks5Request>>> read_socks5_request(std::string_view bytes) {
    if (!bytes.empty() && bytes[0] != kSocks5Version) return failure(ErrorCode::bad_request, "another version of SOCKS");
    if (bytes.size() > 2 && bytes[2] != 0) return failure(ErrorCode::bad_request, "SOCKS' reserved byte is not zero");
    if (bytes.size() < kRequestHeadBytes) return std::nullopt;
    Socks5Read<Socks5Request> read;
    read.message.command = byte_at(bytes, 1);
    const std::uint8_t type = byte_at(bytes, 3);
    std::size_t at = kRequestHeadBytes;
    std::size_t size = type == kIpv4 ? 4 : 16;
    if (type == kName) {
        if (bytes.size() == at) return std::nullopt;
        size = byte_at(bytes, at++);
        if (size == 0) return failure(ErrorCode::bad_request, "an empty name in a SOCKS request");
    } else if (type != kIpv4 && type != kIpv6) {
        read.message.is_known_address_type = false;
        read.bytes = at;
        return read;
    }
    if (bytes.size() < at + size + 2) return std::nullopt;
    const std::string_view host = bytes.substr(at, size);
    read.message.host = type == kName ? std::string(host) : address_text(host);
    read.message.port = static_cast<std::uint16_t>(byte_at(bytes, at + size) << 8 | byte_at(bytes, at + size + 1));
    read.bytes = at + size + 2;
    return read;
}

std::string socks5_method_choice(bool by_password) {
    return text({kSocks5Version, by_password ? kMethodPassword : kMethodNone});
}

std::string socks5_login_answer(bool is_accepted) { return text({kLoginVersion, static_cast<std::uint8_t>(is_accepted ? 0 : 1)}); }

std::string socks5_answer(Socks5Reply reply) {
    return text({kSocks5Version, static_cast<std::uint8_t>(reply), 0, kIpv4, 0, 0, 0, 0, 0, 0});
}

}  // namespace sallyport::net
