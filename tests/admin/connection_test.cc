#include "admin/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/admin/dialogue.h"

namespace sallyport::admin {
namespace {

// One connection over a socket pair; its loop runs until it is closed.
class Wired {
public:
    explicit Wired(Deadlines deadlines = {}) : context_{loop_, session_, deadlines} {
        int pair[2];
        SALLYPORT_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
        client_.reset(pair[0]);
        connection_ = std::make_unique<Connection>(context_, UniqueFd(pair[1]), local_operator(), [this](Connection&) {
            ++closed_;
            loop_.stop();
        });
    }
    void send(std::string_view bytes) { ASSERT_GT(::send(client_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0); }
    void end() { shutdown(client_.get(), SHUT_WR); }
    void leave() { client_.reset(); }
    void run() { loop_.run(); }
    std::string read() {
        std::string all;
        char block[4096];
        for (ssize_t got; (got = recv(client_.get(), block, sizeof block, 0)) > 0;) {
            all.append(block, static_cast<std::size_t>(got));
        }
        return all;
    }
    FakeApi& api() { return api_; }
    int closed() const { return closed_; }
    net::Loop& loop() { return loop_; }

private:
    net::Loop loop_;
    FakeApi api_;
    Admission admission_{{}, {}};
    EventHub events_;
    SessionContext session_{api_, admission_, events_,
                            [this](std::string_view who, std::string_view why) { api_.refused(who, why); }};
    ConnectionContext context_;
    UniqueFd client_;
    std::unique_ptr<Connection> connection_;
    int closed_ = 0;
};

TEST(Connection, AnswersAndGoesWhenTheClientHasEnded) {
    Wired wired;
    wired.send(Dialogue::request("GET", "/healthz") + Dialogue::request("GET", "/v1/policies"));
    wired.end();
    wired.run();
    EXPECT_EQ(wired.closed(), 1);
    EXPECT_EQ(read_answers(wired.read(), {}).size(), 2u);
}

TEST(Connection, AClientThatEndsInTheMiddleIsGone) {
    Wired wired;
    wired.send("GET /healthz HT");
    wired.end();
    wired.run();
    EXPECT_EQ(wired.closed(), 1);
    EXPECT_TRUE(wired.api().calls.empty());
}

TEST(Connection, AClientThatLeavesBeforeItsAnswerHarmsNobody) {
    Wired wired;
    wired.api().holds_back = true;
    wired.send(Dialogue::request("GET", "/healthz"));
    wired.leave();
    net::Timer later(wired.loop(), [&] { wired.api().release(); });
    later.start(std::chrono::milliseconds(1));
    wired.run();
    EXPECT_EQ(wired.closed(), 1);
    EXPECT_EQ(wired.api().calls.size(), 1u);
}

TEST(Connection, EachDeadlineEndsIt) {
    const std::chrono::milliseconds soon(5), long_after(100'000);
    Deadlines slow{long_after, long_after, long_after, long_after, long_after, long_after, long_after, soon};
    const std::string put = "PUT /v1/policies/a HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    struct Case {
        std::chrono::milliseconds Deadlines::*deadline;
        std::string sent;
        std::string answer;
    };
    for (const Case& each : {Case{&Deadlines::head, "GET /he", "408"}, Case{&Deadlines::head, "", ""},
                             Case{&Deadlines::body, put + "Content-Length: 9\r\n\r\n{", "408"},
                             Case{&Deadlines::idle, Dialogue::request("GET", "/readyz"), "200"},
                             Case{&Deadlines::answer, Dialogue::request("GET", "/healthz"), "503"}}) {
        Deadlines deadlines = slow;
        deadlines.*each.deadline = soon;
        Wired wired(deadlines);
        wired.api().holds_back = each.answer == "503";
        if (!each.sent.empty()) wired.send(each.sent);
        wired.run();
        EXPECT_EQ(wired.closed(), 1);
        EXPECT_NE(wired.read().find(each.answer), std::string::npos) << each.sent;
    }
}

TEST(Connection, AClientThatDoesNotReadItsAnswerIsGivenUp) {
    Deadlines deadlines;
    deadlines.reading = std::chrono::milliseconds(5);
    Wired wired(deadlines);
    for (int i = 0; i < 20; ++i) wired.send(Dialogue::request("GET", "/openapi.json"));
    wired.run();
    EXPECT_EQ(wired.closed(), 1);
}

}  // namespace
}  // namespace sallyport::admin
