#include "rules/gcp_reader.h"

#include <gtest/gtest.h>

#include "provider_outcome.h"

namespace sallyport::rules {
namespace {

std::string manager(const std::string& text) { return sample::outcome(read_gcp, "gcp", "{ " + text + " }"); }
std::string account(const std::string& text) { return sample::outcome(read_gcp_service_account, "gcp_service_account", "{ " + text + " }"); }

TEST(GcpReader, TakesASecretsName) {
    EXPECT_EQ(manager("project: p-1, secret: \"db-${params.tenant}\", token: \"${secrets.token}\""), "gcp p-1/db-${params.tenant}/latest");
    EXPECT_EQ(manager("project: p-1, secret: db, version: 3, field: password, token: \"${secrets.token}\""), "gcp p-1/db/3#password");
}

TEST(GcpReader, TakesAServiceAccount) {
    EXPECT_EQ(account("key: \"${secrets.token}\", scopes: [a, b]"), "gcp_service_account a b");
    EXPECT_EQ(account("key: \"${secrets.token}\", audience: \"https://run.example\", subject: u@example.org, token_url: \"https://idp.example/t\""),
              "gcp_service_account https://run.example");
}

TEST(GcpReader, SaysWhatIsWrong) {
    EXPECT_EQ(manager("project: p/1, secret: db, token: \"${secrets.token}\""), "/etc/gate/f.yaml:1:17: error: \"project\" holds a '/'\n");
    EXPECT_EQ(account("key: \"${secrets.token}\""), "/etc/gate/f.yaml:1:22: error: there must be one of \"scopes\" and \"audience\"\n");
    EXPECT_EQ(account("key: \"${secrets.token}\", scopes: a, audience: b"),
              "/etc/gate/f.yaml:1:70: error: there must be one of \"scopes\" and \"audience\"\n");
}

}  // namespace
}  // namespace sallyport::rules
