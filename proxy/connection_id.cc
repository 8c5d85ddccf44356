#include "proxy/connection_id.h"

#include <openssl/rand.h>

#include "base/check.h"

namespace sallyport::proxy {

ConnectionId ConnectionId::random() {
    ConnectionId made;
    SALLYPORT_CHECK(RAND_bytes(made.bytes_.data(), static_cast<int>(made.bytes_.size())) == 1);
    return made;
}

std::string ConnectionId::text() const {
    constexpr char kHex[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes_) {
        text += kHex[byte >> 4];
        text += kHex[byte & 15];
    }
    return text;
}

}  // namespace sallyport::proxy
