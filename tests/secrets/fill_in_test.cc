#include "secrets/fill_in.h"

#include <gtest/gtest.h>

#include "desk.h"

namespace sallyport::secrets {
namespace {

class FillIn : public testing::Test {
protected:
    std::string line(std::string_view text) { return show(fill_in_line(text_of(text), context_)); }
    std::string document(std::string_view text) { return show(fill_in_document(text_of(text), context_)); }
    std::string path(std::string_view text) {
        const auto filled = fill_in_path(text_of(text), context_);
        return filled ? *filled : "refused: " + filled.error().detail;
    }

private:
    static std::string show(const Result<SecretString>& filled) {
        return filled ? std::string(filled->reveal()) : "refused: " + filled.error().detail;
    }

    Identity identity_{"agent-47", {{"tenant", "a/b?c"}, {"dots", ".."}, {"space", "x y"}}, {{"team", "red"}}};
    SecretSnapshot inputs_{{{"token", std::make_shared<const Result<SecretString>>(SecretString("mArKeR"))},
                            {"pem", std::make_shared<const Result<SecretString>>(SecretString("a\nb"))}}};
    Desk http_;
    NoCommands commands_;
    SystemRandom random_;
    std::unique_ptr<ProviderState> state_;
    FetchContext context_{identity_, inputs_, http_, commands_, random_, {}, state_};
};

TEST_F(FillIn, PutsSecretsAndTheSandboxIntoALine) {
    EXPECT_EQ(line("${secrets.token}/${labels.team}-${sandbox.id}"), "mArKeR/red-agent-47");
    EXPECT_EQ(line("${secrets.other}"), "refused: secret \"other\" is not defined");
    EXPECT_EQ(line("${params.other}"), "refused: parameter \"other\" is not set");
}

TEST_F(FillIn, ALineHasNoLineEndsAndADocumentMay) {
    EXPECT_EQ(line("${secrets.pem}"), "refused: ${secrets.pem} holds control characters");
    EXPECT_EQ(document("${secrets.pem}"), "a\nb");
}

TEST_F(FillIn, ASandboxCannotAddASecondWord) {
    EXPECT_EQ(line("read:${params.space}"), "refused: parameter \"space\" may hold visible ASCII only here");
}

TEST_F(FillIn, X12ASandboxCannotLeadAPathElsewhere) {
    EXPECT_EQ(path("kv/data/${params.tenant}/db"), "kv/data/a%2Fb%3Fc/db");
    EXPECT_EQ(path("kv/${params.dots}/db"), "refused: what is filled into kv/${params.dots}/db would lead elsewhere");
    EXPECT_EQ(path("kv/.${params.dots}x/db"), "kv/...x/db");
}

}  // namespace
}  // namespace sallyport::secrets
