#include "rules/onepassword_reader.h"

#include <gtest/gtest.h>

#include "provider_outcome.h"

namespace sallyport::rules {
namespace {

std::string outcome(const std::string& text) { return sample::outcome(read_onepassword, "onepassword", "{ " + text + " }"); }

TEST(OnePasswordReader, TakesAnItemsField) {
    EXPECT_EQ(outcome("address: \"https://connect.internal\", token: \"${secrets.token}\", vault: Agents, item: \"db ${params.tenant}\", field: password"),
              "onepassword Agents/db ${params.tenant}#password");
}

TEST(OnePasswordReader, SaysWhatIsWrong) {
    EXPECT_EQ(outcome("address: \"https://connect.internal\", token: mArKeR, vault: Agents, item: db, fields: password"),
              "/etc/gate/f.yaml:1:60: error: \"token\" must refer to a secret, \"${secrets.NAME}\": values do not belong in this file\n"
              "/etc/gate/f.yaml:1:93: error: unknown key \"fields\", did you mean \"field\"?\n");
}

}  // namespace
}  // namespace sallyport::rules
