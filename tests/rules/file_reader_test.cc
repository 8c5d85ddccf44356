#include "rules/file_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

std::string first_of(const std::string& sections) { return sample::first_diagnostic("version: 1\n" + sections); }

TEST(FileReader, ReadsSandboxes) {
    const std::string policies = "policies: { p: { default: deny } }\nsandboxes:\n  ";
    const std::pair<std::string, std::string> cases[] = {
        {"agent-47: { policy: p }", ""},
        {"agent-47: { policy: p, params: { tenant: acme, n: 7 } }", ""},
        {"-a: { policy: p }",
         "f.yaml:4:3: error: \"-a\" is not a valid name: 1 to 63 of A-Z, a-z, 0-9, '_' and '-', no '-' at either end"},
        {"a.b: { policy: p }",
         "f.yaml:4:3: error: \"a.b\" is not a valid name: 1 to 63 of A-Z, a-z, 0-9, '_' and '-', no '-' at either end"},
        {"a: {}", "f.yaml:4:6: error: sandbox \"a\" is empty"},
        {"a: p", "f.yaml:4:6: error: sandbox \"a\" must be a mapping"},
        {"a: { params: { t: x } }", "f.yaml:4:6: error: sandbox \"a\" has no \"policy\""},
        {"a: { policy: other }", "f.yaml:4:16: error: policy \"other\" is not defined"},
        {"a: { policy: p, params: {} }", "f.yaml:4:27: error: \"params\" is empty"},
        {"a: { policy: p, params: { t: [x] } }", "f.yaml:4:32: error: \"t\" must be a string"},
        {"a: { policy: p, param: { t: x } }", "f.yaml:4:19: error: unknown key \"param\", did you mean \"params\"?"},
    };
    for (const auto& [sandbox, expected] : cases) EXPECT_EQ(first_of(policies + sandbox + "\n"), expected) << sandbox;
}

TEST(FileReader, ReadsUpstreamAuthorities) {
    EXPECT_EQ(first_of("upstream_ca: /etc/ca.pem\n"), "");
    EXPECT_EQ(first_of("upstream_ca: [/a.pem, /b.pem]\n"), "");
    EXPECT_EQ(first_of("upstream_ca: {a: b}\n"), "f.yaml:2:14: error: \"upstream_ca\" must be one value or a list");
    EXPECT_EQ(first_of("upstream_ca: [[a]]\n"), "f.yaml:2:15: error: \"upstream_ca\" must be a string");
}

TEST(FileReader, WarnsOfWhatIsNotUsed) {
    const auto messages = sample::all_diagnostics(
        "version: 1\n"
        "secrets:\n"
        "  a: { env: A }\n"
        "  b: { env: B }\n"
        "credentials:\n"
        "  c: { type: bearer, secret: a }\n");
    EXPECT_THAT(messages, testing::ElementsAre("f.yaml:4:3: warning: secret \"b\" is not used",
                                               "f.yaml:6:3: warning: credential \"c\" is not used"));
}

TEST(FileReader, ReadsSectionsInAnyOrder) {
    EXPECT_EQ(first_of("sandboxes: { s: { policy: p } }\n"
                       "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n"
                       "credentials: { c: { type: bearer, secret: t } }\n"
                       "secrets: { t: { env: T } }\n"),
              "");
}

TEST(FileReader, OneFaultDoesNotCauseAnother) {
    const auto messages = sample::all_diagnostics(
        "version: 1\n"
        "secrets: { t: { envv: T } }\n"
        "credentials: { c: { type: bearer, secret: t } }\n"
        "policies: { p: { rules: [ { host: a.example, credential: c } ] } }\n");
    EXPECT_THAT(messages, testing::ElementsAre("f.yaml:2:17: error: unknown key \"envv\", did you mean \"env\"?"));
}

}  // namespace
}  // namespace sallyport::rules
