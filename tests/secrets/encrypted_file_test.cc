#include "secrets/encrypted_file.h"

#include <gtest/gtest.h>

namespace sallyport::secrets {
namespace {

constexpr const char* kMarker = "mArKeR-90fe";

EncryptionKey raw(char c = 'k') { return {SecretString(std::string(kEncryptedKeyBytes, c)), {}}; }
EncryptionKey passphrase(std::string_view text) { return {{}, SecretString(text)}; }

class EncryptedFileTest : public testing::Test {
protected:
    std::string made(const EncryptionKey& key) {
        auto file = EncryptedFile::create(key, random);
        EXPECT_TRUE(file->set("b/one", kMarker, random));
        EXPECT_TRUE(file->set("a.two", "second", random));
        return file->text(random);
    }
    // What is wrong with it; empty for nothing.
    static std::string fault(const std::string& text, const EncryptionKey& key = raw()) {
        const auto file = EncryptedFile::open(text, key);
        return file ? "" : file.error().detail;
    }
    SystemRandom random;
};

TEST_F(EncryptedFileTest, GivesBackWhatWasSet) {
    const auto file = EncryptedFile::open(made(raw()), raw());
    ASSERT_TRUE(file) << file.error().detail;
    EXPECT_EQ(file->names(), (std::vector<std::string>{"a.two", "b/one"}));
    EXPECT_EQ(file->get("b/one").value().reveal(), kMarker);
    EXPECT_EQ(file->get("a.two").value().reveal(), "second");
    EXPECT_FALSE(file->get("other"));
}

TEST_F(EncryptedFileTest, ChangesAndForgetsEntries) {
    auto file = *EncryptedFile::open(made(raw()), raw());
    EXPECT_TRUE(file.set("b/one", "another", random));
    EXPECT_TRUE(file.remove("a.two"));
    EXPECT_FALSE(file.remove("a.two"));
    const auto again = EncryptedFile::open(file.text(random), raw());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->names(), std::vector<std::string>{"b/one"});
    EXPECT_EQ(again->get("b/one").value().reveal(), "another");
    for (const std::string name : {"", "a b", "a\nb", "ä"}) EXPECT_FALSE(file.set(name, "x", random)) << name;
    EXPECT_FALSE(file.set(std::string(129, 'a'), "x", random));
}

TEST_F(EncryptedFileTest, HoldsValuesOfEverySize) {
    auto file = *EncryptedFile::create(raw(), random);
    for (const std::size_t size : {0u, 1u, 16u, 65536u}) {
        EXPECT_TRUE(file.set("v" + std::to_string(size), std::string(size, 'x'), random));
    }
    const auto again = EncryptedFile::open(file.text(random), raw());
    for (const std::size_t size : {0u, 1u, 16u, 65536u}) {
        EXPECT_EQ(again->get("v" + std::to_string(size)).value().reveal(), std::string(size, 'x'));
    }
}

TEST_F(EncryptedFileTest, ThreatX6ShowsNothingOfAValueAndNeverTheSameBytesTwice) {
    const std::string first = made(raw());
    EXPECT_EQ(first.find(kMarker), std::string::npos);
    EXPECT_NE(first, made(raw()));
    auto file = *EncryptedFile::open(first, raw());
    EXPECT_TRUE(file.set("b/one", kMarker, random));
    const std::string second = file.text(random);
    const auto line = [](const std::string& text) { return text.substr(text.find("entry b/one"), 60); };
    EXPECT_NE(line(first), line(second));
}

TEST_F(EncryptedFileTest, OpensWithItsPassphraseOnly) {
    const std::string text = made(passphrase("correct horse"));
    EXPECT_EQ(fault(text, passphrase("correct horse")), "");
    EXPECT_EQ(fault(text, passphrase("correct horsf")), "another key, or the file was changed by somebody who does not have it");
    EXPECT_EQ(fault(text, raw()), "the file's key is a passphrase, not a file");
    EXPECT_NE(text, made(passphrase("correct horse"))) << "another salt";
}

TEST_F(EncryptedFileTest, OpensWithItsKeyOnly) {
    const std::string text = made(raw());
    EXPECT_EQ(fault(text, raw('j')), "another key, or the file was changed by somebody who does not have it");
    EXPECT_EQ(fault(text, passphrase("k")), "the file's key is a file, not a passphrase");
    EXPECT_EQ(fault(text, {SecretString("short"), {}}), "a key is 32 bytes");
    EXPECT_FALSE(EncryptedFile::create({SecretString("short"), {}}, random));
}

TEST_F(EncryptedFileTest, NoticesEveryChangedByte) {
    const std::string text = made(raw());
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_NE(fault(changed), "") << i;
        EXPECT_NE(fault(text.substr(0, i)), "") << i;
    }
    EXPECT_NE(fault(text + "\n"), "");
    EXPECT_NE(fault(text + text), "");
}

TEST_F(EncryptedFileTest, NoticesLinesThatAreMissingMovedOrOfAnotherFile) {
    const std::string text = made(raw());
    const auto first = text.find("entry a.two");
    const auto second = text.find("entry b/one");
    const auto seal = text.find("seal ");
    EXPECT_NE(fault(text.substr(0, first) + text.substr(second)), "") << "without the first";
    EXPECT_NE(fault(text.substr(0, first) + text.substr(second, seal - second) + text.substr(first, second - first) + text.substr(seal)), "");
    std::string renamed = text;
    renamed.replace(first + 6, 5, "b.two");
    EXPECT_NE(fault(renamed), "") << "a value under another name";
    const std::string other = made(raw());
    EXPECT_NE(fault(text.substr(0, seal) + other.substr(other.find("seal "))), "");
}

TEST_F(EncryptedFileTest, RefusesKeysThatWouldCostTooMuch) {
    for (const std::string parameters : {"1073741824 8 1", "65536 1000 1", "65536 8 1000000", "65535 8 1", "0 8 1", "1 8 1",
                                         "65536 0 1", "-65536 8 1", "65536 8", "65536 8 1 1"}) {
        EXPECT_EQ(fault("sallyport-secrets 1\nkey scrypt " + parameters + " AAAAAAAAAAAAAAAAAAAAAA==\nseal AAAA AAAA\n", passphrase("x")),
                  "not a file of sallyport's secrets, or a broken one") << parameters;
    }
}

}  // namespace
}  // namespace sallyport::secrets
