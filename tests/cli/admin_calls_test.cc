#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "tests/cli/running_admin.h"

namespace sallyport::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kFile =
    "version: 1\npolicies: { p: { default: allow }, q: { default: deny } }\nsandboxes: { box: { policy: p } }\n";

class AdminCallsTest : public RunningAdminTest {
protected:
    void SetUp() override { begin(kFile, {"box"}); }
    int call(const std::string& method, const std::string& target, const std::string& body_file = {}, const std::string& if_match = {}) {
        return run([&] { return call_admin({socket_path(), method, target, body_file, if_match}); });
    }
};

TEST_F(AdminCallsTest, PrintsWhatTheDaemonAnswers) {
    EXPECT_EQ(call("GET", "/v1/policies/p"), 0) << err;
    EXPECT_EQ(nlohmann::json::parse(out)["default"], "allow");
    EXPECT_THAT(err, HasSubstr("etag "));
    EXPECT_EQ(call("GET", "/v1/policies/none"), 1);
    EXPECT_THAT(out, HasSubstr("not_found"));
}

TEST_F(AdminCallsTest, ABodyIsAPolicyInEitherForm) {
    EXPECT_EQ(call("PUT", "/v1/policies/p", write("new.yaml", "default: deny\nrules: [ { host: a.example } ]\n")), 0) << out << err;
    EXPECT_EQ(call("PUT", "/v1/policies/p", write("new.json", R"({"default":"deny"})")), 0) << out;
    EXPECT_EQ(call("PUT", "/v1/policies/p", write("bad.yaml", "defalt: deny\n")), 1);
    EXPECT_THAT(out, HasSubstr("did you mean"));
    EXPECT_EQ(call("PUT", "/v1/policies/p", directory + "/none"), kExitNoAnswer);
    EXPECT_EQ(call("DELETE", "/v1/policies/p", "", "77"), 1) << "somebody has changed it since";
    EXPECT_EQ(call("DELETE", "/v1/policies/p", "", "\"77\""), 1);
    EXPECT_THAT(out, HasSubstr("precondition_failed")) << "quotes may stand around it, as in the header";
    EXPECT_EQ(call("DELETE", "/v1/policies/p"), 0) << out;
}

TEST_F(AdminCallsTest, NobodyWhoListensIsNoAnswer) {
    EXPECT_EQ(run([&] { return call_admin({directory + "/none.sock", "GET", "/v1/policies", "", ""}); }), kExitNoAnswer);
    EXPECT_EQ(run([&] { return tail({directory + "/none.sock", "", ""}); }), kExitNoAnswer);
    EXPECT_EQ(run([&] { return top({directory + "/none.sock", 1, 1}); }), kExitNoAnswer);
}

TEST_F(AdminCallsTest, TopPrintsAsManyPagesAsItIsAskedFor) {
    EXPECT_EQ(run([&] { return top({socket_path(), 0.1, 2}); }), 0);
    EXPECT_THAT(out, HasSubstr("0 connections\n\nSANDBOX"));
}

}  // namespace
}  // namespace sallyport::cli
