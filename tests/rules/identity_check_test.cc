#include "rules/identity_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> warnings_of(const std::string& sandboxes) {
    return sample::all_diagnostics(
        "version: 1\n"
        "secrets: { pat: { file: \"/run/${params.tenant}/${sandbox.id}\" }, key: { env: \"KEY_${labels.team}\" } }\n"
        "credentials: { c: { type: basic, username: \"${params.user}\", password: \"${secrets.pat}\" } }\n"
        "policies:\n"
        "  uses: { rules: [ { host: a.example, credential: c } ] }\n"
        "  script: { script: a.js, env: { KEY: key } }\n"
        "  plain: { default: deny }\n"
        "sandboxes:\n" +
        sandboxes);
}

TEST(IdentityCheck, NamesTheSandboxAndWhatItLacks) {
    EXPECT_THAT(warnings_of("  s: { policy: uses }\n"),
                ElementsAre("f.yaml:9:3: warning: sandbox \"s\" has no parameter \"user\": credential \"c\" needs it",
                            "f.yaml:9:3: warning: sandbox \"s\" has no parameter \"tenant\": secret \"pat\" needs it"));
    EXPECT_THAT(warnings_of("  s: { policy: script, params: { team: red } }\n"),
                ElementsAre("f.yaml:9:3: warning: sandbox \"s\" has no label \"team\": secret \"key\" needs it"));
}

TEST(IdentityCheck, SaysNothingWhereAllIsThereOrNothingIsNeeded) {
    EXPECT_THAT(warnings_of("  s: { policy: uses, params: { user: u, tenant: t } }\n"
                            "  t: { policy: script, labels: { team: red } }\n"
                            "  u: { policy: plain }\n"),
                IsEmpty());
}

}  // namespace
}  // namespace sallyport::rules
