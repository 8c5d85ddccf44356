// The messages of SOCKS version 5 that a proxy reads and writes (RFC 1928), and those of its authentication by user name and
// password (RFC 1929). Pure: bytes in, values out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport::net {

inline constexpr char kSocks5Version = 5;

struct Socks5Methods {
    bool offers_password = false;
};

// Views into the bytes that were read.
struct Socks5Login {
    std::string_view user;
    std::string_view password;
};

struct Socks5Request {
    static constexpr std::uint8_t kConnect = 1;  // the others: BIND, UDP ASSOCIATE, and what does not exist

    std::uint8_t command = 0;
    bool is_known_address_type = true;  // else host and port are not known, and neither is where the message ends
    std::string host;                   // a name as the client sent it, any bytes; or the text of an address
    std::uint16_t port = 0;
};

template <class Message>
struct Socks5Read {
    Message message;
    std::size_t bytes = 0;  // how many it took from the front
};

// The message that `bytes` begins with: nothing while it is not complete, bad_request as soon as it cannot become one.
// What follows is not looked at.
Result<std::optional<Socks5Read<Socks5Methods>>> read_socks5_methods(std::string_view bytes);
Result<std::optional<Socks5Read<Socks5Login>>> read_socks5_login(std::string_view bytes);
Result<std::optional<Socks5Read<Socks5Request>>> read_socks5_request(std::string_view bytes);

enum class Socks5Reply : std::uint8_t {
    succeeded = 0,
    general_failure = 1,
    not_allowed = 2,  // by the ruleset
    command_not_supported = 7,
    address_type_not_supported = 8,
};

// The password, or that nothing is acceptable.
std::string socks5_method_choice(bool by_password);
std::string socks5_login_answer(bool is_accepted);
// The address that a client is told is none: 0.0.0.0, port 0.
std::string socks5_answer(Socks5Reply reply);

}  // namespace sallyport::net
