#include "secrets/location.h"

#include <gtest/gtest.h>

namespace sallyport::secrets {
namespace {

Result<std::string> resolve(SourceKind kind, const std::string& location, const std::string& x) {
    return resolve_location({"name", kind, location}, {{"x", x}});
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

TEST(Location, NeedsEveryParameterAndNothingElse) {
    const auto missing = resolve(SourceKind::file, "/run/${params.y}", "acme");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().detail, "parameter \"y\" is not set");
    EXPECT_FALSE(resolve(SourceKind::file, "/run/${secrets.x}", "acme"));
    EXPECT_FALSE(resolve(SourceKind::file, "/run/${params.x", "acme"));
}

}  // namespace
}  // namespace sallyport::secrets
