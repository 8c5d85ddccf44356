#include "rules/secret_reading.h"

#include <gtest/gtest.h>

#include "tests/rules/store_reading.h"

namespace sallyport::rules {
namespace {

using sample::StoreReading;

TEST(SecretReading, ReadsAPlaceOverTheSandboxOnly) {
    StoreReading good("vault", "{ path: \"kv/${params.tenant}/${labels.team}/${sandbox.id}\" }");
    EXPECT_EQ(good.reading.read_place(*good.reading.require("path"), "path")->size(), 6U);
    StoreReading bad("vault", "{ path: \"kv/${secrets.token}\" }");
    EXPECT_FALSE(bad.reading.read_place(*bad.reading.require("path"), "path"));
    EXPECT_EQ(bad.messages(), "/etc/gate/f.yaml:1:16: error: \"path\": a secret's place may refer to ${params.NAME}, "
                              "${labels.NAME} and ${sandbox.id} only\n");
}

TEST(SecretReading, X6AValueInTheFileIsRefusedAndNotQuoted) {
    StoreReading good("vault", "{ token: \"${secrets.token}\" }");
    EXPECT_TRUE(good.reading.read_secret(*good.reading.require("token"), "token"));
    StoreReading bad("vault", "{ token: mArKeR-51 }");
    EXPECT_FALSE(bad.reading.read_secret(*bad.reading.require("token"), "token"));
    EXPECT_EQ(bad.messages(), "/etc/gate/f.yaml:1:17: error: \"token\" must refer to a secret, \"${secrets.NAME}\": values do "
                              "not belong in this file\n");
    StoreReading unknown("vault", "{ token: \"${secrets.tokne}\" }");
    EXPECT_FALSE(unknown.reading.read_secret(*unknown.reading.require("token"), "token"));
    EXPECT_EQ(unknown.messages(),
              "/etc/gate/f.yaml:1:17: error: secret \"tokne\" is not defined, did you mean \"token\"?\n");
}

TEST(SecretReading, ReportsKeysThatAStoreDoesNotHave) {
    StoreReading reading("vault", "{ pth: x }");
    constexpr std::string_view kKeys[] = {"path", "field"};
    EXPECT_TRUE(reading.reading.expect(kKeys));
    EXPECT_EQ(reading.reading.require("field"), nullptr);
    EXPECT_EQ(reading.messages(), "/etc/gate/f.yaml:1:8: error: \"vault\" has no \"field\"\n"
                                  "/etc/gate/f.yaml:1:10: error: unknown key \"pth\", did you mean \"path\"?\n");
}

TEST(SecretReading, SeesPathsFromTheFilesFolder) {
    StoreReading reading("encrypted", "{ a: keys/one, b: /two, c: \"../${params.x}\" }");
    EXPECT_EQ(reading.reading.read_path(*reading.reading.require("a"), "a"), "/etc/gate/keys/one");
    EXPECT_EQ(reading.reading.read_path(*reading.reading.require("b"), "b"), "/two");
    EXPECT_FALSE(reading.reading.read_path(*reading.reading.require("c"), "c"));
}

TEST(SecretReading, X12AnAddressIsTheOperatorsAlone) {
    const std::pair<std::string, std::string> cases[] = {
        {"https://vault.internal:8200/", "https://vault.internal:8200"},
        {"https://vault.internal/prefix", "https://vault.internal/prefix"},
        {"https://${params.host}/", ""}, {"https://vault-${sandbox.id}.internal", ""},
        {"http://vault.internal", ""},   {"ftp://vault.internal", ""},
        {"vault.internal", ""},          {"https://user@vault.internal", ""},
        {"https:///path", ""},           {"https://vault.internal/?a=b", ""},
        {"https://vault.internal#a", ""}, {"https://vault.internal/%2e%2e", ""},
    };
    for (const auto& [url, expected] : cases) {
        StoreReading reading("vault", "{ address: \"" + url + "\" }");
        const auto read = reading.reading.read_url(*reading.reading.require("address"), "address", false);
        EXPECT_EQ(read.value_or(""), expected) << url;
        EXPECT_EQ(reading.messages().empty(), !expected.empty()) << url;
    }
    StoreReading clear("vault", "{ address: \"http://127.0.0.1:8200\" }");
    EXPECT_EQ(clear.reading.read_url(*clear.reading.require("address"), "address", true), "http://127.0.0.1:8200");
}

}  // namespace
}  // namespace sallyport::rules
