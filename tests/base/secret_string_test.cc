#include "base/secret_string.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <utility>

namespace sallyport {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

TEST(SecretString, RevealsItsValueAndNothingElse) {
    const SecretString secret("marker");
    EXPECT_EQ(secret.reveal(), "marker");
    EXPECT_EQ(secret.size(), 6u);
    EXPECT_FALSE(std::is_copy_constructible_v<SecretString>);
    EXPECT_FALSE((std::is_convertible_v<SecretString, std::string_view>));
    EXPECT_FALSE(Printable<SecretString>);
}

TEST(SecretString, MovesItsValue) {
    SecretString first("marker");
    SecretString second(std::move(first));
    EXPECT_TRUE(first.empty());
    EXPECT_EQ(second.reveal(), "marker");
    SecretString third("other");
    third = std::move(second);
    EXPECT_EQ(third.reveal(), "marker");
}

TEST(SecretString, AnEmptyValueTakesNoMemory) { EXPECT_TRUE(SecretString("").empty()); }

TEST(SecretString, WipeBytesOverwrites) {
    char bytes[] = "marker";
    wipe_bytes(bytes, sizeof bytes);
    for (const char byte : bytes) EXPECT_EQ(byte, 0);
}

}  // namespace
}  // namespace sallyport
