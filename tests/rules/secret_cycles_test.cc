#include "rules/secret_cycles.h"

#include <gtest/gtest.h>

#include "tests/secrets/fake_provider.h"

namespace sallyport::rules {
namespace {

using secrets::fake_source;
using Path = std::vector<std::string>;

TEST(SecretCycles, AreFoundFromEachOfTheirMembers) {
    const std::vector<secrets::SecretSource> sources{
        fake_source("a", {"${secrets.plain}", "${secrets.b}"}), fake_source("b", {"${secrets.c}"}),
        fake_source("c", {"${secrets.a}"}), fake_source("self", {"${secrets.self}"}),
        {"plain", secrets::SourceKind::env, "PLAIN"}, fake_source("out", {"${secrets.a}", "${secrets.missing}"})};
    EXPECT_EQ(cycle_through("a", sources), (Path{"a", "b", "c", "a"}));
    EXPECT_EQ(cycle_through("c", sources), (Path{"c", "a", "b", "c"}));
    EXPECT_EQ(cycle_through("self", sources), (Path{"self", "self"}));
    EXPECT_EQ(cycle_through("plain", sources), Path{});
    EXPECT_EQ(cycle_through("out", sources), Path{});
}

}  // namespace
}  // namespace sallyport::rules
