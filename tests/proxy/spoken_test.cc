#include "proxy/spoken.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

TEST(Spoken, TheClientGetsWhatTheOriginSpeaksWhereItTakesThat) {
    constexpr auto kUnknown = std::nullopt;
    struct Case {
        std::vector<std::string> offered;
        std::optional<Spoken> origin;
        Spoken chosen;
    };
    const Case cases[] = {
        {{"h2", "http/1.1"}, Spoken::http2, Spoken::http2},
        {{"http/1.1", "h2"}, Spoken::http2, Spoken::http2},
        {{"h2", "http/1.1"}, Spoken::http1, Spoken::http1},
        {{"h2", "http/1.1"}, kUnknown, Spoken::http1},
        {{"h2", "http/1.0"}, kUnknown, Spoken::http1},
        {{"h2"}, Spoken::http2, Spoken::http2},
        {{"h2"}, Spoken::http1, Spoken::http2},
        {{"h2"}, kUnknown, Spoken::http2},
        {{"http/1.1"}, Spoken::http2, Spoken::http1},
        {{"http/1.1"}, kUnknown, Spoken::http1},
        {{}, Spoken::http2, Spoken::http1},
        {{"spdy/3"}, Spoken::http2, Spoken::http1},
        {{"spdy/3", "h2"}, Spoken::http1, Spoken::http2},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(choose_spoken(one.offered, one.origin), one.chosen) << (one.offered.empty() ? "" : one.offered[0]);
    }
}

TEST(Spoken, OnlyAClientThatTakesBothHasToWaitForTheOrigin) {
    EXPECT_TRUE(depends_on_origin({"h2", "http/1.1"}));
    EXPECT_TRUE(depends_on_origin({"http/1.0", "x", "h2"}));
    EXPECT_FALSE(depends_on_origin({"h2"}));
    EXPECT_FALSE(depends_on_origin({"http/1.1"}));
    EXPECT_FALSE(depends_on_origin({}));
}

}  // namespace
}  // namespace sallyport::proxy
