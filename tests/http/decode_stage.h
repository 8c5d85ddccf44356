// Runs one stage over an input that comes in pieces, with little room.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "http/decoder_stage.h"

namespace sallyport::http {

// What came out; then '!' where it failed, '~' where it was not complete.
inline std::string run_stage(DecoderStage& stage, std::string_view input, std::size_t piece_bytes, std::size_t room) {
    std::string out;
    std::string block(room, '\0');
    while (!input.empty()) {
        std::string_view piece = input.substr(0, piece_bytes);
        input.remove_prefix(piece.size());
        while (true) {
            const auto written = stage.decode(piece, block.data(), room);
            if (!written) return out + '!';
            out.append(block, 0, *written);
            if (*written == 0) break;
        }
        SALLYPORT_CHECK(piece.empty());
    }
    return stage.is_complete() ? out : out + '~';
}

// However it is cut and whatever the room; the stage is made anew for each by `make`.
template <class Make>
std::string run_stages(Make make, std::string_view input) {
    const auto whole = make();
    const std::string expected = run_stage(*whole, input, std::max<std::size_t>(input.size(), 1), 1 << 16);
    for (const std::size_t piece_bytes : {1u, 2u, 7u}) {
        for (const std::size_t room : {1u, 5u, 4096u}) {
            const auto stage = make();
            EXPECT_EQ(run_stage(*stage, input, piece_bytes, room), expected) << piece_bytes << ", room " << room;
        }
    }
    return expected;
}

}  // namespace sallyport::http
