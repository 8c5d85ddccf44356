#include "rules/secret_reader.h"

#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

TEST(SecretReader, ReadsSources) {
    const std::pair<std::string, std::string> cases[] = {
        {"{ env: TOKEN }", ""},
        {"{ env: \"TOKEN_${params.tenant}\" }", ""},
        {"{ file: \"/run/${params.tenant}/pat\" }", ""},
        {"{ file: \"/run/${labels.team}/${sandbox.id}\" }", ""},
        {"{ env: \"TOKEN_${labels.team}\" }", ""},
        {"{ evn: TOKEN }", "8: error: unknown key \"evn\", did you mean \"env\"?"},
        {"{ env: A, file: /b }", "6: error: a secret comes from either \"env\" or \"file\""},
        {"{ command: [pass, show] }", "8: error: \"command\" is not supported by this version"},
        {"{ vault: { path: a } }", "8: error: \"vault\" is not supported by this version"},
        {"{ file: /a, refresh: 10m }", "18: error: \"refresh\" is not supported by this version"},
        {"{ env: [A] }", "13: error: \"env\" must be a string"},
        {"{ env: A=B }", "13: error: \"env\": not the name of a variable"},
        {"{ file: \"/a/${params.x\" }", "14: error: \"file\": a reference \"${\" is not closed"},
        {"{ file: \"/a/${secrets.x}\" }", "14: error: \"file\": a secret's place may refer to ${params.NAME}, "
         "${labels.NAME} and ${sandbox.id} only"},
        {"TOKEN", "6: error: secret \"s\" must be a mapping"},
        {"", "3: error: secret \"s\" must be a mapping"},
    };
    for (const auto& [source, expected] : cases) {
        const auto diagnostic = sample::first_diagnostic("version: 1\nsecrets:\n  s: " + source + "\n");
        EXPECT_EQ(diagnostic, expected.empty() ? "" : "f.yaml:3:" + expected) << source;
    }
}

}  // namespace
}  // namespace sallyport::rules
