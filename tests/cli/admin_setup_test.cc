#include "cli/admin_setup.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "admin/client.h"
#include "tests/cli/running_admin.h"

namespace sallyport::cli {
namespace {

using testing::HasSubstr;

class AdminSetupTest : public RunningAdminTest {
protected:
    rules::AdminSpec spec_of(const std::string& admin) const {
        const auto parsed = rules::parse_policy_file("version: 1\npolicies: { p: { default: deny } }\nadmin: " + admin + "\n", "p.yaml");
        EXPECT_TRUE(parsed.file) << rules::to_string(parsed.diagnostics.front());
        return parsed.file ? parsed.file->admin : rules::AdminSpec{};
    }
};

TEST_F(AdminSetupTest, WhoeverCouldEndTheDaemonIsAnOperator) {
    const auto options = admin_server_options({}, "");
    ASSERT_TRUE(options);
    const auto root = admin::find_uid(options->uids, 0);
    ASSERT_TRUE(root);
    EXPECT_TRUE(root->is_operator());
    EXPECT_FALSE(admin::find_uid(options->uids, 12345));
    EXPECT_FALSE(options->unix_listener);
    EXPECT_FALSE(options->tcp_listener);
}

TEST_F(AdminSetupTest, X2_OthersMaySeeWhatTheirEntrySays) {
    const std::string token = write("token", "marker-token-0123456789\n");
    const auto spec = spec_of("{ listen: \"127.0.0.1:0\", callers: { ops: { uid: 12345 }, tenant: { uid: 12346, sandboxes: [\"a-*\"] }, "
                              "ci: { token_file: " + token + ", sandboxes: [\"a-*\"] } } }");
    const auto options = admin_server_options(spec, "");
    ASSERT_TRUE(options) << options.error().detail;
    EXPECT_TRUE(admin::find_uid(options->uids, 12345)->is_operator());
    const auto tenant = admin::find_uid(options->uids, 12346);
    ASSERT_TRUE(tenant);
    EXPECT_TRUE(tenant->may_see("a-1"));
    EXPECT_FALSE(tenant->may_see("b-1"));
    const auto ci = admin::find_token(options->tokens, "marker-token-0123456789");
    ASSERT_TRUE(ci) << "the line's end is not part of it";
    EXPECT_EQ(ci->name, "ci");
    EXPECT_FALSE(ci->is_operator());
}

TEST_F(AdminSetupTest, P22_AnEmptyListOfSandboxesIsNotAllOfThem) {
    const auto parsed = rules::parse_policy_file(
        "version: 1\npolicies: { p: { default: deny } }\nadmin: { callers: { x: { uid: 5, sandboxes: [] } } }\n", "p.yaml");
    EXPECT_FALSE(parsed.file);
}

TEST_F(AdminSetupTest, WhatCannotBeReadIsNamed) {
    for (const char* admin : {"{ listen: \"127.0.0.1:0\", callers: { ci: { token_file: /none/token } } }",
                              "{ listen: \"127.0.0.1:0\", certificate: /none/token, key: /none/key, client_ca: /none/ca }"}) {
        const auto options = admin_server_options(spec_of(admin), "");
        ASSERT_FALSE(options) << admin;
        EXPECT_THAT(options.error().detail, HasSubstr("/none/token"));
    }
}

TEST_F(AdminSetupTest, ServesOnTheSocketAndRemovesItAtTheEnd) {
    begin("version: 1\npolicies: { p: { default: allow } }\nsandboxes: { box: { policy: p } }\n", {"box"});
    const auto health = admin::call(socket_path(), {"GET", "/healthz", {}, {}});
    ASSERT_TRUE(health) << health.error().detail;
    EXPECT_EQ(health->status, 200);
    const auto put = admin::call(socket_path(), {"PUT", "/v1/sandbox/box/egress", {{"Content-Type", "application/json"}},
                                                 R"({"rules":[{"host":"a.example","deny":true}]})"});
    ASSERT_TRUE(put);
    EXPECT_EQ(put->status, 200) << put->body;
    EXPECT_FALSE(put->etag.empty());
    const auto refused = admin::call(socket_path(), {"PUT", "/v1/sandbox/box/egress",
                                                     {{"Content-Type", "application/json"}, {"If-Match", "\"0\""}}, "{}"});
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 412);
    std::string decided;
    on_control([&] {
        decided = decide(gate->deployment().snapshot_of("box"), "https://a.example/");
        plane.reset();
    });
    EXPECT_EQ(decided, "deny runtime[0]: denied_by_rule");
    EXPECT_FALSE(std::filesystem::exists(socket_path()));
}

TEST_F(AdminSetupTest, LinesOfTheAccessLogAreEventsOfTheirSandbox) {
    begin("version: 1\npolicies: { p: { default: allow } }\nsandboxes: { box: { policy: p } }\n", {"box"});
    std::vector<std::string> seen;
    std::thread listener([&] {
        (void)admin::follow(socket_path(), "/v1/events?sandbox=box", [&](std::string_view type, std::string_view data) {
            seen.push_back(std::string(type) + " " + std::string(data));
            return seen.size() < 2;
        });
    });
    // Said again until it is heard: when the listener is there is not known.
    std::function<void()> say = [&] {
        gate->on_access_lines("{\"sandbox\":\"other\",\"n\":1}\nnot json\n[]\n{\"sandbox\":7}\n{\"sandbox\":\"box\",\"n\":2}\n");
    };
    std::atomic<bool> heard{false};
    std::thread speaker([&] {
        for (int i = 0; i < 100'000 && !heard; ++i) on_control(say);
    });
    listener.join();
    heard = true;
    speaker.join();
    ASSERT_EQ(seen.size(), 2u);
    for (const std::string& event : seen) EXPECT_EQ(event, "request {\"sandbox\":\"box\",\"n\":2}");
}

}  // namespace
}  // namespace sallyport::cli
