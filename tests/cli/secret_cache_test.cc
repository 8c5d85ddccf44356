#include "cli/secret_cache.h"

#include <sys/stat.h>

#include "tests/cli/scratch.h"
#include "tests/secrets/fake_provider.h"

namespace sallyport::cli {
namespace {

using secrets::Identity;
using secrets::SourceKind;

class SecretCacheTest : public ScratchTest {
protected:
    SecretCacheTest() {
        std::filesystem::create_directories(directory + "/acme");
        std::filesystem::create_directories(directory + "/other");
        write("common", "marker-common-1");
        write("acme/pat", "marker-acme-1");
        write("other/pat", "marker-other-1");
        sources = {{"common", SourceKind::file, directory + "/common"},
                   {"pat", SourceKind::file, directory + "/${params.tenant}/pat"}};
    }

    static Identity of(const std::string& sandbox, const std::string& tenant) { return {sandbox, {{"tenant", tenant}}, {}}; }
    std::string value(const Identity& identity, const std::string& name) {
        const auto values = cache.get(sources, identity);
        const auto got = values->get(name);
        return got ? std::string(*got) : got.error().detail;
    }

    std::vector<secrets::SecretSource> sources;
    SecretCache cache;
};

TEST_F(SecretCacheTest, SandboxesWithTheSamePlacesShareTheirValues) {
    EXPECT_EQ(cache.get(sources, of("a", "acme")), cache.get(sources, of("b", "acme")));
    EXPECT_NE(cache.get(sources, of("a", "acme")), cache.get(sources, of("c", "other")));
    EXPECT_EQ(value(of("a", "acme"), "pat"), "marker-acme-1");
    EXPECT_EQ(value(of("c", "other"), "pat"), "marker-other-1");
    EXPECT_EQ(*cache.get(sources, of("a", "acme"))->share("common"), *cache.get(sources, of("c", "other"))->share("common"))
        << "what does not depend on the sandbox is read once for all";
}

TEST_F(SecretCacheTest, NothingIsReadAgainBeforeSomebodyLooks) {
    const auto before = cache.get(sources, of("a", "acme"));
    write("acme/pat", "marker-acme-2");
    EXPECT_EQ(cache.get(sources, of("a", "acme")), before);
    cache.look_for_changes();
    EXPECT_EQ(value(of("a", "acme"), "pat"), "marker-acme-2");
    EXPECT_NE(cache.get(sources, of("a", "acme")), before);
}

// P20: each of those that share a value must learn that it is gone, not the first one only.
TEST_F(SecretCacheTest, P20_ARevokedFileIsGoneForEverySandbox) {
    const auto a = cache.get(sources, of("a", "acme"));
    const auto b = cache.get(sources, of("b", "other"));
    std::filesystem::remove(directory + "/common");
    cache.look_for_changes();
    for (const Identity& identity : {of("a", "acme"), of("b", "other"), of("c", "acme")}) {
        EXPECT_NE(value(identity, "common").find("No such file"), std::string::npos);
        EXPECT_TRUE(value(identity, "pat").starts_with("marker-"));
    }
    EXPECT_NE(cache.get(sources, of("a", "acme")), a);
    EXPECT_NE(cache.get(sources, of("b", "other")), b);
}

TEST_F(SecretCacheTest, ValuesThatComeOutTheSameAreTheSameObject) {
    const auto before = cache.get(sources, of("a", "acme"));
    write("acme/pat", "marker-acme-1");
    write("common", "marker-common-1");
    cache.look_for_changes();
    cache.forget("pat");
    EXPECT_EQ(cache.get(sources, of("a", "acme")), before);
}

TEST_F(SecretCacheTest, AFileThatBecomesReadableIsNoticed) {
    std::filesystem::remove(directory + "/acme/pat");
    EXPECT_NE(value(of("a", "acme"), "pat").find("No such file"), std::string::npos);
    write("acme/pat", "marker-acme-3");
    cache.look_for_changes();
    EXPECT_EQ(value(of("a", "acme"), "pat"), "marker-acme-3");
}

TEST_F(SecretCacheTest, AVariableIsReadAgainWhenSomebodyAsks) {
    sources = {{"variable", SourceKind::env, "SALLYPORT_CACHE_TEST"}};
    setenv("SALLYPORT_CACHE_TEST", "marker-1", 1);
    EXPECT_EQ(value(of("a", "acme"), "variable"), "marker-1");
    setenv("SALLYPORT_CACHE_TEST", "marker-2", 1);
    cache.look_for_changes();
    EXPECT_EQ(value(of("a", "acme"), "variable"), "marker-1");
    cache.forget("other");
    EXPECT_EQ(value(of("a", "acme"), "variable"), "marker-1");
    cache.forget("variable");
    EXPECT_EQ(value(of("a", "acme"), "variable"), "marker-2");
}

TEST_F(SecretCacheTest, WhatCannotBeResolvedIsNotRead) {
    EXPECT_NE(value({"a", {}, {}}, "pat").find("tenant"), std::string::npos);
    EXPECT_NE(value(of("a", "../other"), "pat"), "marker-other-1");
    EXPECT_EQ(cache.paths(), std::vector<std::string>{directory + "/common"});
}

TEST_F(SecretCacheTest, KnowsItsFilesAndForgetsThoseOfOthers) {
    (void)cache.get(sources, of("a", "acme"));
    (void)cache.get(sources, of("c", "other"));
    EXPECT_EQ(cache.paths(), (std::vector<std::string>{directory + "/acme/pat", directory + "/common", directory + "/other/pat"}));
    cache.keep_only(sources, {of("z", "acme")});
    EXPECT_EQ(cache.paths(), (std::vector<std::string>{directory + "/acme/pat", directory + "/common"}));
    EXPECT_TRUE(cache.read_at(sources, of("a", "acme")));
    EXPECT_FALSE(cache.read_at(sources, of("c", "other")));
}

TEST_F(SecretCacheTest, WhatIsFetchedElsewhereIsTakenFromThere) {
    int version = 1;
    sources.push_back(secrets::fake_source("slow", {"kv/${params.tenant}"}));
    cache.take_from([&](const secrets::SecretSource& source, const Identity& identity) {
        const auto& tenant = identity.params.find("tenant");
        const std::string value = source.name + " of " + (tenant == identity.params.end() ? "nobody" : tenant->second);
        return std::make_shared<const Result<SecretString>>(SecretString(value + " " + std::to_string(version)));
    });
    EXPECT_EQ(value(of("a", "acme"), "slow"), "slow of acme 1");
    EXPECT_EQ(value(of("b", "other"), "slow"), "slow of other 1");
    const auto before = cache.get(sources, of("a", "acme"));
    version = 2;
    EXPECT_EQ(cache.get(sources, of("a", "acme")), before) << "nobody has said that it is another";
    cache.forget("slow");
    EXPECT_EQ(value(of("a", "acme"), "slow"), "slow of acme 2");
    EXPECT_EQ(cache.get(sources, of("c", "acme")), cache.get(sources, of("a", "acme")));
}

}  // namespace
}  // namespace sallyport::cli
