// Starts that are refused, for the tests of the subcommands that start a gate: they say why, and leave nothing behind. What
// the subcommands do when all is well is shown in tests/integration.
#pragma once

#include <gmock/gmock.h>

#include "cli/commands.h"
#include "tests/cli/scratch.h"

namespace sallyport::cli {

class RefusedStartTest : public ScratchTest {
protected:
    // Options for a gate with this policy file, which keeps no access log.
    GateOptions gate(const std::string& policy_file = "version: 1\npolicies: { p: { default: deny } }\n") const {
        GateOptions options;
        options.config_file = write("p.yaml", policy_file);
        options.access_log = "none";
        return options;
    }

    // What `command` says as it refuses. `started`, which it would make if it did not, must not be there.
    template <class Options>
    std::string refusal(int (*command)(const Options&), const Options& options) const {
        testing::internal::CaptureStderr();
        EXPECT_EQ(command(options), kExitGateFailed);
        EXPECT_FALSE(std::filesystem::exists(started));
        return testing::internal::GetCapturedStderr();
    }

    // `options` would make `started`, if it were not for their policy file.
    template <class Options>
    void expect_a_bad_policy_file_is_refused(int (*command)(const Options&), Options options) const {
        options.gate = gate("version: 1\npolicies: { p: { defualt: deny } }\n");
        EXPECT_THAT(refusal(command, options), testing::HasSubstr("did you mean \"default\"?"));
    }

    const std::string started = directory + "/started";
};

}  // namespace sallyport::cli
