#include "tests/cli/refused_start.h"

namespace sallyport::cli {
namespace {

using testing::HasSubstr;

class RunTest : public RefusedStartTest {
protected:
    RunOptions touch() const {
        RunOptions options;
        options.gate = gate();
        options.argv = {"touch", started};
        options.binds = {directory + "::rw"};
        return options;
    }
};

TEST_F(RunTest, ABadPolicyFileStartsNothing) { expect_a_bad_policy_file_is_refused(run, touch()); }

TEST_F(RunTest, AVariableThatIsNotSetStartsNothing) {
    unsetenv("SALLYPORT_TEST_NOT_SET");
    RunOptions options = touch();
    options.environment = {"SALLYPORT_TEST_NOT_SET"};
    EXPECT_THAT(refusal(run, options), HasSubstr("--env SALLYPORT_TEST_NOT_SET: not set"));
}

TEST_F(RunTest, ABindThatCannotBeMadeStartsNothing) {
    const std::pair<std::string, const char*> cases[] = {
        {directory + "/missing", "No such file or directory"},
        {directory + ":/mnt:write", "\"rw\" or \"ro\""},
        {directory + ":mnt", "DST is not absolute"},
    };
    for (const auto& [bind, reason] : cases) {
        RunOptions options = touch();
        options.binds.push_back(bind);
        EXPECT_THAT(refusal(run, options), HasSubstr("--bind " + bind + ": " + reason));
    }
}

TEST_F(RunTest, APolicyThatIsNotInTheFileStartsNothing) {
    RunOptions options = touch();
    options.policy = "other";
    EXPECT_THAT(refusal(run, options), HasSubstr("\"other\""));
}

}  // namespace
}  // namespace sallyport::cli
