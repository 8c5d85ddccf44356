#include "proxy/relay.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/check.h"
#include "proxy/limits.h"

namespace sallyport::proxy {
namespace {

class RelayTest : public testing::Test {
protected:
    RelayTest() {
        make_pair(sender_, from_);
        make_pair(receiver_, to_);
    }

    void make_pair(UniqueFd& outer, std::unique_ptr<net::Connection>& inner) {
        int pair[2];
        SALLYPORT_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
        outer = UniqueFd(pair[0]);
        inner = std::make_unique<net::Connection>(loop_, UniqueFd(pair[1]), [](int) {});
    }
    void send(const std::string& bytes) {
        SALLYPORT_CHECK(::send(sender_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    }
    void step(Relay& relay) { relay.pass(relay.read(block_.get())); }
    // Up to an end or to nothing more.
    std::string received() {
        std::string all;
        char block[4096];
        for (ssize_t got = recv(receiver_.get(), block, sizeof block, 0); got > 0; got = recv(receiver_.get(), block, sizeof block, 0)) {
            all.append(block, static_cast<std::size_t>(got));
        }
        return all;
    }
    bool receiver_saw_end() {
        char byte = 0;
        return recv(receiver_.get(), &byte, 1, MSG_PEEK) == 0;
    }

    net::Loop loop_;
    UniqueFd sender_;
    UniqueFd receiver_;
    std::unique_ptr<net::Connection> from_;
    std::unique_ptr<net::Connection> to_;
    std::unique_ptr<char[]> block_ = std::make_unique<char[]>(kReadBytes);
};

TEST_F(RelayTest, BytesWaitUntilThereIsASink) {
    Relay relay(*from_);
    relay.pass("first ");
    send("second");
    step(relay);
    EXPECT_FALSE(relay.wants_to_write());
    relay.set_sink(*to_);
    EXPECT_EQ(received(), "first second");
    EXPECT_EQ(relay.bytes_passed(), 12u);
}

TEST_F(RelayTest, AnEndIsPassedOnBehindTheBytes) {
    Relay relay(*from_);
    send("bye");
    (void)shutdown(sender_.get(), SHUT_WR);
    step(relay);
    step(relay);
    EXPECT_EQ(relay.state(), Relay::State::flowing);
    EXPECT_FALSE(relay.wants_to_read());
    relay.set_sink(*to_);
    EXPECT_EQ(relay.state(), Relay::State::ended);
    EXPECT_EQ(received(), "bye");
    EXPECT_TRUE(receiver_saw_end());
}

TEST_F(RelayTest, ASlowSinkHoldsTheSourceFromTheHighWatermarkToTheLowOne) {
    Relay relay(*from_);
    relay.set_sink(*to_);
    std::string sent;
    for (int i = 0; i < 10'000 && relay.wants_to_read(); ++i) {
        const std::string piece(16 * 1024, static_cast<char>('a' + i % 26));
        send(piece);
        sent += piece;
        step(relay);
    }
    ASSERT_FALSE(relay.wants_to_read());
    ASSERT_TRUE(relay.wants_to_write());
    EXPECT_LE(sent.size() - relay.bytes_passed(), kHighWatermarkBytes + kReadBytes);
    std::string got;
    for (int i = 0; i < 10'000 && got.size() < sent.size(); ++i) {
        got += received();
        relay.flush();
        EXPECT_TRUE(relay.wants_to_read() || sent.size() - relay.bytes_passed() > kLowWatermarkBytes);
    }
    EXPECT_EQ(got, sent);
    EXPECT_TRUE(relay.wants_to_read());
    EXPECT_FALSE(relay.wants_to_write());
}

TEST_F(RelayTest, ASinkThatIsGoneBreaksIt) {
    Relay relay(*from_);
    relay.set_sink(*to_);
    receiver_ = UniqueFd();
    send("lost");
    step(relay);
    EXPECT_EQ(relay.state(), Relay::State::sink_broken);
    EXPECT_FALSE(relay.wants_to_read());
    EXPECT_FALSE(relay.wants_to_write());
}

}  // namespace
}  // namespace sallyport::proxy
