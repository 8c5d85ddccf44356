// What an operator calls an open connection by: random, so that it is unique across workers and tells nothing of others.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace sallyport::proxy {

class ConnectionId final {
public:
    static ConnectionId random();

    // 32 hex digits.
    std::string text() const;

    friend bool operator==(const ConnectionId&, const ConnectionId&) = default;

private:
    std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace sallyport::proxy
