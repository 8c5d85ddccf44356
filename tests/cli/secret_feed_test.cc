#include "cli/secret_feed.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <optional>

#include "cli/gate.h"
#include "tests/cli/decide.h"
#include "tests/cli/https_server.h"
#include "tests/cli/scratch.h"
#include "tests/secrets/fake_provider.h"

namespace sallyport::cli {
namespace {

using std::chrono::milliseconds;

constexpr const char* kMarker = "mArKeR-17aa";

constexpr const char* kPolicy = R"(
version: 1
secrets: { s: { env: A }, unused: { env: B }, mine: { env: C } }
credentials: { c: { type: bearer, secret: s }, d: { type: bearer, secret: mine } }
policies:
  p: { rules: [ { host: a.example, credential: c } ] }
  q: { rules: [ { host: b.example, credential: d } ] }
sandboxes: { one: { policy: p }, two: { policy: q } }
)";

std::shared_ptr<const rules::PolicyFile> parsed(const std::string& text) {
    return rules::parse_policy_file(text, "p.yaml").file;
}

// Runs the loop until `done`.
template <class Done>
bool run_until(net::Loop& loop, Done done) {
    const auto give_up = net::Clock::now() + std::chrono::seconds(30);
    std::optional<net::Timer> look;
    look.emplace(loop, [&] {
        if (done() || net::Clock::now() > give_up) return loop.stop();
        look->start(milliseconds(1));
    });
    look->start(milliseconds(1));
    loop.run();
    return done();
}

TEST(SecretsNeeded, AreThoseOfThePolicysOwnCredentials) {
    const auto file = parsed(kPolicy);
    ASSERT_TRUE(file);
    using Names = std::set<std::string, std::less<>>;
    EXPECT_EQ(secrets_needed(*file, {"p", {"one", {}, {}}, nullptr}), Names{"s"});
    EXPECT_EQ(secrets_needed(*file, {"q", {"two", {}, {}}, nullptr}), Names{"mine"});
    EXPECT_EQ(secrets_needed(*file, {"none", {"x", {}, {}}, nullptr}), Names{});
}

class SecretFeedTest : public ScratchTest {
protected:
    // A deployment whose secret "s" comes from a store at `url`.
    void use_store(const std::string& url, const std::string& ca_file) {
        auto file = std::make_shared<rules::PolicyFile>(*parsed(kPolicy));
        file->secrets[0] = secrets::fake_source("s", {}, [url, ca_file](secrets::FetchContext& context) -> Result<secrets::Fetched> {
            secrets::HttpRequest request;
            request.url = url;
            request.ca_file = ca_file;
            auto reply = context.http.send(request);
            if (!reply) return failure(reply.error());
            if (reply->status == 403) return failure(ErrorCode::denied, "the store says 403");
            if (reply->status != 200) return failure(ErrorCode::secret_unavailable, "the store says " + std::to_string(reply->status));
            return secrets::Fetched{SecretString(reply->body), std::nullopt};
        });
        file->secrets[0].definition = url;
        deployment.emplace(std::move(*Deployment::create(file, nullptr)));
        feed.emplace(loop, nullptr, HttpClientOptions{}, [this](const auto& names) {
            for (const std::string& name : names) deployment->secrets().forget(name);
            if (auto plan = deployment->plan_secrets()) deployment->commit(*plan);
        });
        deployment->secrets().take_from([this](const auto& source, const auto& identity) { return feed->value(source, identity); });
        for (const char* name : {"one", "two"}) ASSERT_TRUE(deployment->add_sandbox(name, ""));
    }
    std::string decision() { return decide(deployment->snapshot_of("one"), "https://a.example/"); }

    net::Loop loop;
    std::optional<Deployment> deployment;
    std::optional<SecretFeed> feed;
};

TEST_F(SecretFeedTest, WhatAStoreAnswersIsWhatRequestsCarry) {
    std::atomic<int> version = 1;
    std::atomic<bool> is_revoked = false;
    HttpsServer store([&](const auto&) {
        if (is_revoked) return http_answer("", "403 Forbidden");
        return http_answer(kMarker + std::to_string(version));
    });
    use_store("https://127.0.0.1:" + std::to_string(store.port()) + "/v1/s", write("ca.pem", store.ca_pem()));
    EXPECT_EQ(decision(), "deny rules[0]: secret_unavailable");
    feed->keep(*deployment);
    ASSERT_TRUE(run_until(loop, [&] { return feed->is_quiet(); }));
    EXPECT_EQ(decision(), "allow rules[0] with Bearer mArKeR-17aa1");
    EXPECT_EQ(store.connections(), 1) << "once, and nothing for the sandbox that does not need it";

    version = 2;
    EXPECT_EQ(feed->refresh("s"), 1u);
    ASSERT_TRUE(run_until(loop, [&] { return decision() == "allow rules[0] with Bearer mArKeR-17aa2"; }));

    is_revoked = true;
    feed->refresh("s");
    ASSERT_TRUE(run_until(loop, [&] { return decision() == "deny rules[0]: secret_unavailable"; }));
    for (const auto& status : feed->status()) EXPECT_EQ(status.last_error.find(kMarker), std::string::npos);
}

TEST_F(SecretFeedTest, AStoreThatFailsChangesNothingAndOneThatNeverDidGivesNothing) {
    std::atomic<bool> fails = true;
    HttpsServer store([&](const auto&) { return fails ? http_answer("", "503 Unavailable") : http_answer("value"); });
    use_store("https://127.0.0.1:" + std::to_string(store.port()) + "/v1/s", write("ca.pem", store.ca_pem()));
    feed->keep(*deployment);
    ASSERT_TRUE(run_until(loop, [&] { return feed->is_quiet(); }));
    EXPECT_EQ(decision(), "deny rules[0]: secret_unavailable");
    fails = false;
    feed->refresh("s");
    ASSERT_TRUE(run_until(loop, [&] { return decision() == "allow rules[0] with Bearer value"; }));
    fails = true;
    const auto fetches = [&] { return feed->status().front().failures; };
    const auto before = fetches();
    feed->refresh("s");
    ASSERT_TRUE(run_until(loop, [&] { return fetches() > before; }));
    EXPECT_EQ(decision(), "allow rules[0] with Bearer value");
}

TEST_F(SecretFeedTest, EndsWhileAStoreHangs) {
    std::atomic<bool> is_asked = false;
    std::atomic<bool> may_end = false;
    HttpsServer store([&](const auto&) {
        is_asked = true;
        while (!may_end) std::this_thread::yield();
        return http_answer("late");
    });
    use_store("https://127.0.0.1:" + std::to_string(store.port()) + "/v1/s", write("ca.pem", store.ca_pem()));
    feed->keep(*deployment);
    ASSERT_TRUE(run_until(loop, [&] { return is_asked.load(); }));
    feed.reset();  // returns, though the store has not answered
    may_end = true;
    EXPECT_EQ(decision(), "deny rules[0]: secret_unavailable");
}

// The whole way: a gate, its launcher, and a command that prints a file.
class CommandSecretTest : public ScratchTest {
protected:
    void SetUp() override {
        ASSERT_EQ(geteuid(), 0u) << "the launcher needs root";
        auto made = sandbox::Launcher::start();
        ASSERT_TRUE(made) << made.error().detail;
        launcher.emplace(std::move(*made));
        write("value", "first\n");
        write("get", "#!/bin/sh\nexec cat " + directory + "/value\n");
        chmod((directory + "/get").c_str(), 0755);
        options.config_file = write("p.yaml", policy("[./get]"));
        options.access_log = "none";
        auto created = Gate::create(options, &*launcher);
        ASSERT_TRUE(created) << created.error().detail;
        gate = std::move(*created);
        ASSERT_TRUE(gate->add_sandbox("box", "", {}));
        EXPECT_EQ(gate->secret_commands(), (std::vector<std::vector<std::string>>{{directory + "/get"}}));
        ASSERT_TRUE(launcher->allow_secret_commands(gate->secret_commands()));
        ASSERT_TRUE(launcher->seal(std::nullopt));
        gate->start();
        testing::internal::CaptureStderr();
        gate->wait_for_secrets(std::chrono::seconds(30));
    }
    void TearDown() override {
        testing::internal::GetCapturedStderr();
        gate.reset();
    }
    static std::string policy(const std::string& command) {
        return "version: 1\nsecrets: { s: { command: " + command + ", refresh: 1h } }\ncredentials: { c: { type: bearer, secret: s } }\n"
               "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n";
    }
    std::string decision() { return decide(gate->deployment().snapshot_of("box"), "https://a.example/"); }

    GateOptions options;
    std::optional<sandbox::Launcher> launcher;
    std::unique_ptr<Gate> gate;
};

TEST_F(CommandSecretTest, IsThereAtTheStartAndAgainWhenSomebodyAsks) {
    EXPECT_EQ(decision(), "allow rules[0] with Bearer first");
    write("value", "second\n");
    EXPECT_FALSE(gate->plan_refresh("s"));
    EXPECT_TRUE(run_until(gate->control(), [&] { return decision() == "allow rules[0] with Bearer second"; }));
    ASSERT_TRUE(gate->reload("test"));
    EXPECT_EQ(decision(), "allow rules[0] with Bearer second") << "a reload loses nothing";
}

TEST_F(CommandSecretTest, ANewCommandNeedsARestart) {
    write("p.yaml", policy("[./get, more]"));
    const auto reloaded = gate->reload("test");
    ASSERT_FALSE(reloaded);
    EXPECT_NE(reloaded.error().detail.find("the command of secret s is new: that needs a restart"), std::string::npos);
    EXPECT_EQ(decision(), "allow rules[0] with Bearer first");
    write("p.yaml", policy("[./get], grace: 0s"));
    EXPECT_TRUE(gate->reload("test"));
    EXPECT_EQ(decision(), "allow rules[0] with Bearer first") << "another time is the same secret";
}

}  // namespace
}  // namespace sallyport::cli
