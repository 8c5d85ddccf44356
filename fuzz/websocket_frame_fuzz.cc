// Frames as a client or a server (the first byte says which) sends them: however they are cut, the same is reported, and
// what was right is written again byte for byte.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "tests/http/websocket_transcript.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::http;
    if (size == 0) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto sender = data[0] % 2 == 0 ? WebSocketSender::server : WebSocketSender::client;
    const auto reading = read_websocket(input, sender);
    SALLYPORT_CHECK(reading.written.size() <= input.size());
    SALLYPORT_CHECK(reading.written == input.substr(0, reading.written.size()));
    for (const Cutting& cutting : {byte_by_byte(), at_random(data[0], 1 + data[0] % 16)}) {
        SALLYPORT_CHECK(read_websocket(input, sender, cutting).text == reading.text);
    }
    return 0;
}
