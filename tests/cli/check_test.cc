#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "tests/cli/handlers.h"

namespace sallyport::cli {
namespace {

using testing::HasSubstr;

class CheckTest : public ScratchTest {};

TEST_F(CheckTest, AGoodFileIsZeroAndABadOneIsOne) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int good = check({write("good.yaml", "version: 1\npolicies: { p: { default: deny } }\n")});
    const int bad = check({write("bad.yaml", "version: 1\npolicies: { p: { defalt: deny } }\n")});
    const int missing = check({directory + "/none.yaml"});
    const std::string out = testing::internal::GetCapturedStdout();
    const std::string err = testing::internal::GetCapturedStderr();
    EXPECT_EQ(good, 0);
    EXPECT_EQ(bad, 1);
    EXPECT_EQ(missing, 1);
    EXPECT_NE(out.find("good.yaml: ok: 1 policies"), std::string::npos);
    EXPECT_NE(err.find("did you mean \"default\"?"), std::string::npos) << err;
}

class CheckScriptsTest : public ScratchTest {
protected:
    int run(const std::string& policies) {
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        const int code = check({write("p.yaml", "version: 1\npolicies: " + policies + "\n")});
        out = testing::internal::GetCapturedStdout();
        err = testing::internal::GetCapturedStderr();
        return code;
    }
    std::string out, err;
};

TEST_F(CheckScriptsTest, AScriptThatLoadsAndHasItsHandlersIsGood) {
    write("vcs.js", kScript);
    EXPECT_EQ(run("{ p: { script: vcs.js, rules: [ { host: c.example, handler: readOnly } ] } }"), 0) << err;
    EXPECT_THAT(out, HasSubstr("ok: 1 policies"));
}

TEST_F(CheckScriptsTest, EveryScriptThatIsWrongIsSaid) {
    write("vcs.js", kScript);
    write("bad.js", "export const outbound = (");
    write("empty.js", "export const other = 1;");
    EXPECT_EQ(run("{ p: { script: vcs.js, rules: [ { host: c.example, handler: readOlny } ] }, q: { script: bad.js }, "
                  "r: { script: none.js }, s: { script: empty.js } }"), 1);
    EXPECT_THAT(err, HasSubstr("p.yaml:2:"));
    EXPECT_THAT(err, HasSubstr("handler \"readOlny\" is not in the script, did you mean \"readOnly\"?"));
    EXPECT_THAT(err, HasSubstr("policy \"q\": bad.js: SyntaxError"));
    EXPECT_THAT(err, HasSubstr("none.js"));
    EXPECT_THAT(err, HasSubstr("exports none of"));
    EXPECT_EQ(out.find("ok"), std::string::npos);
}

TEST_F(CheckScriptsTest, WithoutRootTheRestIsChecked) {
    write("vcs.js", "export const outbound = (");
    const std::string path = write("p.yaml", "version: 1\npolicies: { p: { script: vcs.js } }\n");
    std::filesystem::permissions(directory, std::filesystem::perms::all);
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], STDERR_FILENO);
        if (setuid(65534) != 0) _exit(99);
        _exit(check({path}));
    }
    close(fds[1]);
    std::string said;
    char block[512];
    for (ssize_t got = ::read(fds[0], block, sizeof block); got > 0; got = ::read(fds[0], block, sizeof block)) {
        said.append(block, static_cast<std::size_t>(got));
    }
    close(fds[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_THAT(said, HasSubstr("its scripts are not checked: root is needed"));
}

}  // namespace
}  // namespace sallyport::cli
