#include "rules/secret_reader.h"

#include <gtest/gtest.h>

#include "secrets/provider.h"
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
        {"{ directory: /var/run/secrets/app, key: token }", ""},
        {"{ directory: \"/run/${params.tenant}\", key: \"${labels.team}.pat\" }", ""},
        {"{ systemd: pat }", ""},
        {"{ systemd: \"pat.${params.tenant}\" }", ""},
        {"{ command: [pass, show, a/b] }", ""},
        {"{ command: [pass, show, a/b], refresh: 10m, grace: 0s }", ""},
        {"{ evn: TOKEN }", "8: error: unknown key \"evn\", did you mean \"env\"?"},
        {"{ env: [A] }", "13: error: \"env\" must be a string"},
        {"{ env: A=B }", "13: error: \"env\": not the name of a variable"},
        {"{ file: \"/a/${params.x\" }", "14: error: \"file\": a reference \"${\" is not closed"},
        {"{ file: \"/a/${secrets.x}\" }", "14: error: \"file\": a secret's place may refer to ${params.NAME}, "
         "${labels.NAME} and ${sandbox.id} only"},
        {"{ directory: /a }", "6: error: the secret has no \"key\""},
        {"{ directory: /a, key: b/c }", "28: error: \"key\" must be the name of a file, without a folder"},
        {"{ directory: /a, key: .. }", "28: error: \"key\" must be the name of a file, without a folder"},
        {"{ directory: \"/${secrets.x}\", key: a }", "19: error: \"directory\": a secret's place may refer to "
         "${params.NAME}, ${labels.NAME} and ${sandbox.id} only"},
        {"{ systemd: ../pat }", "17: error: \"systemd\" must be the name of a file, without a folder"},
        {"{ file: /a, key: b }", "23: error: \"key\" belongs to \"directory\""},
        {"{ command: [a], key: b }", "27: error: \"key\" belongs to \"directory\""},
        {"{ file: /a, refresh: 10m }", "27: error: \"refresh\" is for stores that are asked in the background: \"file\" is "
         "read when it changes"},
        {"{ env: A, grace: 10m }", "23: error: \"grace\" is for stores that are asked in the background: \"env\" is read "
         "when it changes"},
        {"{ command: pass }", "17: error: \"command\" must be a list"},
        {"{ command: [pass, \"${params.x}\"] }", "24: error: a command's arguments are the same for every sandbox, and refer "
         "to nothing"},
        {"{ command: [pass], refresh: 10ms }", "34: error: \"refresh\" must be 1s or more"},
        {"{ command: [pass], refresh: soon }", "34: error: \"refresh\" must be a time (ms, s, m, h), such as 10s"},
        {"{ exec: [pass, show] }", "8: error: \"exec\" is not supported by this version"},
        {"TOKEN", "6: error: secret \"s\" must be a mapping"},
        {"", "3: error: secret \"s\" must be a mapping"},
    };
    for (const auto& [source, expected] : cases) {
        const auto diagnostic = sample::first_diagnostic("version: 1\nsecrets:\n  s: " + source + "\n");
        EXPECT_EQ(diagnostic, expected.empty() ? "" : "f.yaml:3:" + expected) << source;
    }
}

TEST(SecretReader, WantsExactlyOneOrigin) {
    for (const std::string source : {"{ env: A, file: /b }", "{ refresh: 10m }", "{ command: [a], env: A }"}) {
        const auto diagnostic = sample::first_diagnostic("version: 1\nsecrets:\n  s: " + source + "\n");
        EXPECT_TRUE(diagnostic.starts_with("f.yaml:3:6: error: a secret comes from exactly one of env, file, ")) << diagnostic;
    }
}

TEST(SecretReader, SaysWhatASourceIs) {
    const auto parsed = parse_policy_file("version: 1\nsecrets:\n"
                                          "  a: { directory: /d, key: k }\n"
                                          "  b: { systemd: pat }\n"
                                          "  c: { command: [bin/get, it], refresh: 2m, grace: 1m }\n"
                                          "  d: { command: [pass] }\n",
                                          "/etc/sallyport/f.yaml");
    ASSERT_TRUE(parsed.file);
    const auto& sources = parsed.file->secrets;
    EXPECT_EQ(secrets::describe(sources[0]), "file /d/k");
    EXPECT_EQ(sources[1].kind, secrets::SourceKind::systemd);
    EXPECT_EQ(sources[2].provider->commands().front(), (std::vector<std::string>{"/etc/sallyport/bin/get", "it"}));
    EXPECT_EQ(sources[2].refresh, std::chrono::minutes(2));
    EXPECT_EQ(sources[2].grace, std::chrono::minutes(1));
    EXPECT_EQ(sources[2].definition, R"(command:["bin/get","it"])");
    EXPECT_EQ(sources[3].provider->commands().front().front(), "pass");
    EXPECT_EQ(sources[3].refresh, secrets::kRefreshDefault);
    EXPECT_EQ(sources[3].grace, secrets::kGraceDefault);
}

}  // namespace
}  // namespace sallyport::rules
