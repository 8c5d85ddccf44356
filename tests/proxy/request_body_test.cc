#include "proxy/request_body.h"

#include <gtest/gtest.h>

#include "http/http1_writer.h"
#include "proxy/limits.h"

namespace sallyport::proxy {
namespace {

using http::BodyKind;

// Doubles each byte, one piece late; '!' is an error.
class Doubler final : public rules::BodyRewriter {
public:
    Result<void> feed(std::string_view bytes, Buffer& out) override {
        out.append(held_);
        held_.clear();
        for (const char c : bytes) {
            if (c == '!') return failure(ErrorCode::body_unreadable);
            held_.append(2, c);
        }
        return {};
    }
    Result<void> finish(Buffer& out) override {
        out.append(held_);
        return {};
    }

private:
    std::string held_;
};

http::BodyFraming length(std::uint64_t bytes) { return {BodyKind::length, bytes}; }

// What goes out behind a head with this framing.
class Sent final {
public:
    explicit Sent(const http::BodyFraming& framing) {
        http::RequestHead head;
        head.body = framing;
        writer_.write_head(head);
        out_.clear();
    }
    operator http::RequestWriter&() { return writer_; }
    std::string_view view() const { return out_.view(); }
    bool empty() const { return out_.empty(); }
    std::size_t size() const { return out_.size(); }

private:
    Buffer out_;
    http::Http1RequestWriter writer_{out_};
};

TEST(RequestBody, GoesOnAsItComes) {
    RequestBody body;
    Sent out(length(5));
    body.begin_to_send(length(5), nullptr);
    ASSERT_TRUE(body.send("ab", out));
    ASSERT_TRUE(body.send("cde", out));
    ASSERT_TRUE(body.finish({}, out));
    EXPECT_EQ(out.view(), "abcde");
}

TEST(RequestBody, IsFramedAsTheHeadThatWasSentSays) {
    RequestBody body;
    Sent out({BodyKind::chunked, 0});
    body.begin_to_send({BodyKind::chunked, 0}, nullptr);
    ASSERT_TRUE(body.send("ab", out));
    http::HeaderMap trailers;
    trailers.add("X-Sum", "1");
    ASSERT_TRUE(body.finish(trailers, out));
    EXPECT_EQ(out.view(), "2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n");
}

TEST(RequestBody, IsRewrittenAsItPasses) {
    RequestBody body;
    Sent out(length(6));
    body.begin_to_send(length(6), std::make_unique<Doubler>());
    ASSERT_TRUE(body.send("ab", out));
    EXPECT_EQ(out.view(), "");
    ASSERT_TRUE(body.send("c", out));
    ASSERT_TRUE(body.finish({}, out));
    EXPECT_EQ(out.view(), "aabbcc");
    body.reset();
    body.begin_to_send({BodyKind::chunked, 0}, std::make_unique<Doubler>());
    Sent chunks({BodyKind::chunked, 0});
    ASSERT_TRUE(body.send("a", chunks));
    ASSERT_TRUE(body.finish({}, chunks));
    EXPECT_EQ(chunks.view(), "2\r\naa\r\n0\r\n\r\n");
}

// A byte too many would be the beginning of another request.
TEST(RequestBody, NeverBecomesLongerOrShorterThanItsHeadSays) {
    RequestBody longer;
    Sent out(length(3));
    longer.begin_to_send(length(3), std::make_unique<Doubler>());
    ASSERT_TRUE(longer.send("ab", out));
    EXPECT_FALSE(longer.send("c", out));
    EXPECT_EQ(out.view(), "");
    RequestBody shorter;
    shorter.begin_to_send(length(5), std::make_unique<Doubler>());
    Sent less(length(5));
    ASSERT_TRUE(shorter.send("ab", less));
    EXPECT_FALSE(shorter.finish({}, less));
}

TEST(RequestBody, ThatCannotBeReadLooksIncomplete) {
    RequestBody body;
    Sent out({BodyKind::chunked, 0});
    body.begin_to_send({BodyKind::chunked, 0}, std::make_unique<Doubler>());
    ASSERT_TRUE(body.send("a", out));
    const auto sent = body.send("b!", out);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, ErrorCode::body_unreadable);
    EXPECT_EQ(out.view().find("0\r\n"), std::string_view::npos);
}

TEST(RequestBody, IsGatheredAndMayChangeBeforeItIsSent) {
    RequestBody body;
    ASSERT_TRUE(body.begin_to_gather({BodyKind::chunked, 0}));
    EXPECT_TRUE(body.is_gathering());
    ASSERT_TRUE(body.gather("ab"));
    ASSERT_TRUE(body.gather("c"));
    EXPECT_EQ(body.gathered().view(), "abc");
    body.gathered().append("d");
    Sent out(length(4));
    body.begin_to_send(length(4), nullptr);
    EXPECT_FALSE(body.is_gathering());
    ASSERT_TRUE(body.send_gathered(out));
    EXPECT_EQ(out.view(), "abcd");
    body.reset();
    EXPECT_TRUE(body.gathered().empty());
}

TEST(RequestBody, GatheredAndThenOfAnotherLengthIsNotSent) {
    for (const http::BodyFraming framing : {length(2), length(4), http::BodyFraming{}}) {
        RequestBody body;
        ASSERT_TRUE(body.begin_to_gather(length(3)));
        ASSERT_TRUE(body.gather("abc"));
        Sent out(framing);
        body.begin_to_send(framing, nullptr);
        EXPECT_FALSE(body.send_gathered(out));
        EXPECT_TRUE(out.empty());
    }
}

TEST(RequestBody, IsGatheredUpToABound) {
    RequestBody body;
    EXPECT_FALSE(body.begin_to_gather(length(kBufferedBodyBytesMax + 1)));
    ASSERT_TRUE(body.begin_to_gather(length(kBufferedBodyBytesMax)));
    ASSERT_TRUE(body.gather(std::string(kBufferedBodyBytesMax, 'x')));
    const auto more = body.gather("y");
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().code, ErrorCode::body_too_large);
}

}  // namespace
}  // namespace sallyport::proxy
