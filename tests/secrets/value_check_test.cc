#include "secrets/value_check.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::secrets {
namespace {

std::string outcome(const std::string& value) {
    const auto checked = check_value(value);
    return checked ? std::string(checked->reveal()) : "refused: " + checked.error().detail;
}

TEST(ValueCheck, TakesOneLineAndItsEnd) {
    EXPECT_EQ(outcome("mArKeR"), "mArKeR");
    EXPECT_EQ(outcome(" sp ace \n"), " sp ace ");
    EXPECT_EQ(outcome(std::string(kSecretBytesMax, 'x')).size(), kSecretBytesMax);
}

TEST(ValueCheck, RefusesWhatCouldEndAHeader) {
    for (const std::string value : {"a\nb", "a\r\n", "a\n\n", "a\tb", "a\x7f", "\n{}", " -----BEGIN X-----\na"}) {
        EXPECT_EQ(outcome(value), "refused: the value holds control characters") << value;
    }
    EXPECT_EQ(outcome(std::string("a\0b", 3)), "refused: the value holds control characters");
}

TEST(ValueCheck, RefusesWhatIsEmptyOrTooLong) {
    EXPECT_EQ(outcome(""), "refused: the value is empty");
    EXPECT_EQ(outcome("\n"), "refused: the value is empty");
    EXPECT_EQ(outcome(std::string(kSecretBytesMax + 1, 'x')), "refused: the value is over 64 KiB");
}

TEST(ValueCheck, LetsKeysInPemAndJsonObjectsHoldLineEnds) {
    const std::string pem = "-----BEGIN PRIVATE KEY-----\r\nAAAA\n-----END PRIVATE KEY-----";
    EXPECT_EQ(outcome(pem + "\n"), pem);
    EXPECT_EQ(outcome("{\n\t\"a\": 1\n}"), "{\n\t\"a\": 1\n}");
    EXPECT_EQ(outcome("{\x1b}"), "refused: the value holds control characters");
    EXPECT_EQ(outcome(std::string("{\0}", 3)), "refused: the value holds control characters");
}

}  // namespace
}  // namespace sallyport::secrets
