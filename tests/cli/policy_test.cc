#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "http/path.h"
#include "proxy/audit_log.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kBefore = R"(
version: 1
secrets: { s: { env: SALLYPORT_POLICY_TEST } }
credentials: { c: { type: bearer, secret: s } }
policies: { p: { rules: [ { name: read, host: a.example, methods: [GET, HEAD], paths: ["/x/**"], credential: c } ] } }
sandboxes: { box: { policy: p } }
)";
constexpr const char* kAfter = R"(
version: 1
secrets: { s: { env: SALLYPORT_POLICY_TEST } }
credentials: { c: { type: bearer, secret: s } }
policies: { p: { rules: [ { name: read, host: a.example, methods: [HEAD], credential: c } ] } }
sandboxes: { box: { policy: p } }
)";

class PolicyTest : public ScratchTest {
protected:
    template <class Command, class Options>
    int run(Command command, const Options& options) {
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        const int code = command(options);
        out = testing::internal::GetCapturedStdout();
        err = testing::internal::GetCapturedStderr();
        return code;
    }
    std::string before() const { return write("before.yaml", kBefore); }
    std::string after() const { return write("after.yaml", kAfter); }
    std::string out, err;
};

TEST_F(PolicyTest, DiffIsOneWhereAnythingChanges) {
    EXPECT_EQ(run(policy_diff, PolicyDiffOptions{before(), before()}), 0);
    EXPECT_EQ(run(policy_diff, PolicyDiffOptions{before(), after()}), 1);
    EXPECT_THAT(out, HasSubstr("read"));
    EXPECT_EQ(run(policy_diff, PolicyDiffOptions{before(), after(), true}), 1);
    EXPECT_TRUE(nlohmann::json::accept(out)) << out;
    EXPECT_EQ(run(policy_diff, PolicyDiffOptions{before(), directory + "/none.yaml"}), kExitNoAnswer);
    EXPECT_THAT(err, HasSubstr("No such file"));
}

TEST_F(PolicyTest, ProveSaysYesOrShowsTheContrary) {
    PolicyProveOptions options;
    options.config_file = before();
    options.credential = "c";
    options.never_outside = {"a.example/x/**"};
    EXPECT_EQ(run(policy_prove, options), 0);
    EXPECT_THAT(out, HasSubstr("proved"));
    options.config_file = after();
    EXPECT_EQ(run(policy_prove, options), 1);
    EXPECT_THAT(out, HasSubstr("refuted: under policy p, rule read"));
    options.as_json = true;
    EXPECT_EQ(run(policy_prove, options), 1);
    const auto json = nlohmann::json::parse(out);
    EXPECT_EQ(json["outcome"], "refuted");
    // What it shows is what explain says too.
    ExplainOptions question;
    question.config_file = after();
    question.policy = "p";
    question.assume_secrets = true;
    question.method = json["counterexample"]["method"];
    question.url = json["counterexample"]["url"];
    EXPECT_EQ(run(explain, question), 0) << question.url << out;
    EXPECT_THAT(out, HasSubstr("credential  c"));
    options.credential = "nosuch";
    EXPECT_EQ(run(policy_prove, options), kExitNoAnswer);
}

TEST_F(PolicyTest, ReplayListsWhatWouldChange) {
    proxy::AuditOptions audit;
    audit.path = directory + "/audit.jsonl";
    audit.replay = true;
    auto log = std::move(*proxy::AuditLog::open(audit));
    const auto record = [&](const std::string& method, bool allowed) {
        http::CanonicalRequest request;
        request.method = method;
        request.scheme = http::Scheme::https;
        request.authority.host = "a.example";
        request.authority.port = 443;
        request.target = *http::canonical_target("/x/1");
        const http::HeaderMap headers;
        proxy::AuditedDecision decision;
        decision.sandbox = "box";
        decision.policy = "p";
        decision.generation = Generation{1};
        decision.method = method;
        decision.scheme = "https";
        decision.host = "a.example";
        decision.port = 443;
        decision.target = "/x/1";
        decision.allowed = allowed;
        decision.rule = allowed ? "read" : "default";
        decision.credential = allowed ? "c" : "";
        decision.action = allowed ? "forward" : "";
        const Error denied{ErrorCode::denied, ""};
        decision.error = allowed ? nullptr : &denied;
        decision.request = &request;
        decision.headers = &headers;
        ASSERT_TRUE(log->record(decision));
    };
    record("GET", true);
    record("HEAD", true);
    record("POST", false);
    EXPECT_EQ(run(policy_replay, PolicyReplayOptions{audit.path, before()}), 0) << out;
    EXPECT_THAT(out, HasSubstr("3 decisions, 0 would change"));
    EXPECT_EQ(run(policy_replay, PolicyReplayOptions{audit.path, after()}), 1);
    EXPECT_THAT(out, HasSubstr("changes #1 box GET https://a.example/x/1"));
    EXPECT_THAT(out, HasSubstr("3 decisions, 1 would change"));
    EXPECT_EQ(run(policy_replay, PolicyReplayOptions{audit.path, after(), true}), 1);
    EXPECT_THAT(out, HasSubstr("same    #3"));
    EXPECT_EQ(run(policy_replay, PolicyReplayOptions{directory + "/none", after()}), kExitNoAnswer);
}

}  // namespace
}  // namespace sallyport::cli
