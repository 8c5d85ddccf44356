#include "cli/handler_hosts.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <functional>
#include <optional>

#include "rules/compiled_policy.h"
#include "rules/script.h"
#include "tests/cli/handlers.h"

namespace sallyport::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kSandbox = "box";
constexpr const char* kOther = "other";
constexpr std::chrono::seconds kPatience{30};

class HandlerHostsTest : public HandlersTest {
protected:
    void SetUp() override {
        HandlersTest::SetUp();
        HandlerNotices notices;
        notices.started = [this](const SandboxId& id, proxy::HandlerIncarnation incarnation, UniqueFd fetches) {
            EXPECT_TRUE(fetches);
            told.push_back("started " + id.value + " " + std::to_string(incarnation.value));
        };
        notices.ended = [this](const SandboxId& id, proxy::HandlerIncarnation incarnation) {
            told.push_back("ended " + id.value + " " + std::to_string(incarnation.value));
        };
        hosts.emplace(loop, *launcher, std::move(notices));
        events.emplace(loop, launcher->event_fd(), [this](int) { hear(); });
        events->want(net::FdWatch::kRead);
    }
    void hear() {
        for (auto event = launcher->poll_event(); event && *event; event = launcher->poll_event()) {
            hosts->on_exit(std::get<sandbox::HandlerExit>(**event));
        }
    }

    // A snapshot of a policy with this script.
    static std::shared_ptr<const rules::PolicySnapshot> snapshot(const std::string& text, std::uint64_t generation = 1,
                                                                 const std::string& limits = "") {
        setenv("SALLYPORT_HOSTS_TEST", "marker-secret-1", 1);
        auto parsed = rules::parse_policy_file("version: 1\nsecrets: { s: { env: SALLYPORT_HOSTS_TEST } }\npolicies: { p: { "
                                               "script: vcs.js, env: { SECRET: s } " + limits + " } }\n", "p.yaml");
        rules::PolicyFile file = *parsed.file;
        file.scripts.emplace("p", *rules::Script::create("/x/vcs.js", text, {{"a.example"}, {"slow"}, false}));
        const secrets::Identity identity{kSandbox, {}, {}};
        const auto values = secrets::SecretSnapshot::load(file.secrets, identity);
        return *rules::make_snapshot(file, {"p", identity, nullptr}, values, Generation{generation});
    }

    // Runs the loop until then; not for ever.
    void run_until(const std::function<bool()>& done) {
        const auto give_up = net::Clock::now() + kPatience;
        std::optional<net::Timer> look;
        look.emplace(loop, [&] {
            if (done() || net::Clock::now() > give_up) return loop.stop();
            look->start(std::chrono::milliseconds(1));
        });
        look->start(std::chrono::milliseconds(1));
        loop.run();
        EXPECT_TRUE(done());
    }

    // What the data plane gets.
    Result<proxy::HandlerConnection> connect(std::shared_ptr<const rules::PolicySnapshot> wanted, const char* sandbox = kSandbox) {
        std::optional<Result<proxy::HandlerConnection>> got;
        hosts->connect(SandboxId{sandbox}, std::move(wanted), loop, [&](Result<proxy::HandlerConnection> connection) {
            got.emplace(std::move(connection));
            loop.stop();
        });
        loop.run();
        return std::move(*got);
    }

    // The status line and the rest of the answer to a call for a host.
    std::string call(const proxy::HandlerConnection& connection) {
        const std::string request =
            "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nX-Sallyport-Call: " + std::string(32, 'a') +
            "\r\nX-Sallyport-Fetch: " + connection.fetch_path + "\r\nX-Sallyport-Handler: by_host a.example\r\n"
            "X-Sallyport-Env: eyJTRUNSRVQiOiJtYXJrZXItc2VjcmV0LTEifQ==\r\nX-Sallyport-Context: e30=\r\n\r\n";
        EXPECT_EQ(send(connection.fd.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
        std::string answer;
        bool ended = false;
        net::FdWatch watch(loop, connection.fd.get(), [&](int) {
            char block[4096];
            const ssize_t got = recv(connection.fd.get(), block, sizeof block, 0);
            if (got > 0) answer.append(block, static_cast<std::size_t>(got));
            if (got <= 0) {
                ended = true;
                watch.want(net::FdWatch::kNone);
            }
        });
        watch.want(net::FdWatch::kRead);
        run_until([&] { return ended; });
        return answer;
    }

    net::Loop loop;
    std::vector<std::string> told;
    std::optional<HandlerHosts> hosts;
    std::optional<net::FdWatch> events;
};

constexpr const char* kHello = R"(export const outboundByHost = { "a.example": () => new Response("hello") };)";
constexpr const char* kOtherScript = R"(export const outboundByHost = { "a.example": () => new Response("other") };)";
constexpr const char* kCrash = "setTimeout(() => process.exit(3), 0); export const outbound = () => {};";

TEST_F(HandlerHostsTest, StartsOneHostWhenItIsNeeded) {
    EXPECT_EQ(hosts->running(), 0u);
    auto first = connect(snapshot(kHello));
    ASSERT_TRUE(first) << first.error().detail;
    EXPECT_EQ(told, std::vector<std::string>{"started box 1"});
    EXPECT_THAT(call(*first), HasSubstr("hello"));
    auto second = connect(snapshot(kHello));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->incarnation.value, 1u);
    EXPECT_THAT(call(*second), HasSubstr("hello"));
    EXPECT_EQ(told.size(), 1u);
    EXPECT_EQ(hosts->running(), 1u);
}

TEST_F(HandlerHostsTest, AnotherScriptHasAHostOfItsOwn) {
    ASSERT_TRUE(connect(snapshot(kHello)));
    hosts->on_published(kSandbox, *snapshot(kHello, 2));
    EXPECT_EQ(hosts->running(), 1u) << "the same script goes on";
    hosts->on_published(kSandbox, *snapshot(kOtherScript, 3));
    EXPECT_EQ(hosts->running(), 0u);
    auto connection = connect(snapshot(kOtherScript, 3));
    ASSERT_TRUE(connection);
    EXPECT_THAT(call(*connection), HasSubstr("other"));
    EXPECT_EQ(told, (std::vector<std::string>{"started box 1", "ended box 1", "started box 2"}));
    // Whoever was decided by the policy before does not get the old script back.
    const auto late = connect(snapshot(kHello, 2));
    ASSERT_FALSE(late);
    EXPECT_THAT(late.error().detail, HasSubstr("has changed"));
    EXPECT_EQ(hosts->running(), 1u);
}

TEST_F(HandlerHostsTest, AnotherMemoryCapIsAnotherHost) {
    ASSERT_TRUE(connect(snapshot(kHello)));
    auto connection = connect(snapshot(kHello, 2, ", handler_limits: { memory: 64MiB }"));
    ASSERT_TRUE(connection) << connection.error().detail;
    EXPECT_EQ(connection->incarnation.value, 2u);
}

TEST_F(HandlerHostsTest, X11_AHostThatKeepsEndingIsNotStartedAtOnce) {
    ASSERT_TRUE(connect(snapshot(kCrash)));
    testing::internal::CaptureStderr();
    run_until([&] { return hosts->running() == 0; });
    const auto refused = connect(snapshot(kCrash));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::handler_unavailable);
    EXPECT_THAT(refused.error().detail, HasSubstr("keeps ending"));
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("ended with code 3"));
    EXPECT_EQ(told, (std::vector<std::string>{"started box 1", "ended box 1"}));
    // Other sandboxes, and other scripts, are not to blame.
    EXPECT_TRUE(connect(snapshot(kHello), kOther));
    hosts->on_published(kSandbox, *snapshot(kHello, 2));
    EXPECT_TRUE(connect(snapshot(kHello, 2)));
}

TEST_F(HandlerHostsTest, X11_ACallThatTakesTooLongEndsTheHost) {
    auto connection = connect(snapshot(kHello));
    ASSERT_TRUE(connection);
    testing::internal::CaptureStderr();
    hosts->kill(SandboxId{kSandbox}, proxy::HandlerIncarnation{7});
    hosts->kill(SandboxId{kSandbox}, connection->incarnation);
    run_until([&] { return hosts->running() == 0; });
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("took too long"));
    auto next = connect(snapshot(kHello));
    ASSERT_TRUE(next) << "another one comes at once: " << next.error().detail;
    EXPECT_EQ(next->incarnation.value, 2u);
    EXPECT_THAT(call(*next), HasSubstr("hello"));
}

// A host ends by itself, and before that is known another one has its name.
TEST_F(HandlerHostsTest, TheEndOfAnEarlierHostDoesNotEndTheNext) {
    ASSERT_TRUE(connect(snapshot(kCrash)));
    events->want(net::FdWatch::kNone);
    net::FdWatch ended(loop, launcher->event_fd(), [&](int) { loop.stop(); });
    ended.want(net::FdWatch::kRead);
    loop.run();
    ended.want(net::FdWatch::kNone);
    hosts->on_published(kSandbox, *snapshot(kHello, 2));
    auto next = connect(snapshot(kHello, 2));
    ASSERT_TRUE(next) << next.error().detail;
    hear();
    EXPECT_EQ(hosts->running(), 1u);
    EXPECT_THAT(call(*next), HasSubstr("hello"));
}

TEST_F(HandlerHostsTest, X16_NothingOfAHostIsLeftToASandboxThatIsOpenedAgain) {
    constexpr const char* kCounts = R"(let n = 0; export const outboundByHost = { "a.example": () => new Response("call " + ++n) };)";
    auto first = connect(snapshot(kCounts));
    ASSERT_TRUE(first);
    EXPECT_THAT(call(*first), HasSubstr("call 1"));
    hosts->forget(kSandbox);
    EXPECT_EQ(hosts->running(), 0u);
    auto second = connect(snapshot(kCounts));
    ASSERT_TRUE(second);
    EXPECT_GT(second->incarnation.value, first->incarnation.value);
    EXPECT_THAT(call(*second), HasSubstr("call 1"));
    hosts->forget("nobody");
}

TEST_F(HandlerHostsTest, X6_WhatAScriptPrintsIsInTheLogWithoutItsSecrets) {
    constexpr const char* kPrints =
        R"(export const outboundByHost = { "a.example": (request, env) => { console.log("the secret:", env.SECRET, "end"); return new Response("ok"); } };)";
    testing::internal::CaptureStderr();
    auto connection = connect(snapshot(kPrints));
    if (connection) call(*connection);
    hosts->stop_all();
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_THAT(said, HasSubstr("handler of box: the secret: *** end"));
    EXPECT_EQ(said.find("marker-secret"), std::string::npos);
}

TEST_F(HandlerHostsTest, StopsThemAll) {
    ASSERT_TRUE(connect(snapshot(kHello)));
    ASSERT_TRUE(connect(snapshot(kHello), kOther));
    EXPECT_EQ(hosts->running(), 2u);
    hosts->stop_all();
    EXPECT_EQ(hosts->running(), 0u);
    EXPECT_FALSE(launcher->connect_handler(kSandbox));
}

}  // namespace
}  // namespace sallyport::cli
