#include "rules/client_certificate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/rules/credentialed.h"

namespace sallyport::rules {
namespace {

constexpr const char* kCertificate = "-----BEGIN CERTIFICATE-----\nmarker+public\n-----END CERTIFICATE-----";
constexpr const char* kKey = "-----BEGIN PRIVATE KEY-----\nmarker+private\n-----END PRIVATE KEY-----";

std::string file_with(const std::string& credential) {
    setenv("SALLYPORT_RULES_TEST_CERTIFICATE", kCertificate, 1);
    setenv("SALLYPORT_RULES_TEST_KEY", kKey, 1);
    return "version: 1\nsecrets: { token: { env: SALLYPORT_RULES_TEST_TOKEN }, cert: { env: SALLYPORT_RULES_TEST_CERTIFICATE }, "
           "key: { env: SALLYPORT_RULES_TEST_KEY } }\ncredentials:\n  c: " +
           credential + "\npolicies: { p: { rules: [ { host: a.example, credential: c } ] } }\n";
}

constexpr const char* kBoth = "certificate: \"${secrets.cert}\", key: \"${secrets.key}\"";

struct Shown {
    std::shared_ptr<const PolicySnapshot> snapshot;
    const CredentialAction* action = nullptr;

    explicit Shown(const std::string& credential) : snapshot(sample::snapshot_of(file_with(credential))) {
        action = snapshot->action_of(sample::decide(snapshot, "GET https://a.example/"));
    }
};

TEST(ClientCertificate, IsShownAndChangesNothingElse) {
    const Shown shown("{ type: client_certificate, " + std::string(kBoth) + " }");
    ASSERT_NE(shown.action, nullptr);
    const ClientCertificate* certificate = shown.action->client_certificate();
    ASSERT_NE(certificate, nullptr);
    EXPECT_EQ(certificate->chain.reveal(), kCertificate);
    EXPECT_EQ(certificate->key.reveal(), kKey);
    EXPECT_EQ(shown.snapshot->policy().credentials.front().kind->place(), "client certificate");
    http::RequestHead head;
    head.method = "GET";
    head.target = "/x";
    head.headers.add("Authorization", "mine");
    const Decision decision = sample::decide(shown.snapshot, "GET https://a.example/");
    EXPECT_TRUE(sample::apply(*shown.snapshot, decision, head));
    EXPECT_EQ(head.headers.size(), 0u) << "the sandbox's own authentication goes";
    NeedleTexts texts;
    shown.action->collect(texts);
    EXPECT_TRUE(texts.secrets.empty() && texts.rendered.empty());
}

TEST(ClientCertificate, StandsBesideAnotherKind) {
    const Shown shown("{ type: bearer, secret: token, client_certificate: { " + std::string(kBoth) + " } }");
    ASSERT_NE(shown.action, nullptr);
    EXPECT_NE(shown.action->client_certificate(), nullptr);
    EXPECT_EQ(shown.snapshot->policy().credentials.front().kind->place(), "header Authorization and client certificate");
    http::RequestHead head;
    head.method = "GET";
    head.target = "/x";
    EXPECT_TRUE(sample::apply(*shown.snapshot, sample::decide(shown.snapshot, "GET https://a.example/"), head));
    EXPECT_EQ(head.headers.get("Authorization").value_or(""), "Bearer " + std::string(sample::kMarker));
    NeedleTexts texts;
    shown.action->collect(texts);
    EXPECT_EQ(texts.secrets, std::vector<std::string_view>{sample::kMarker});
}

TEST(ClientCertificate, FilesAreSecretsOfItsOwn) {
    const auto folder = std::filesystem::path(testing::TempDir()) / ("client_certificate." + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    std::ofstream(folder / "cert.pem") << kCertificate << "\n";
    std::ofstream(folder / "key.pem") << kKey << "\n";
    const Shown shown("{ type: client_certificate, certificate_file: " + (folder / "cert.pem").string() +
                      ", key_file: " + (folder / "key.pem").string() + " }");
    std::filesystem::remove_all(folder);
    ASSERT_NE(shown.action, nullptr);
    EXPECT_EQ(shown.action->client_certificate()->chain.reveal(), kCertificate);
    EXPECT_EQ(shown.action->client_certificate()->key.reveal(), kKey);
}

TEST(ClientCertificate, WhatIsNotPemIsUnavailable) {
    const auto verdict = [](const std::string& keys) {
        const auto snapshot = sample::snapshot_of(file_with("{ type: client_certificate, " + keys + " }"));
        return sample::decide(snapshot, "GET https://a.example/").error;
    };
    EXPECT_EQ(verdict("certificate: \"${secrets.token}\", key: \"${secrets.key}\""), ErrorCode::secret_unavailable);
    EXPECT_EQ(verdict("certificate: \"${secrets.cert}\", key: \"${secrets.token}\""), ErrorCode::secret_unavailable);
    EXPECT_EQ(verdict("certificate: \"${secrets.key}\", key: \"${secrets.cert}\""), ErrorCode::secret_unavailable)
        << "one for the other";
    EXPECT_EQ(verdict("certificate: \"${secrets.cert}\", key_file: /nowhere/key.pem"), ErrorCode::secret_unavailable);
}

TEST(ClientCertificate, ReadersRefuseWhatIsWrong) {
    EXPECT_EQ(sample::reading_fault("{ type: client_certificate, certificate: \"${secrets.token}\" }"),
              "6: error: the credential has no \"key\"");
    EXPECT_EQ(sample::reading_fault("{ type: client_certificate, certificate: \"${secrets.tokn}\", key: \"${secrets.token}\" }"),
              "47: error: secret \"tokn\" is not defined, did you mean \"token\"?");
    EXPECT_EQ(sample::reading_fault(
                  "{ type: client_certificate, certificate: \"${secrets.token}\", certificate_file: /x, key_file: /y }"),
              "85: error: either \"certificate\" or \"certificate_file\"");
    EXPECT_EQ(sample::reading_fault("{ type: bearer, secret: token, client_certificate: { certificate_file: /x, kee: /y } }"),
              "81: error: unknown key \"kee\", did you mean \"key\"?");
    EXPECT_EQ(sample::reading_fault("{ type: client_certificate, certificate_file: /x, key_file: /y, "
                                    "client_certificate: { certificate_file: /x, key_file: /y } }"),
              "90: error: the credential is a client certificate already");
}

}  // namespace
}  // namespace sallyport::rules
