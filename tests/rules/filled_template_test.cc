#include "rules/filled_template.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sallyport::rules {
namespace {

class FilledTemplate : public testing::Test {
protected:
    FilledTemplate() {
        setenv("SALLYPORT_FILLED_TEST", "mArKeR-99aa", 1);
        secrets_ = secrets::SecretSnapshot::load({{"token", secrets::SourceKind::env, "SALLYPORT_FILLED_TEST"}}, {});
    }
    std::string fill(std::string_view text) {
        WipedBuffer out;
        const auto filled = fill_in(*secrets::parse_template(text), {"c", identity_, secrets_, nullptr}, out, used_);
        return filled ? std::string(out.view()) : filled.error().detail;
    }

    const secrets::Identity identity_{"s", {{"p", "q"}}, {}};
    secrets::SecretSnapshot secrets_;
    UsedSecrets used_;
};

TEST_F(FilledTemplate, RemembersTheSecretsThatWentIntoIt) {
    EXPECT_EQ(fill("a ${secrets.token}-${params.p}-${sandbox.id}"), "a mArKeR-99aa-q-s");
    NeedleTexts texts;
    used_.collect(texts);
    EXPECT_EQ(texts.secrets, std::vector<std::string_view>{"mArKeR-99aa"});
}

TEST_F(FilledTemplate, FailsWhereAPartIsMissing) {
    EXPECT_EQ(fill("${secrets.other}"), "secret \"other\" is not defined");
    EXPECT_EQ(fill("${params.other}"), "parameter \"other\" is not set");
}

TEST(CheckSentValue, RefusesWhatNoFieldCanHold) {
    EXPECT_EQ(check_sent_value("ok")->reveal(), "ok");
    EXPECT_EQ(check_sent_value("").error().detail, "the value is empty");
    EXPECT_EQ(check_sent_value("a\nb").error().detail, "the value holds control characters");
    EXPECT_EQ(check_sent_value(std::string(64 * 1024 + 1, 'x')).error().detail, "the value is over 64 KiB");
}

}  // namespace
}  // namespace sallyport::rules
