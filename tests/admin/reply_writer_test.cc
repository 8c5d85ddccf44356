#include "admin/reply_writer.h"

#include <gtest/gtest.h>

#include "tests/admin/dialogue.h"

namespace sallyport::admin {
namespace {

Seen written(Reply reply, ReplyForm form, const std::string& method = "GET") {
    Buffer out;
    write_reply(out, std::move(reply), form);
    auto seen = read_answers(out.view(), {method});
    EXPECT_EQ(seen.size(), 1u);
    return std::move(seen.front());
}

TEST(ReplyWriter, ARepliesHeadersSayWhatItIs) {
    const Seen seen = written(Reply::json("{}", "7"), {});
    EXPECT_EQ(seen.status, 200);
    EXPECT_EQ(seen.body, "{}");
    EXPECT_EQ(seen.header("ETag"), "\"7\"");
    EXPECT_EQ(seen.header("Content-Type"), "application/json");
    EXPECT_EQ(seen.header("Cache-Control"), "no-store");
    EXPECT_EQ(seen.header("X-Content-Type-Options"), "nosniff");
    EXPECT_TRUE(seen.keep_alive);
    EXPECT_EQ(written(Reply::json("{}"), {.keep_alive = false}).header("Connection"), "close");
}

TEST(ReplyWriter, WithoutContentThereIsNoContentField) {
    Reply reply = FakeApi::no_content();
    reply.etag = "8";
    const Seen seen = written(std::move(reply), {});
    EXPECT_TRUE(seen.is_whole);
    EXPECT_EQ(seen.header("ETag"), "\"8\"");
    EXPECT_FALSE(seen.headers.has("Content-Length"));
    EXPECT_FALSE(seen.headers.has("Content-Type"));
}

TEST(ReplyWriter, HeadHasTheLengthAndNotTheBody) {
    const Seen seen = written(Reply::json("{\"a\":1}"), {.is_head = true}, "HEAD");
    EXPECT_EQ(seen.header("Content-Length"), "7");
    EXPECT_EQ(seen.body, "");
}

TEST(ReplyWriter, X14_AJsonBodyIsPrintable) {
    const Seen seen = written(Reply::json("{\"a\":\"\xc2\x9b\x7f\"}\n"), {});
    EXPECT_EQ(seen.body, "{\"a\":\"\\u009b\\u007f\"} ");
}

TEST(ReplyWriter, ADateIsInTheFormOfTheStandard) {
    EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace sallyport::admin
