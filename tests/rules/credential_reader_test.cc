#include "rules/credential_reader.h"

#include <gtest/gtest.h>

#include <span>

#include "tests/rules/sample.h"

namespace sallyport::rules {
namespace {

void expect_diagnostics(std::span<const std::pair<std::string, std::string>> cases) {
    for (const auto& [credential, expected] : cases) {
        const auto diagnostic = sample::first_diagnostic(
            "version: 1\nsecrets: { token: { env: T } }\ncredentials:\n  c: " + credential + "\n");
        EXPECT_EQ(diagnostic, expected.empty() ? "" : "f.yaml:4:" + expected) << credential;
    }
}

TEST(CredentialReader, ReadsTypes) {
    const std::pair<std::string, std::string> cases[] = {
        {"{ type: header, name: X-Auth-Token, value: \"${secrets.token}\" }", ""},
        {"{ type: header, name: X-Auth-Token, value: \"t=${secrets.token}; ${params.tenant}\" }", ""},
        {"{ type: bearer, secret: token }", ""},
        {"{ type: basic, username: x-access-token, password: \"${secrets.token}\" }", ""},
        {"{ type: basic, username: \"${params.user}\", password: \"${secrets.token}\" }", ""},
        {"{ type: beare, secret: token }", "14: error: unknown credential type \"beare\", did you mean \"bearer\"?"},
        {"{ type: cookie, name: sid, value: \"${secrets.token}\" }", ""},
        {"{ type: query, name: key, value: \"${secrets.token}\" }", ""},
        {"{ type: path, segment: bot, value: \"${secrets.token}\" }", ""},
        {"{ type: nonsense }", "14: error: unknown credential type \"nonsense\""},
        {"{ secret: token }", "6: error: the credential has no \"type\""},
        {"{ tpye: bearer, secret: token }", "8: error: unknown key \"tpye\", did you mean \"type\"?"},
        {"[bearer]", "6: error: the credential must be a mapping"},
    };
    expect_diagnostics(cases);
}

TEST(CredentialReader, ReadsTheKeysOfEachType) {
    const std::pair<std::string, std::string> cases[] = {
        {"{ type: bearer }", "6: error: the credential has no \"secret\""},
        {"{ type: bearer, secret: tokn }", "30: error: secret \"tokn\" is not defined, did you mean \"token\"?"},
        {"{ type: bearer, secret: token, name: X }", "37: error: unknown key \"name\""},
        {"{ type: bearer, secret: token, keep: [Cookie] }", ""},
        {"{ type: header, name: X }", "6: error: the credential has no \"value\""},
        {"{ type: header, name: \"X Y\", value: \"${secrets.token}\" }",
         "28: error: \"X Y\" is not the name of a header"},
        {"{ type: header, name: \"X:\", value: \"${secrets.token}\" }",
         "28: error: \"X:\" is not the name of a header"},
        {"{ type: header, name: X, value: \"${secrets.tokn}\" }",
         "38: error: secret \"tokn\" is not defined, did you mean \"token\"?"},
        {"{ type: header, name: X, value: \"${secrets.token\" }",
         "38: error: \"value\": a reference \"${\" is not closed"},
        {"{ type: header, name: X, value: \"${token}\" }",
         "38: error: \"value\": a reference is ${secrets.NAME}, ${params.NAME}, ${labels.NAME} or ${sandbox.id}"},
        {"{ type: header, name: X, value: \"a\\r\\nb: c\" }", "38: error: \"value\" holds a control character"},
        {"{ type: header, name: X, value: fixed }",
         "38: warning: \"value\" refers to no secret: a value in this file is not a secret"},
        {"{ type: basic, username: \"a:b\", password: \"${secrets.token}\" }",
         "31: error: \"username\" may not hold ':'"},
        {"{ type: basic, user: a, password: \"${secrets.token}\" }", "6: error: the credential has no \"username\""},
    };
    expect_diagnostics(cases);
}

TEST(CredentialReader, RefusesHeadersThatFrameOrRouteAMessage) {
    for (const std::string name : {"Host", "host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "TE",
                                   "Trailer", "Expect", "Keep-Alive", "Proxy-Connection"}) {
        const std::pair<std::string, std::string> cases[] = {
            {"{ type: header, name: " + name + ", value: \"${secrets.token}\" }",
             "28: error: the header \"" + name + "\" may not carry a credential"}};
        expect_diagnostics(cases);
    }
}

TEST(CredentialReader, ThreatX6DoesNotQuoteAValueWrittenByMistake) {
    const auto text =
        "version: 1\nsecrets: { token: { env: T } }\ncredentials:\n  c: { type: basic, username: a, password: "
        "\"ghp_MARKER${secrets.tokn}${\" }\n  d: { type: header, name: X, value: ghp_MARKER }\n";
    for (const auto& message : sample::all_diagnostics(text))
        EXPECT_EQ(message.find("MARKER"), std::string::npos) << message;
}

}  // namespace
}  // namespace sallyport::rules
