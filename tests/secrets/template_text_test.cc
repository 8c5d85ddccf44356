#include "secrets/template_text.h"

#include <gtest/gtest.h>

namespace sallyport::secrets {
namespace {

TEST(TemplateText, ReadsLiteralsAndReferences) {
    const TemplateText expected{{PartKind::literal, "Bearer $5 "},
                                {PartKind::secret, "token"},
                                {PartKind::literal, "-"},
                                {PartKind::param, "tenant_1"},
                                {PartKind::literal, "}$"}};
    EXPECT_EQ(parse_template("Bearer $5 ${secrets.token}-${params.tenant_1}}$").value(), expected);
    EXPECT_EQ(parse_template("${labels.team}/${sandbox.id}").value(),
              (TemplateText{{PartKind::label, "team"}, {PartKind::literal, "/"}, {PartKind::sandbox_id, ""}}));
    EXPECT_EQ(parse_template("").value(), TemplateText{});
    EXPECT_EQ(parse_template("${params.a}${params.b}").value(),
              (TemplateText{{PartKind::param, "a"}, {PartKind::param, "b"}}));
}

TEST(TemplateText, RefusesEveryOtherReferenceAndQuotesNothing) {
    for (const auto* text :
         {"${", "a${secrets.x", "${}", "${x}", "${secrets.}", "${secrets.a.b}", "${secret.a}", "${ secrets.a }",
          "${secrets.-a}", "${params.a/b}", "${secrets.${params.a}}", "${env.HOME}", "${sandbox.name}", "${sandbox.id.x}", "${sandbox}", "${labels.}", "${labels.a b}"}) {
        const auto parsed = parse_template(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, ErrorCode::config_invalid);
        EXPECT_EQ(parsed.error().detail.find("HOME"), std::string::npos);
    }
}

TEST(TemplateText, DescribesWhatRefersToTheSandbox) {
    EXPECT_EQ(describe({PartKind::param, "x"}), "parameter \"x\"");
    EXPECT_EQ(describe({PartKind::label, "x"}), "label \"x\"");
    EXPECT_EQ(describe({PartKind::sandbox_id, ""}), "the sandbox's id");
}

TEST(TemplateText, KnowsNames) {
    for (const auto* name : {"a", "Agent-47", "_x_", "0", "a--b"}) EXPECT_TRUE(is_name(name)) << name;
    EXPECT_TRUE(is_name(std::string(63, 'a')));
    for (const auto* name : {"", "-a", "a-", "a.b", "a b", "a/b", "\xc3\xa4", "..", "a\n"})
        EXPECT_FALSE(is_name(name)) << name;
    EXPECT_FALSE(is_name(std::string(64, 'a')));
}

}  // namespace
}  // namespace sallyport::secrets
