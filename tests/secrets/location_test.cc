#include "secrets/location.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sallyport::secrets {
namespace {

Result<std::string> resolve(SourceKind kind, const std::string& location, const std::string& x) {
    return resolve_location({"name", kind, location}, {"agent_7", {{"x", x}}, {{"team", x}}});
}

TEST(Location, FillsInParameters) {
    EXPECT_EQ(resolve(SourceKind::file, "/run/${params.x}/pat", "acme").value(), "/run/acme/pat");
    EXPECT_EQ(resolve(SourceKind::file, "/run/${params.x}.d/pat", "..").has_value(), false);
    EXPECT_EQ(resolve(SourceKind::file, "../secrets/pat", "").value(), "../secrets/pat");
    EXPECT_EQ(resolve(SourceKind::env, "TOKEN_${params.x}", "acme_1").value(), "TOKEN_acme_1");
}

TEST(Location, ThreatX12NoParameterLeadsToAnotherFolder) {
    for (const std::string x : {"..", ".", "a/b", "/", "../../etc/shadow", ""}) {
        const auto resolved = resolve(SourceKind::file, "/run/secrets/${params.x}", x);
        ASSERT_FALSE(resolved) << x;
        EXPECT_EQ(resolved.error().code, ErrorCode::secret_unavailable);
    }
    EXPECT_FALSE(resolve(SourceKind::file, "/run/${params.x}", std::string("a\0b", 3)));
    // Each part is harmless, the whole is not.
    EXPECT_FALSE(resolve(SourceKind::file, "/run/.${params.x}", "."));
    EXPECT_FALSE(resolve(SourceKind::file, "/run/.${params.x}/pat", "."));
    EXPECT_FALSE(resolve(SourceKind::file, "/run/${params.x}${params.x}/pat", "."));
}

TEST(Location, ThreatX12AVariableIsOnlyEverAName) {
    for (const std::string x : {"a=b", "a b", "", "a.b", "a-b", "${params.x}"}) {
        EXPECT_FALSE(resolve(SourceKind::env, "TOKEN_${params.x}", x)) << x;
    }
}

TEST(Location, FillsInLabelsAndTheSandboxsId) {
    EXPECT_EQ(resolve(SourceKind::file, "/run/${labels.team}/${sandbox.id}", "red").value(), "/run/red/agent_7");
    EXPECT_EQ(resolve(SourceKind::env, "TOKEN_${sandbox.id}_${labels.team}", "red").value(), "TOKEN_agent_7_red");
}

TEST(Location, ThreatX12NeitherLabelNorIdLeadsToAnotherFolder) {
    for (const std::string x : {"..", ".", "a/b", "../../etc/shadow", ""}) {
        EXPECT_FALSE(resolve(SourceKind::file, "/run/secrets/${labels.team}", x)) << x;
        EXPECT_FALSE(resolve(SourceKind::env, "TOKEN_${labels.team}", x)) << x;
        EXPECT_FALSE(resolve_location({"name", SourceKind::file, "/run/${sandbox.id}"}, {x, {}, {}})) << x;
    }
    const auto id = resolve_location({"name", SourceKind::env, "TOKEN_${sandbox.id}"}, {"agent-7", {}, {}});
    ASSERT_FALSE(id);
    EXPECT_EQ(id.error().detail, "the sandbox's id may not be part of a location");
    const auto none = resolve_location({"name", SourceKind::file, "/run/${sandbox.id}"}, {});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().detail, "the sandbox's id is not set");
    const auto label = resolve_location({"name", SourceKind::file, "/run/${labels.x}"}, {"s", {{"x", "param"}}, {}});
    ASSERT_FALSE(label);
    EXPECT_EQ(label.error().detail, "label \"x\" is not set");
}

TEST(Location, NeedsEveryParameterAndNothingElse) {
    const auto missing = resolve(SourceKind::file, "/run/${params.y}", "acme");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().detail, "parameter \"y\" is not set");
    EXPECT_FALSE(resolve(SourceKind::file, "/run/${secrets.x}", "acme"));
    EXPECT_FALSE(resolve(SourceKind::file, "/run/${params.x", "acme"));
}

TEST(Location, OfASystemdCredentialIsInTheServicesOwnFolder) {
    unsetenv("CREDENTIALS_DIRECTORY");
    const auto none = resolve(SourceKind::systemd, "pat", "acme");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().detail,
              "CREDENTIALS_DIRECTORY is not set: the service needs LoadCredential= or SetCredential=");
    setenv("CREDENTIALS_DIRECTORY", "/run/credentials/gate.service", 1);
    EXPECT_EQ(resolve(SourceKind::systemd, "pat", "acme").value(), "/run/credentials/gate.service/pat");
    EXPECT_EQ(resolve(SourceKind::systemd, "pat.${params.x}", "acme").value(), "/run/credentials/gate.service/pat.acme");
    for (const std::string name : {"..", ".", "../pat", "a/b", "${params.x}"}) {
        EXPECT_FALSE(resolve(SourceKind::systemd, name, "..")) << name;
    }
    unsetenv("CREDENTIALS_DIRECTORY");
}

}  // namespace
}  // namespace sallyport::secrets
