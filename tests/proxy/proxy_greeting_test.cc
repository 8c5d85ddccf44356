#include "proxy/proxy_greeting.h"

#include <fcntl.h>

#include "tests/proxy/door_fixture.h"

namespace sallyport::proxy {
namespace {

using Form = ProxyOpening::Form;

class GreetingTest : public DoorTest {
protected:
    // What is sent goes in whole, and byte by byte; what comes of it is the same.
    void expect_admitted(const std::string& sent, const std::string& answer, const std::function<void(Admitted&)>& check) {
        for (const bool whole : {true, false}) {
            admitted.clear();
            TestClient& client = dial();
            if (whole) {
                client.send(sent);
            } else {
                for (std::size_t i = 0; i < sent.size() && admitted.empty(); ++i) {
                    const std::size_t before = received_bytes_;
                    client.send(sent.substr(i, 1));
                    run_until([&] { return took_a_turn(before); });
                }
            }
            run_until([&] { return !admitted.empty() && client.received.size() >= answer.size(); });
            ASSERT_EQ(admitted.size(), 1u);
            EXPECT_EQ(client.received, answer);
            EXPECT_EQ(admitted[0].sandbox, "box");
            EXPECT_EQ(admitted[0].opening.credential, credential);
            check(admitted[0]);
            EXPECT_EQ(door->greetings(), 0u);
        }
        EXPECT_TRUE(log_lines().empty()) << "it is the egress that logs it";
    }
    // The client's end is closed after `answer`, and there is one line, about nobody unless it is known who it is.
    std::string expect_refused(const std::string& sent, const std::string& answer, const std::string& sandbox = "") {
        TestClient& client = dial(sent);
        run_until([&] { return client.closed; });
        EXPECT_TRUE(admitted.empty());
        EXPECT_TRUE(client.received.starts_with(answer)) << client.received;
        client.vanish();
        run_until([&] { return door->greetings() == 0; });
        const auto lines = log_lines();
        EXPECT_EQ(lines.size(), ++lines_);
        if (lines.size() != lines_) return client.received;
        EXPECT_TRUE(has(lines.back(), "\"sandbox\":\"" + sandbox + "\"")) << lines.back();
        last_line = lines.back();
        return client.received;
    }
    std::string last_line;

private:
    // One turn of the loop is enough for a byte to be taken: a posted task runs after what was ready before it.
    bool took_a_turn(std::size_t before) {
        if (before == received_bytes_) loop.post([this] { ++received_bytes_; });
        return before != received_bytes_;
    }
    std::size_t received_bytes_ = 0;
    std::size_t lines_ = 0;
};

std::string rest_of(const ProxyOpening& opening) { return std::string(opening.first_bytes.view()); }

TEST_F(GreetingTest, AConnectWithThePasswordIsHandedOn) {
    start_door();
    expect_admitted("CONNECT API.Example.com.:8443 HTTP/1.1\r\nHost: x\r\n" + login() + "\r\n", "", [](Admitted& it) {
        EXPECT_EQ(it.opening.form, Form::connect);
        EXPECT_EQ(it.opening.authority, (http::Authority{"api.example.com", 8443, false}));
        EXPECT_EQ(rest_of(it.opening), "");
    });
    expect_admitted("CONNECT [2001:DB8::1]:443 HTTP/1.0\r\n" + login() + "\r\n", "", [](Admitted& it) {
        EXPECT_EQ(it.opening.authority, (http::Authority{"2001:db8::1", 443, true}));
        EXPECT_TRUE(it.opening.http_1_0);
    });
}

TEST_F(GreetingTest, WhatFollowsAConnectAtOnceIsKept) {
    start_door();
    TestClient& client = dial("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n" + login() + "\r\n\x16\x03\x01 hello");
    run_until([&] { return !admitted.empty(); });
    EXPECT_EQ(rest_of(admitted.at(0).opening), "\x16\x03\x01 hello");
    EXPECT_EQ(client.received, "") << "the sandbox's worker answers";
}

TEST_F(GreetingTest, AnotherRequestIsHandedOnWithItsHead) {
    start_door();
    const std::string sent = "POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\n" + login() + "Content-Length: 3\r\n\r\nabc";
    TestClient& client = dial(sent);
    run_until([&] { return !admitted.empty(); });
    EXPECT_EQ(admitted.at(0).opening.form, Form::requests);
    EXPECT_EQ(rest_of(admitted.at(0).opening), sent);
    EXPECT_EQ(client.received, "");
}

TEST_F(GreetingTest, ASocksConnectWithThePasswordIsHandedOn) {
    start_door();
    const std::string before = text({5, 2, 1, 0});
    expect_admitted(socks_login() + socks_request("API.Example.com", 5432), before, [](Admitted& it) {
        EXPECT_EQ(it.opening.form, Form::socks5);
        EXPECT_EQ(it.opening.authority, (http::Authority{"api.example.com", 5432, false}));
        EXPECT_EQ(rest_of(it.opening), "");
    });
    expect_admitted(socks_login() + text({5, 1, 0, 1, 203, 0, 113, 9, 0, 80}), before, [](Admitted& it) {
        EXPECT_EQ(it.opening.authority, (http::Authority{"203.0.113.9", 80, true}));
    });
    expect_admitted(socks_login() + socks_request("203.0.113.9", 80), before, [](Admitted& it) {
        EXPECT_EQ(it.opening.authority, (http::Authority{"203.0.113.9", 80, true})) << "an address is one however it is sent";
    });
}

TEST_F(GreetingTest, WhatFollowsASocksRequestAtOnceIsKept) {
    start_door();
    dial(socks_login() + socks_request("a.example", 80) + "SSH-2.0-x\r\n");
    run_until([&] { return !admitted.empty(); });
    EXPECT_EQ(rest_of(admitted.at(0).opening), "SSH-2.0-x\r\n");
}

TEST_F(GreetingTest, X3_WithoutThePasswordNothingIsLearnt) {
    start_door();
    const std::string unauthenticated = "HTTP/1.1 407 Proxy Authentication Required\r\n";
    const std::string heads[] = {
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "CONNECT nonsense HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\nProxy-Authorization: Bearer " + password + "\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n" + login() + login() + "\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n" + login("other") + "\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n" + login_with("box", password.substr(1)) + "\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n" + login_with("box", "") + "\r\n",
    };
    std::set<std::string> answers;
    for (const std::string& head : heads) {
        std::string answer = expect_refused(head, unauthenticated);
        EXPECT_TRUE(has(answer, "Proxy-Authenticate: Basic realm=\"sallyport\"\r\n")) << answer;
        EXPECT_TRUE(has(answer, "Connection: close\r\n")) << answer;
        EXPECT_TRUE(has(last_line, "\"error\":\"proxy_authentication\"")) << last_line;
        EXPECT_TRUE(has(last_line, "\"host\":\"\"")) << last_line;
        answer.erase(answer.find("\"request_id\""));
        answers.insert(answer);
    }
    EXPECT_EQ(answers.size(), 1u) << "whatever is wrong, the answer is the same";
    EXPECT_EQ(expect_refused(socks_login("other"), text({5, 2, 1, 1})), text({5, 2, 1, 1}));
    EXPECT_EQ(expect_refused(socks_login_with("box", "wrong"), text({5, 2, 1, 1})), text({5, 2, 1, 1}));
    EXPECT_EQ(expect_refused(text({5, 1, 0}), text({5, 255})), text({5, 255}));
    EXPECT_TRUE(has(last_line, "\"scheme\":\"socks5\"")) << last_line;
}

TEST_F(GreetingTest, OtherSocksCommandsAreRefused) {
    start_door();
    for (const int command : {0, 2, 3, 0xf0}) {
        expect_refused(socks_login() + socks_request("a.example", 80, command), text({5, 2, 1, 0, 5, 7, 0, 1, 0, 0, 0, 0, 0, 0}), "box");
        EXPECT_TRUE(has(last_line, "\"error\":\"method_refused\"")) << last_line;
    }
    expect_refused(socks_login() + text({5, 1, 0, 9}), text({5, 2, 1, 0, 5, 8, 0, 1, 0, 0, 0, 0, 0, 0}), "box");
}

TEST_F(GreetingTest, HostsThatAreNoneAreRefused) {
    start_door();
    const std::string failed = text({5, 2, 1, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0});
    for (const std::string& name : {std::string("a b"), std::string("a\0b", 3), std::string("a.example:80"), std::string("[::1]x"),
                                    std::string("0x7f.1"), std::string("u@a.example"), std::string(254, 'a')}) {
        expect_refused(socks_login() + socks_request(name, 80), failed, "box");
        EXPECT_TRUE(has(last_line, "\"error\":\"bad_authority\"")) << last_line;
    }
    expect_refused(socks_login() + socks_request("a.example", 0), failed, "box");
    for (const std::string target : {"a.example", "a.example:", "a.example:0", "a.example:65536", "[::1]", "u@a.example:443", "a.example:443/x",
                                     "http://a.example:443"}) {
        expect_refused("CONNECT " + target + " HTTP/1.1\r\nHost: a\r\n" + login() + "\r\n", "HTTP/1.1 400 ", "box");
    }
    expect_refused("CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n" + login() + "Content-Length: 3\r\n\r\nabc", "HTTP/1.1 400 ", "box");
}

TEST_F(GreetingTest, WhatIsNeitherHttpNorSocksIsRefused) {
    start_door();
    for (const std::string& bytes : {std::string("\x16\x03\x01\x02\0\x01", 6), std::string("\4\1\0\x50\1\2\3\4x\0", 10),
                                     std::string("SSH-2.0-OpenSSH\r\n\r\n"), std::string("GET http://a.example/ HTTP/1.1\nHost: a\n\r\n\r\n")}) {
        expect_refused(bytes, "HTTP/1.1 4");
    }
    expect_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 ");
    expect_refused(text({5, 0}), "");
    expect_refused("GET http://a.example/" + std::string(100'000, 'a'), "HTTP/1.1 4");
}

TEST_F(GreetingTest, WhoTakesTooLongIsCutAndADripDoesNotHelp) {
    start_door(Deadlines{}.scaled(0.01));  // 100 ms
    TestClient& silent = dial();
    TestClient& slow = dial("CONNECT a.example:443 HTTP/1.1\r\n");
    TestClient& dripping = dial(text({5, 255}));
    net::Timer drip(loop, [&] {
        dripping.send(text({0x80}));
        drip.start(milliseconds(20));
    });
    drip.start(milliseconds(20));
    run_until([&] { return silent.closed && slow.closed && dripping.closed; });
    EXPECT_EQ(slow.received, "");
    EXPECT_EQ(door->greetings(), 0u);
    run_until_logged(2);
    for (const std::string& line : log_lines()) EXPECT_TRUE(has(line, "\"error\":\"request_timeout\"")) << line;
}

TEST_F(GreetingTest, WhoLeavesEarlyHasALineIfItSaidAnything) {
    start_door();
    dial().vanish();
    TestClient& client = dial("CONNECT a.exam");
    run_until([&] { return door->greetings() == 1; });
    client.vanish();
    run_until([&] { return door->greetings() == 0; });
    EXPECT_TRUE(has(only_line(), "\"error\":\"client_gone\"")) << only_line();
}

}  // namespace
}  // namespace sallyport::proxy
