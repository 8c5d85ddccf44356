#include "http/http2_frame_scanner.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/http/http2_wire.h"
#include "tests/http/transcript.h"

namespace sallyport::http {
namespace {

using namespace wire;

// How many of the bytes are good, and what stopped it.
std::string scan(std::string_view bytes, const Cutting& cutting, const Http2Limits& limits = {}) {
    Http2Budget budget(limits);
    Http2FrameScanner scanner(kPreface.size(), limits, budget);
    std::size_t good = 0;
    while (good < bytes.size() && !scanner.fault()) {
        const std::string piece(bytes.substr(good, cutting.next_size()));
        good += scanner.scan(piece);
    }
    return scanner.fault() ? scanner.fault()->why : "all";
}

std::string scan_however_cut(std::string_view bytes, const Http2Limits& limits = {}) {
    const std::string expected = scan(bytes, whole(), limits);
    EXPECT_EQ(scan(bytes, byte_by_byte(), limits), expected);
    for (unsigned seed = 0; seed < 30; ++seed) EXPECT_EQ(scan(bytes, at_random(seed, 1 + seed), limits), expected);
    return expected;
}

TEST(Http2FrameScanner, LetsHonestFramesPass) {
    EXPECT_EQ(scan_however_cut(greeting() + get(1) + post(3) + data(3, std::string(16384, 'x')) + data(3, "", kEndStream) +
                               ping() + window_update(0, 100)),
              "all");
}

TEST(Http2FrameScanner, StopsInFrontOfTheFrameThatMayNotBe) {
    const std::string good = greeting() + get(1);
    Http2Budget budget({});
    Http2FrameScanner scanner(kPreface.size(), {}, budget);
    EXPECT_EQ(scanner.scan(good + frame(kPushPromise, kEndHeaders, 1, number(2)) + get(3)), good.size());
    ASSERT_TRUE(scanner.fault());
    EXPECT_EQ(scanner.fault()->error, Http2Error::protocol_error);
}

TEST(Http2FrameScanner, CountsFramesThatBringNothing) {
    const Http2Limits limits{.idle_frames_max = 20};
    const std::string none = "more frames that bring nothing than the work is worth";
    for (const std::string& frame :
         {ping(), ping(kAck), settings(), window_update(0, 1), frame(kPriority, 0, 1, "12345"), frame(0x77, 0, 0, "?"),
          rst_stream(1, Http2Error::cancel), goaway(0), data(1, ""), get(1)}) {
        EXPECT_EQ(scan_however_cut(greeting() + repeat(frame, 19), limits), "all") << frames(frame)[0].type;
        EXPECT_EQ(scan_however_cut(greeting() + repeat(frame, 20), limits), none) << frames(frame)[0].type;
    }
    EXPECT_EQ(scan_however_cut(greeting() + repeat(data(1, "", kEndStream), 30), limits), "all");
}

TEST(Http2FrameScanner, CountsThePartsOfAHead) {
    const Http2Limits limits{.continuations_max = 3};
    const std::string part = frame(kContinuation, 0, 1, "x");
    const std::string last = frame(kContinuation, kEndHeaders, 1, "x");
    const std::string first = frame(kHeaders, 0, 1, "x");
    EXPECT_EQ(scan_however_cut(greeting() + repeat(first + part + part + last, 5), limits), "all");
    EXPECT_EQ(scan_however_cut(greeting() + first + part + part + part + last, limits), "a head in too many frames");
}

}  // namespace
}  // namespace sallyport::http
