#include "secrets/inputs.h"

#include <gtest/gtest.h>

#include "tests/secrets/fake_provider.h"

namespace sallyport::secrets {
namespace {

const std::vector<SecretSource> kSources{
    fake_source("store", {"kv/${params.tenant}", "${secrets.login}", "${secrets.login}"}),
    fake_source("login", {"${secrets.role}-${secrets.own}"}),
    {"role", SourceKind::env, "ROLE"},
    {"own", SourceKind::file, "/run/${labels.team}"},
    fake_source("common", {"kv/a", "${secrets.role}"}),
};

TEST(Inputs, AreTheSecretsThatAStoreRefersTo) {
    EXPECT_EQ(inputs_of(kSources[0]), std::vector<std::string>{"login"});
    EXPECT_EQ(inputs_of(kSources[1]), (std::vector<std::string>{"role", "own"}));
    EXPECT_EQ(inputs_of(kSources[3]), std::vector<std::string>{});
}

TEST(Inputs, SandboxesShareAValueThatDependsOnNothingInWhichTheyDiffer) {
    const Identity a{"a", {{"tenant", "acme"}}, {{"team", "red"}}};
    const Identity b{"b", {{"tenant", "acme"}}, {{"team", "red"}, {"more", "x"}}};
    EXPECT_EQ(own_part(kSources[0], kSources, a), own_part(kSources[0], kSources, b));
    EXPECT_EQ(own_part(kSources[4], kSources, a), "");
}

TEST(Inputs, WhatAStoresOwnSecretsDependOnCounts) {
    const Identity a{"a", {{"tenant", "acme"}}, {{"team", "red"}}};
    for (const Identity& other : {Identity{"a", {{"tenant", "other"}}, {{"team", "red"}}},
                                  Identity{"a", {{"tenant", "acme"}}, {{"team", "blue"}}},
                                  Identity{"a", {{"tenant", "acme"}}, {}}}) {
        EXPECT_NE(own_part(kSources[0], kSources, a), own_part(kSources[0], kSources, other));
    }
}

TEST(Inputs, OfACycleComeToAnEnd) {
    const std::vector<SecretSource> sources{fake_source("a", {"${secrets.b}"}), fake_source("b", {"${secrets.a}${sandbox.id}"})};
    EXPECT_NE(own_part(sources[0], sources, {"x", {}, {}}), own_part(sources[0], sources, {"y", {}, {}}));
}

}  // namespace
}  // namespace sallyport::secrets
