#include "rules/encrypted_reader.h"

#include <gtest/gtest.h>

#include "tests/rules/store_reading.h"

namespace sallyport::rules {
namespace {

TEST(EncryptedReader, ReadsAFileItsEntryAndItsKey) {
    sample::StoreReading raw("encrypted", "{ store: store, name: \"${params.tenant}\", key_file: /run/key }");
    const auto provider = read_encrypted(raw.reading);
    ASSERT_NE(provider, nullptr) << raw.messages();
    EXPECT_EQ(provider->describe(), "encrypted /etc/gate/store#${params.tenant}");
    EXPECT_EQ(provider->files(), (std::vector<std::string>{"/etc/gate/store", "/run/key"}));
    sample::StoreReading by_file("encrypted", "{ store: /s, name: a, passphrase_file: p }");
    EXPECT_EQ(read_encrypted(by_file.reading)->files(), (std::vector<std::string>{"/s", "/etc/gate/p"}));
    sample::StoreReading by_secret("encrypted", "{ store: /s, name: a, passphrase: \"${secrets.password}\" }");
    EXPECT_NE(read_encrypted(by_secret.reading), nullptr);
}

TEST(EncryptedReader, RefusesWhatIsNotClear) {
    for (const std::string text :
         {"/s", "{ name: a, key_file: k }", "{ store: /s, key_file: k }", "{ store: /s, name: a }",
          "{ store: /s, name: a, key_file: k, passphrase_file: p }", "{ store: /s, name: a, passphrase: mArKeR }",
          "{ store: \"/${params.x}\", name: a, key_file: k }", "{ store: /s, name: \"${secrets.token}\", key_file: k }",
          "{ store: /s, name: a, key_file: k, more: x }", "{ store: /s, name: a, passphrase: \"${secrets.none}\" }"}) {
        sample::StoreReading reading("encrypted", text);
        const auto provider = read_encrypted(reading.reading);
        const std::string messages = reading.messages();
        EXPECT_NE(messages, "") << text;
        EXPECT_EQ(messages.find("mArKeR"), std::string::npos);
    }
}

}  // namespace
}  // namespace sallyport::rules
