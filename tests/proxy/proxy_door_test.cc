#include "proxy/proxy_door.h"

#include "tests/proxy/door_fixture.h"

namespace sallyport::proxy {
namespace {

class ProxyDoorTest : public DoorTest {
protected:
    std::string connect_as(const std::string& user, const std::string& secret) const {
        return "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n" + login_with(user, secret) + "\r\n";
    }
};

TEST_F(ProxyDoorTest, X3_WrongPasswordsWaitAndRightOnesDoNot) {
    start_door();
    std::vector<TestClient*> wrong;
    for (int i = 0; i < 60; ++i) wrong.push_back(&dial(connect_as("box", "wrong")));
    const auto answered = [&] {
        return std::count_if(wrong.begin(), wrong.end(), [](const TestClient* each) { return each->closed; });
    };
    run_until([&] { return log_lines().size() == 60; });
    EXPECT_LE(answered(), static_cast<long>(kWrongPasswordsBurst) + 5) << "the others are still waiting";
    TestClient& right = dial(connect_as("box", password));
    run_until([&] { return !admitted.empty(); });
    EXPECT_FALSE(right.closed);
    EXPECT_LT(answered(), 60) << "the right one has not waited for them";
    EXPECT_LE(door->delay_of_wrong_password(), kWrongPasswordDelayMax);
    for (int i = 0; i < 1000; ++i) EXPECT_LE(door->delay_of_wrong_password(), kWrongPasswordDelayMax);
}

TEST_F(ProxyDoorTest, X3_StrangersDoNotKeepOthersOut) {
    start_door();
    std::vector<TestClient*> strangers;
    for (std::size_t i = 0; i < kProxyGreetingsMax + 3; ++i) strangers.push_back(&dial());
    EXPECT_EQ(door->greetings(), kProxyGreetingsMax);
    dial(connect_as("box", password));
    run_until([&] { return !admitted.empty() && strangers[3]->closed; });
    EXPECT_FALSE(strangers[4]->closed);
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(strangers[static_cast<std::size_t>(i)]->closed) << "the oldest ones make room";
}

TEST_F(ProxyDoorTest, ACredentialThatIsGoneCutsWhoHasShownIt) {
    start_door();
    TestClient& known = dial(socks_login());
    TestClient& unknown = dial(text({5, 1, 2}));
    run_until([&] { return known.received == text({5, 2, 1, 0}) && unknown.received == text({5, 2}); });
    door_context->credentials.set(SandboxId{"box"}, nullptr);
    door->on_credential_changed(SandboxId{"box"});
    run_until([&] { return known.closed; });
    EXPECT_FALSE(unknown.closed);
    TestClient& later = dial(connect_as("box", password));
    run_until([&] { return later.closed; });
    EXPECT_TRUE(later.received.starts_with("HTTP/1.1 407 ")) << later.received;
}

TEST_F(ProxyDoorTest, AClosedDoorHasNobodyInIt) {
    start_door();
    TestClient& client = dial("CONNECT");
    door->close();
    run_until([&] { return client.closed; });
    EXPECT_EQ(door->greetings(), 0u);
}

}  // namespace
}  // namespace sallyport::proxy
