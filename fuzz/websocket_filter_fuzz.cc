// An origin's WebSocket bytes beside the secret "marker-Secret": however they are cut, the same messages come out and the same
// error; what comes out is well-formed, as long as what went in, and holds no secret. The first byte says how it is cut.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "proxy/websocket_filter.h"
#include "tests/http/transcript.h"
#include "tests/http/websocket_frames.h"
#include "tests/http/websocket_transcript.h"

namespace sallyport::proxy {
namespace {

constexpr std::string_view kSecret = "marker-Secret";

const std::shared_ptr<const rules::NeedleSet>& needles() {
    static const auto made = rules::NeedleSet::compile(std::vector<std::string_view>{kSecret});
    return made;
}

struct Outcome {
    std::string bytes;
    bool is_right = true;
};

Outcome filter(std::string_view input, http::Cutting cutting) {
    ScrubChain chain;
    chain.add(needles());
    WebSocketScrubber scrubber(std::move(chain));
    Buffer out;
    while (!input.empty()) {
        const auto piece = input.substr(0, cutting.next_size());
        input.remove_prefix(piece.size());
        if (!scrubber.feed(piece, out)) return {std::string(out.view()), false};
    }
    return {std::string(out.view())};
}

std::size_t payload_bytes(std::string_view bytes) {
    std::size_t size = 0;
    for (const auto& frame : http::read_frames(bytes)) size += frame.payload.size();
    return size;
}

void check(std::string_view input, unsigned how) {
    const Outcome whole = filter(input, http::whole());
    const auto messages = http::read_messages(whole.bytes);
    for (const auto& cutting : {http::byte_by_byte(), http::at_random(how, 1 + how % 16)}) {
        const Outcome cut = filter(input, cutting);
        SALLYPORT_CHECK(cut.is_right == whole.is_right);
        // A message that is not complete may be out in more or fewer fragments.
        if (whole.is_right) SALLYPORT_CHECK(http::read_messages(cut.bytes) == messages);
    }
    for (const auto& message : messages) SALLYPORT_CHECK(message.find(kSecret) == message.npos);
    SALLYPORT_CHECK(http::read_websocket(whole.bytes, http::WebSocketSender::server).written == whole.bytes);
    const bool is_complete = http::read_websocket(input, http::WebSocketSender::server).text.ends_with("between messages");
    if (whole.is_right && is_complete) SALLYPORT_CHECK(payload_bytes(whole.bytes) == payload_bytes(input));
}

}  // namespace
}  // namespace sallyport::proxy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    sallyport::proxy::check({reinterpret_cast<const char*>(data) + 1, size - 1}, data[0]);
    return 0;
}
