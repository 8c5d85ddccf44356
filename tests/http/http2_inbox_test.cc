#include "http/http2_inbox.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace sallyport::http {
namespace {

// Writes down what it hears, and answers with what it is told to.
class Listener final : public ResponseSink {
public:
    Next on_response_head(ResponseHead& head) override { return say(std::to_string(head.status)); }
    Next on_body(std::string_view bytes) override { return say("[" + std::string(bytes.substr(0, 8)) + "]"); }
    Next on_message_end(HeaderMap& trailers) override { return say("end " + std::to_string(trailers.size())); }

    std::string heard;
    Next answer = Next::go;
    std::function<void()> meanwhile;

private:
    Next say(const std::string& what) {
        heard += what + " ";
        if (meanwhile) meanwhile();
        return answer;
    }
};

struct Http2InboxTest : testing::Test {
    Http2InboxTest() { inbox.attach(listener); }
    void head(int status) {
        ResponseHead head;
        head.status = status;
        inbox.take_head(head);
    }
    void end(std::size_t trailers = 0) {
        HeaderMap map;
        for (std::size_t i = 0; i < trailers; ++i) map.add("a", "b");
        inbox.take_end(map);
    }
    Listener listener;
    Http2Inbox inbox;
};

TEST_F(Http2InboxTest, HandsOnAtOnce) {
    head(200);
    inbox.take_body("abc");
    EXPECT_EQ(inbox.take_credit(), 3u);
    EXPECT_EQ(inbox.take_credit(), 0u);
    EXPECT_FALSE(inbox.has_told_all());
    end(2);
    EXPECT_TRUE(inbox.has_told_all());
    EXPECT_EQ(listener.heard, "200 [abc] end 2 ");
}

TEST_F(Http2InboxTest, KeepsInOrderWhatComesAfterAPause) {
    listener.answer = Next::pause;
    head(103);
    head(200);
    inbox.take_body("ab");
    inbox.take_body("c");
    end(1);
    EXPECT_EQ(listener.heard, "103 ");
    EXPECT_EQ(inbox.take_credit(), 0u);
    inbox.resume();
    EXPECT_EQ(listener.heard, "103 200 ");
    inbox.resume();
    EXPECT_EQ(listener.heard, "103 200 [abc] ");
    EXPECT_EQ(inbox.take_credit(), 0u) << "paused after it";
    EXPECT_TRUE(inbox.has_paused());
    listener.answer = Next::go;
    inbox.resume();
    EXPECT_EQ(listener.heard, "103 200 [abc] end 1 ");
    EXPECT_EQ(inbox.take_credit(), 3u);
    EXPECT_TRUE(inbox.has_told_all());
}

TEST_F(Http2InboxTest, HandsOverALargeBodyInPieces) {
    listener.answer = Next::pause;
    head(200);
    inbox.take_body(std::string(40'000, 'x'));
    inbox.resume();
    inbox.resume();
    EXPECT_EQ(listener.heard, "200 [xxxxxxxx] [xxxxxxxx] ");
    listener.answer = Next::go;
    inbox.resume();
    inbox.take_body("y");
    EXPECT_EQ(listener.heard, "200 [xxxxxxxx] [xxxxxxxx] [xxxxxxxx] [y] ");
    EXPECT_EQ(inbox.take_credit(), 40'001u);
}

TEST_F(Http2InboxTest, GivesCreditForAPieceWhenTheSinkGoesOn) {
    listener.answer = Next::pause;
    head(200);
    inbox.take_body(std::string(40'000, 'x'));
    inbox.resume();
    EXPECT_EQ(inbox.take_credit(), 0u);
    inbox.resume();
    EXPECT_EQ(inbox.take_credit(), 16'384u) << "the first";
    listener.answer = Next::go;
    inbox.resume();
    EXPECT_EQ(inbox.take_credit(), 40'000u - 16'384);
    EXPECT_TRUE(inbox.has_paused()) << "in between";
    EXPECT_FALSE(inbox.has_paused());
}

TEST_F(Http2InboxTest, TellsNothingAfterItWasDetached) {
    listener.answer = Next::pause;
    head(200);
    inbox.take_body("abc");
    inbox.detach();
    inbox.resume();
    inbox.take_body("d");
    end();
    EXPECT_EQ(listener.heard, "200 ");
    EXPECT_FALSE(inbox.has_told_all());
}

TEST_F(Http2InboxTest, MayBeDetachedByItsSink) {
    listener.answer = Next::pause;
    head(200);
    inbox.take_body(std::string(40'000, 'x'));
    end();
    listener.answer = Next::go;
    listener.meanwhile = [this] { inbox.detach(); };
    inbox.resume();
    EXPECT_EQ(listener.heard, "200 [xxxxxxxx] ");
}

TEST_F(Http2InboxTest, MayBeResumedByItsSinkWithoutEffect) {
    listener.answer = Next::pause;
    head(200);
    inbox.take_body(std::string(40'000, 'x'));
    listener.meanwhile = [this] { inbox.resume(); };
    inbox.resume();
    EXPECT_EQ(listener.heard, "200 [xxxxxxxx] ");
    EXPECT_TRUE(inbox.has_paused());
}

}  // namespace
}  // namespace sallyport::http
