#include "cli/questions.h"

#include <gmock/gmock.h>

#include "tests/cli/decide.h"
#include "tests/cli/handlers.h"

namespace sallyport::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kFile = R"(
version: 1
secrets: { s: { env: SALLYPORT_QUESTIONS_TEST }, t: { file: "/none/${params.tenant}" } }
credentials: { c: { type: bearer, secret: s }, d: { type: bearer, secret: t } }
policies:
  p: { rules: [ { host: a.example, credential: c }, { host: b.example, credential: d } ] }
  q: { default: allow }
sandboxes: { box: { policy: p, params: { tenant: acme } } }
)";

class QuestionsTest : public ScratchTest {};

TEST_F(QuestionsTest, ASandboxOfTheFileOrAPolicy) {
    unsetenv("SALLYPORT_QUESTIONS_TEST");
    const auto file = LoadedFile::load(write("p.yaml", kFile));
    ASSERT_TRUE(file) << file.error().detail;
    EXPECT_EQ(decide(*(*file)->snapshot("box", ""), "https://a.example/"), "deny rules[0]: secret_unavailable");
    EXPECT_EQ(decide(*(*file)->snapshot("box", "q"), "https://a.example/"), "allow default");
    EXPECT_EQ(decide(*(*file)->snapshot("", "q"), "https://a.example/"), "allow default");
    EXPECT_FALSE((*file)->snapshot("", ""));
    EXPECT_FALSE((*file)->snapshot("nobody", "q"));
    EXPECT_FALSE((*file)->snapshot("box", "nosuch"));
    (*file)->assume_secrets();
    EXPECT_EQ(decide(*(*file)->snapshot("box", ""), "https://a.example/"), "allow rules[0] with Bearer assumed");
    EXPECT_EQ(decide(*(*file)->snapshot("", "p"), "https://b.example/"), "allow rules[1] with Bearer assumed");
}

TEST_F(QuestionsTest, P22_ABadFileIsNoFile) {
    testing::internal::CaptureStderr();
    EXPECT_FALSE(LoadedFile::load(write("p.yaml", "version: 1\npolices: {}\n")));
    EXPECT_FALSE(LoadedFile::load(directory + "/none.yaml"));
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("did you mean"));
}

TEST_F(QuestionsTest, ScriptsAreRunToSeeWhatTheyExport) {
    write("vcs.js", kScript);
    const auto file = LoadedFile::load(write("p.yaml", "version: 1\npolicies: { p: { script: vcs.js, default: allow } }\n"));
    ASSERT_TRUE(file) << file.error().detail;
    const auto snapshot = (*file)->snapshot("", "");
    EXPECT_EQ(decide(*snapshot, "https://a.example/"), "handler outboundByHost[a.example]");
    EXPECT_EQ(decide(*snapshot, "https://x.b.example/"), "handler outboundByHost[*.b.example]");
    EXPECT_EQ(decide(*snapshot, "https://c.example/"), "allow default");
    // Other files are planned with the same means.
    EXPECT_TRUE((*file)->deployment().plan_policy("q", R"({"script":"vcs.js"})"));
    EXPECT_FALSE((*file)->deployment().plan_policy("q", R"({"script":"none.js"})"));
    EXPECT_THAT(LoadedFile::load(write("bad.yaml", "version: 1\npolicies: { p: { script: none.js } }\n")).error().detail,
                HasSubstr("none.js"));
}

}  // namespace
}  // namespace sallyport::cli
