#include "secrets/encrypted_provider.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/secrets/fetching.h"

namespace sallyport::secrets {
namespace {

class EncryptedProviderTest : public testing::Test {
protected:
    EncryptedProviderTest() {
        std::string pattern = testing::TempDir() + "sallyport-encrypted-XXXXXX";
        folder = mkdtemp(pattern.data());
        config.store_file = folder + "/store";
        config.name = parse_template("${params.tenant}.pat").value();
    }
    ~EncryptedProviderTest() override { std::filesystem::remove_all(folder); }

    void write(const std::string& name, std::string_view bytes) const { std::ofstream(folder + "/" + name, std::ios::binary) << bytes; }
    void write_store(const EncryptionKey& key) {
        auto file = EncryptedFile::create(key, random).value();
        EXPECT_TRUE(file.set("acme.pat", "acme's", random));
        write("store", file.text(random));
    }
    // The value, or "!" and why there is none.
    std::string fetch(const std::string& tenant, SecretSnapshot::Values inputs = {}) {
        Fetching fetching({"s", {{"tenant", tenant}}, {}}, std::move(inputs));
        const auto fetched = EncryptedProvider(config).fetch(fetching.context);
        if (fetched) return std::string(fetched->value.reveal());
        return "!" + std::string(tag(fetched.error().code)) + " " + fetched.error().detail;
    }

    SystemRandom random;
    std::string folder;
    EncryptedConfig config;
};

TEST_F(EncryptedProviderTest, GivesAnEntryOfAStoreWithAKeyFile) {
    const std::string key(kEncryptedKeyBytes, '\n');  // every byte counts
    write("key", key);
    write_store({SecretString(key), {}});
    config.key_file = folder + "/key";
    EXPECT_EQ(fetch("acme"), "acme's");
    EXPECT_EQ(fetch("other"), "!denied " + folder + "/store: there is no entry of this name");
    EXPECT_EQ(EncryptedProvider(config).files(), (std::vector<std::string>{folder + "/store", folder + "/key"}));
    EXPECT_EQ(EncryptedProvider(config).describe(), "encrypted " + folder + "/store#${params.tenant}.pat");
    std::filesystem::remove(folder + "/store");
    EXPECT_EQ(fetch("acme"), "!secret_unavailable " + folder + "/store: No such file or directory");
}

TEST_F(EncryptedProviderTest, GivesAnEntryOfAStoreWithAPassphrase) {
    write_store({{}, SecretString("correct horse")});
    write("passphrase", "correct horse\n");
    config.passphrase_file = folder + "/passphrase";
    EXPECT_EQ(fetch("acme"), "acme's");
    write("passphrase", "\n");
    EXPECT_EQ(fetch("acme"), "!secret_unavailable " + folder + "/passphrase: it is empty");
    config.passphrase_file.clear();
    config.passphrase = parse_template("${secrets.pass}").value();
    EXPECT_EQ(fetch("acme", {{"pass", shared_value("correct horse")}}), "acme's");
    EXPECT_EQ(fetch("acme", {{"pass", shared_value("wrong")}}).substr(0, 20), "!secret_unavailable ");
}

TEST_F(EncryptedProviderTest, ThreatX12AParameterLeadsToNoOtherFile) {
    write("key", std::string(kEncryptedKeyBytes, 'k'));
    write_store({SecretString(std::string(kEncryptedKeyBytes, 'k')), {}});
    config.key_file = folder + "/key";
    for (const std::string tenant : {std::string("../acme"), std::string("acme.pat\nentry "), std::string(), std::string("acme.pat "), std::string("acme\0", 5)}) {
        EXPECT_EQ(fetch(tenant).substr(0, 1), "!") << tenant;
    }
}

}  // namespace
}  // namespace sallyport::secrets
