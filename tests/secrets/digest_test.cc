#include "secrets/digest.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::secrets {
namespace {

std::string hex_of(DigestKind kind, std::string_view bytes) { return to_hex(digest(kind, bytes).view()); }
std::string hmac_of(DigestKind kind, std::string_view key, std::string_view bytes) {
    return to_hex(hmac(kind, key, bytes).view());
}

TEST(Digest, KnowsAbc) {
    EXPECT_EQ(hex_of(DigestKind::md5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(hex_of(DigestKind::sha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hex_of(DigestKind::sha256, "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex_of(DigestKind::sha512, "abc"),
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    EXPECT_EQ(hex_of(DigestKind::sha256, ""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, IsTheSameInPiecesAndBeginsAnewAfterItsEnd) {
    Digester digester(DigestKind::sha256);
    for (const auto* piece : {"a", "", "b", "c"}) digester.update(piece);
    EXPECT_EQ(to_hex(digester.finish().view()), hex_of(DigestKind::sha256, "abc"));
    EXPECT_EQ(to_hex(digester.finish().view()), hex_of(DigestKind::sha256, ""));
}

// RFC 2202 (SHA-1) and RFC 4231 (SHA-2), cases 1, 2, 3 and 6.
TEST(Hmac, WritesThePublishedVectors) {
    const std::string key1(20, '\x0b');
    const std::string key3(20, '\xaa');
    const std::string data3(50, '\xdd');
    EXPECT_EQ(hmac_of(DigestKind::sha1, key1, "Hi There"), "b617318655057264e28bc0b6fb378c8ef146be00");
    EXPECT_EQ(hmac_of(DigestKind::sha1, "Jefe", "what do ya want for nothing?"),
              "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    EXPECT_EQ(hmac_of(DigestKind::sha1, key3, data3), "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
    EXPECT_EQ(hmac_of(DigestKind::sha1, std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
              "aa4ae5e15272d00e95705637ce8a3b55ed402112");
    EXPECT_EQ(hmac_of(DigestKind::sha256, key1, "Hi There"),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hmac_of(DigestKind::sha256, "Jefe", "what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hmac_of(DigestKind::sha256, key3, data3),
              "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    EXPECT_EQ(hmac_of(DigestKind::sha256, std::string(131, '\xaa'),
                      "Test Using Larger Than Block-Size Key - Hash Key First"),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(hmac_of(DigestKind::sha512, "Jefe", "what do ya want for nothing?"),
              "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
              "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

TEST(Hmac, TakesAnEmptyKey) {
    EXPECT_EQ(hmac_of(DigestKind::sha256, {}, {}), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Hex, IsTheSameInABufferAndAsAString) {
    Buffer out;
    append_hex(out, std::string_view("\x00\x7f\xff\xa5", 4));
    EXPECT_EQ(out.view(), "007fffa5");
    EXPECT_EQ(to_hex(std::string_view("\x00\x7f\xff\xa5", 4)), "007fffa5");
}

}  // namespace
}  // namespace sallyport::secrets
