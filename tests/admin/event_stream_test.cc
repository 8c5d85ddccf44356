#include "admin/event_stream.h"

#include <gtest/gtest.h>

#include "admin/event_hub.h"

namespace sallyport::admin {
namespace {

std::string read(std::string_view text, std::size_t step) {
    std::string seen;
    EventStreamReader reader([&](std::string_view type, std::string_view data) {
        seen += "[" + std::string(type) + "|" + std::string(data) + "]";
        return true;
    });
    for (std::size_t at = 0; at < text.size(); at += step) EXPECT_TRUE(reader.feed(text.substr(at, step)));
    return seen;
}

TEST(EventStream, ReadsEventsHoweverTheyAreCut) {
    const std::string text =
        ": here\n\nevent: request\ndata: {\"a\":1}\n\n\r\ndata:x\r\ndata: y\r\rid: 7\nevent: gone\n\nevent: z\ndata\n\n"
        "event: torn\ndata: half";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        EXPECT_EQ(read(text, step), "[request|{\"a\":1}][message|x\ny][z|]") << step;
    }
}

TEST(EventStream, ReadsWhatTheServerWrites) {
    EXPECT_EQ(read(event_text("policy", R"({"name":"a"})"), 3), R"([policy|{"name":"a"}])");
}

TEST(EventStream, StopsWhenItsVisitorHasEnough) {
    int count = 0;
    EventStreamReader reader([&](std::string_view, std::string_view) { return ++count < 2; });
    EXPECT_FALSE(reader.feed("data: 1\n\ndata: 2\n\ndata: 3\n\n"));
    EXPECT_EQ(count, 2);
}

TEST(EventStream, ALineWithoutEndIsNotKept) {
    EventStreamReader reader([](std::string_view, std::string_view) { return true; });
    const std::string piece(1024 * 1024, 'x');
    int fed = 0;
    while (reader.feed(piece) && fed < 100) ++fed;
    EXPECT_LT(fed, 40);
}

}  // namespace
}  // namespace sallyport::admin
