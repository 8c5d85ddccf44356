#include "http/http2_outbox.h"

#include <gtest/gtest.h>

namespace sallyport::http {
namespace {

TEST(Http2Outbox, KeepsWhatIsWrittenUntilItIsTaken) {
    Http2Outbox outbox;
    outbox.begin(Http2Outbox::Body::follows);
    EXPECT_TRUE(outbox.write("abc"));
    EXPECT_FALSE(outbox.write(""));
    EXPECT_TRUE(outbox.write("de"));
    EXPECT_EQ(outbox.size(), 5u);
    EXPECT_EQ(outbox.front(4), "abcd");
    outbox.consume(4);
    EXPECT_EQ(outbox.front(4), "e");
    outbox.consume(1);
    EXPECT_EQ(outbox.size(), 0u);
    EXPECT_TRUE(outbox.write("f"));
    EXPECT_EQ(outbox.front(9), "f");
    EXPECT_FALSE(outbox.is_ended());
}

TEST(Http2Outbox, EndsOnce) {
    HeaderMap trailers;
    trailers.add("a", "b");
    Http2Outbox outbox;
    outbox.begin(Http2Outbox::Body::follows);
    EXPECT_TRUE(outbox.end(trailers));
    EXPECT_FALSE(outbox.end({}));
    EXPECT_FALSE(outbox.write("late"));
    EXPECT_TRUE(outbox.is_ended());
    EXPECT_EQ(outbox.trailers().size(), 1u);
    EXPECT_EQ(outbox.size(), 0u);
}

TEST(Http2Outbox, TakesNothingOutsideOfABody) {
    Http2Outbox before;
    EXPECT_FALSE(before.write("early"));
    EXPECT_FALSE(before.end({}));
    EXPECT_FALSE(before.has_begun());
    Http2Outbox none;
    none.begin(Http2Outbox::Body::none);
    EXPECT_FALSE(none.write("body"));
    EXPECT_FALSE(none.end({}));
    Http2Outbox dropped;
    dropped.begin(Http2Outbox::Body::follows);
    dropped.write("gone");
    dropped.drop();
    EXPECT_FALSE(dropped.write("more"));
    EXPECT_EQ(dropped.size(), 0u);
}

}  // namespace
}  // namespace sallyport::http
