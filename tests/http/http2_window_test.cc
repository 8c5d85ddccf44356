#include "http/http2_window.h"

#include <gtest/gtest.h>

namespace sallyport::http {
namespace {

const Http2Limits kLimits{.stream_window_bytes = 100, .stream_window_bytes_max = 1000, .window_growth_bytes_max = 1500};

// Until it grows no more.
void use_all(Http2WindowGrowth& growth, Http2WindowGrowth::Window& window) {
    while (growth.use(window, window.bytes)) {
    }
}

TEST(Http2WindowGrowth, DoublesAWindowThatIsUsedUp) {
    Http2WindowGrowth growth(kLimits);
    auto window = growth.initial();
    EXPECT_FALSE(growth.use(window, 99));
    EXPECT_TRUE(growth.use(window, 1));
    EXPECT_EQ(window.bytes, 200u);
    EXPECT_FALSE(growth.use(window, 199));
    EXPECT_TRUE(growth.use(window, 1));
    EXPECT_EQ(window.bytes, 400u);
}

TEST(Http2WindowGrowth, BeginsAgainAfterAPause) {
    Http2WindowGrowth growth(kLimits);
    auto window = growth.initial();
    growth.use(window, 99);
    growth.pause(window);
    EXPECT_FALSE(growth.use(window, 99));
    EXPECT_EQ(window.bytes, 100u);
}

TEST(Http2WindowGrowth, HasOneBudgetForAllStreams) {
    Http2WindowGrowth growth(kLimits);
    auto a = growth.initial(), b = growth.initial(), c = growth.initial();
    use_all(growth, a);
    EXPECT_EQ(a.bytes, 1000u);
    use_all(growth, b);
    EXPECT_EQ(b.bytes, 700u);
    use_all(growth, c);
    EXPECT_EQ(c.bytes, 100u);
    growth.give_back(a);
    use_all(growth, c);
    EXPECT_EQ(c.bytes, 1000u);
}

}  // namespace
}  // namespace sallyport::http
