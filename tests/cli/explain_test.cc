#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "tests/cli/running_admin.h"

namespace sallyport::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kFile = R"(
version: 1
secrets: { s: { env: SALLYPORT_EXPLAIN_TEST } }
credentials: { c: { type: bearer, secret: s } }
policies:
  p: { rules: [ { name: read, host: a.example, methods: [GET], credential: c } ] }
  q: { default: allow }
sandboxes: { box: { policy: p } }
)";

class ExplainTest : public RunningAdminTest {
protected:
    ExplainTest() { unsetenv("SALLYPORT_EXPLAIN_TEST"); }
    int ask(const ExplainOptions& options) { return run([&] { return explain(options); }); }
    ExplainOptions about(const std::string& url, const std::string& method = "GET") const {
        ExplainOptions options;
        options.config_file = write("e.yaml", kFile);
        options.url = url;
        options.method = method;
        return options;
    }
};

TEST_F(ExplainTest, AFileAnswersWithoutADaemon) {
    ExplainOptions options = about("https://a.example/");
    options.sandbox = "box";
    EXPECT_EQ(ask(options), 1);
    EXPECT_THAT(out, HasSubstr("secret_unavailable"));
    options.assume_secrets = true;
    EXPECT_EQ(ask(options), 0) << err;
    EXPECT_THAT(out, HasSubstr("read"));
    options.method = "POST";
    EXPECT_EQ(ask(options), 1);
    EXPECT_THAT(out, HasSubstr("the method is POST"));
    options.as_json = true;
    EXPECT_EQ(ask(options), 1);
    EXPECT_EQ(nlohmann::json::parse(out)["allowed"], false);
}

TEST_F(ExplainTest, APolicyAnswersForNobodyInParticular) {
    ExplainOptions options = about("https://b.example/");
    options.policy = "q";
    EXPECT_EQ(ask(options), 0) << err;
    options.policy = "";
    EXPECT_EQ(ask(options), kExitNoAnswer) << "there are two";
    options.policy = "nosuch";
    EXPECT_EQ(ask(options), kExitNoAnswer);
}

TEST_F(ExplainTest, WhatIsNoQuestionHasNoAnswer) {
    ExplainOptions options = about("https://a.example/");
    options.sandbox = "nobody";
    EXPECT_EQ(ask(options), kExitNoAnswer);
    EXPECT_THAT(err, HasSubstr("nobody"));
    options.sandbox = "box";
    options.headers = {"no colon"};
    EXPECT_EQ(ask(options), kExitNoAnswer);
    options.headers = {};
    options.url = "https://a b/";
    EXPECT_EQ(ask(options), 1) << "the request would be refused";
    EXPECT_THAT(out, HasSubstr("refused"));
    options.url = "a.example/";
    EXPECT_EQ(ask(options), 1);
    EXPECT_THAT(out, HasSubstr("begins with https://"));
    options.as_json = true;
    EXPECT_EQ(ask(options), 1);
    EXPECT_EQ(nlohmann::json::parse(out)["verdict"], "deny");
    options.config_file = directory + "/none.yaml";
    EXPECT_EQ(ask(options), kExitNoAnswer);
}

TEST_F(ExplainTest, ADaemonAnswersForItsSandboxes) {
    begin(kFile, {"box"});
    ExplainOptions options;
    options.socket = socket_path();
    options.url = "https://b.example/";
    options.headers = {"Accept: x", "Accept: y"};
    EXPECT_EQ(ask(options), kExitNoAnswer) << "whose?";
    options.sandbox = "box";
    EXPECT_EQ(ask(options), 1) << err;
    EXPECT_EQ(nlohmann::json::parse(out)["allowed"], false);
    options.sandbox = "nobody";
    EXPECT_EQ(ask(options), kExitNoAnswer);
    EXPECT_THAT(err, HasSubstr("404"));
    options.socket = directory + "/nobody-listens";
    EXPECT_EQ(ask(options), kExitNoAnswer);
}

}  // namespace
}  // namespace sallyport::cli
