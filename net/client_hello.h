// Reads what a TLS ClientHello says (RFC 8446 section 4.1.2) before any TLS is spoken: the server name, the protocols
// offered, and whether it is encrypted (ECH). A pure function of the bytes so far; any number of records and segments.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::net {

struct ClientHello {
    std::string server_name;          // as sent, not canonical; empty for none
    std::vector<std::string> alpn;
    bool has_ech = false;             // extension 0xfe0d, encrypted_client_hello, outer form
};

enum class HelloState { need_more, not_tls, complete };

struct HelloReading {
    HelloState state = HelloState::need_more;
    ClientHello hello;  // where complete
};

// Reads a greeting that grows. Owned by the connection that it is read from.
class ClientHelloReader final {
public:
    // `bytes` is everything received so far: what the last call was given, and more. Only what is new costs anything.
    // A greeting over 16 KiB, two server names, a name with a NUL, trailing bytes, lengths that disagree:
    // tls_client_hello. In records of one byte each, 16 KiB are 96 KiB to receive; there cannot be more. GREASE and unknown
    // extensions are passed over. The first ECH marker with "outer" type (0) sets has_ech; GREASE ECH looks the same on
    // purpose and so counts.
    Result<HelloReading> read(std::string_view bytes);

private:
    Result<void> join(std::string_view bytes);
    Result<void> check_record_start(std::string_view bytes) const;
    Result<void> check_message_start() const;
    std::size_t message_size() const;
    bool is_whole() const;

    std::string joined_;               // the handshake message, without its records
    std::size_t taken_ = 0;            // of `bytes`
    std::size_t left_in_record_ = 0;
};

// All at once.
Result<HelloReading> read_client_hello(std::string_view bytes);

}  // namespace sallyport::net
