#include "rules/vault_reader.h"

#include <gtest/gtest.h>

#include "provider_outcome.h"

namespace sallyport::rules {
namespace {

std::string outcome(const std::string& text) { return sample::outcome(read_vault, "vault", text); }

TEST(VaultReader, TakesAPathAndAField) {
    EXPECT_EQ(outcome("{ path: kv/data/agents/db, field: password }"), "vault kv/data/agents/db#password");
    EXPECT_EQ(outcome("{ path: \"kv/data/${params.tenant}/db\", field: password, address: \"https://vault.internal:8200\", namespace: "
                      "team-a, ca_file: ca.pem, auth: { token: \"${secrets.token}\" } }"),
              "vault kv/data/${params.tenant}/db#password");
}

TEST(VaultReader, TakesTheLoginsOfAppRolesAndPods) {
    for (const char* auth : {"{ approle: { role_id: role-1, secret_id: \"${secrets.password}\" } }",
                             "{ approle: { role_id: \"${secrets.token}\", secret_id: \"${secrets.password}\", mount: team-a/approle } }",
                             "{ kubernetes: { role: agent, token: \"${secrets.token}\" } }"}) {
        EXPECT_EQ(outcome(std::string("{ path: kv/x, field: f, auth: ") + auth + " }"), "vault kv/x#f") << auth;
    }
}

TEST(VaultReader, RefersToWhatItNeeds) {
    sample::StoreReading text("vault", "{ path: kv/x, field: f, auth: { approle: { role_id: \"${secrets.token}\", secret_id: "
                                       "\"${secrets.password}\" } } }");
    const auto provider = read_vault(text.reading);
    std::set<std::string> names;
    provider->visit_templates([&](const secrets::TemplateText& each) {
        for (const auto& part : each) {
            if (part.kind == secrets::PartKind::secret) names.insert(part.text);
        }
    });
    EXPECT_EQ(names, (std::set<std::string>{"password", "token"}));
}

TEST(VaultReader, SaysWhatIsWrong) {
    const std::pair<const char*, const char*> kCases[] = {
        {"kv/x", "1:8: error: \"vault\" must be a mapping"},
        {"{ path: kv/x }", "1:8: error: \"vault\" has no \"field\""},
        {"{ path: kv/x, feild: f }", "1:22: error: unknown key \"feild\", did you mean \"field\"?"},
        {"{ path: /kv/x, field: f }", "1:16: error: \"path\" holds a segment that is empty, \".\" or \"..\""},
        {"{ path: kv/x, field: f, address: \"http://vault.internal\" }", "1:41: error: \"address\": a secret is not sent over http; only https will do"},
        {"{ path: kv/x, field: f, auth: { token: hvs.mArKeR } }",
         "1:47: error: \"token\" must refer to a secret, \"${secrets.NAME}\": values do not belong in this file"},
        {"{ path: kv/x, field: f, auth: { ldap: {} } }", "1:40: error: unknown key \"ldap\""},
        {"{ path: kv/x, field: f, auth: { token: \"${secrets.token}\", approle: {} } }",
         "1:38: error: \"auth\" is one of token, approle and kubernetes"},
        {"{ path: kv/x, field: f, auth: { approle: { role_id: a } } }", "1:49: error: \"approle\" has no \"secret_id\""},
        {"{ path: kv/x, field: f, auth: { kubernetes: { role: a, token: \"${secrets.token}\", mount: \"../sys\" } } }",
         "1:97: error: \"mount\" holds a segment that is empty, \".\" or \"..\""},
        {"{ path: kv/x, field: f, auth: { token: \"${secrets.tokn}\" } }", "1:47: error: secret \"tokn\" is not defined, did you mean \"token\"?"},
    };
    for (const auto& [text, message] : kCases) {
        const std::string all = outcome(text);
        EXPECT_TRUE(all.starts_with(std::string("/etc/gate/f.yaml:") + message)) << text << "\n" << all;
        EXPECT_EQ(all.find("mArKeR"), std::string::npos);
    }
}

}  // namespace
}  // namespace sallyport::rules
