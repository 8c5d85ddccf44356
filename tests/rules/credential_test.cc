#include "rules/credential.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sallyport::rules {
namespace {

constexpr const char* kMarker = "mArKeR-99aa";

class CredentialTest : public testing::Test {
protected:
    CredentialTest() {
        setenv("SALLYPORT_CREDENTIAL_TEST", kMarker, 1);
        secrets_ =
            secrets::SecretSnapshot::load({{"token", secrets::SourceKind::env, "SALLYPORT_CREDENTIAL_TEST"}}, {});
    }
    // The value, or the error's detail.
    std::string render_text(CredentialType type, std::string_view value, std::string_view username = "",
                            const secrets::Params& params = {}) {
        const CredentialSpec spec{"c", type, "X", *secrets::parse_template(username), *secrets::parse_template(value)};
        const auto rendered = render(spec, {"s", params, {{"team", "red"}}}, secrets_);
        return rendered ? std::string(rendered->reveal()) : rendered.error().detail;
    }

    secrets::SecretSnapshot secrets_;
};

TEST_F(CredentialTest, FillsInTheTemplate) {
    EXPECT_EQ(render_text(CredentialType::header, "a ${secrets.token} ${params.p}", "", {{"p", "q"}}),
              "a mArKeR-99aa q");
    EXPECT_EQ(render_text(CredentialType::header, "${labels.team}/${sandbox.id}"), "red/s");
    EXPECT_EQ(render_text(CredentialType::bearer, "Bearer ${secrets.token}"), "Bearer mArKeR-99aa");
    // base64("x-access-token:mArKeR-99aa")
    EXPECT_EQ(render_text(CredentialType::basic, "${secrets.token}", "x-access-token"),
              "Basic eC1hY2Nlc3MtdG9rZW46bUFyS2VSLTk5YWE=");
}

TEST_F(CredentialTest, IsUnavailableWhereAPartIsMissing) {
    EXPECT_EQ(render_text(CredentialType::header, "${secrets.other}"),
              "credential \"c\": secret \"other\" is not defined");
    EXPECT_EQ(render_text(CredentialType::header, "${params.other}"),
              "credential \"c\": parameter \"other\" is not set");
    EXPECT_EQ(render_text(CredentialType::header, "${labels.other}"), "credential \"c\": label \"other\" is not set");
    EXPECT_EQ(render_text(CredentialType::header, "${params.p}", "", {{"p", ""}}),
              "credential \"c\": the value is empty");
}

TEST_F(CredentialTest, ThreatP13NoValueHoldsAControlCharacter) {
    for (const std::string p : {"a\r\nb c", "a\n", "a\x7f", "\t"}) {
        EXPECT_EQ(render_text(CredentialType::header, "${secrets.token}${params.p}", "", {{"p", p}}),
                  "credential \"c\": the value holds control characters");
        EXPECT_EQ(render_text(CredentialType::basic, "${secrets.token}", "${params.p}", {{"p", p}}),
                  "credential \"c\": user name or password hold control characters");
    }
    EXPECT_EQ(render_text(CredentialType::basic, "${secrets.token}", "${params.p}", {{"p", "a:b"}}),
              "credential \"c\": the user name holds a ':'");
}

}  // namespace
}  // namespace sallyport::rules
