#include "tests/cli/refused_start.h"

namespace sallyport::cli {
namespace {

// A path that leads nowhere in all of them: what the path leads to is closed, and must not be the machine's own namespace.
class AttachTest : public RefusedStartTest {
protected:
    AttachOptions attach_nowhere() const {
        AttachOptions options;
        options.gate = gate();
        options.netns_path = directory + "/no-such-netns";
        options.ca_out_file = started;
        return options;
    }
};

TEST_F(AttachTest, ABadPolicyFileStartsNothing) { expect_a_bad_policy_file_is_refused(attach, attach_nowhere()); }

TEST_F(AttachTest, ANamespaceThatIsNotThereIsNamed) {
    const AttachOptions options = attach_nowhere();
    EXPECT_THAT(refusal(attach, options), testing::HasSubstr(options.netns_path + ": No such file or directory"));
}

}  // namespace
}  // namespace sallyport::cli
