#include "proxy/connection_id.h"

#include <gtest/gtest.h>

#include <set>

namespace sallyport::proxy {
namespace {

TEST(ConnectionId, IsThirtyTwoHexDigitsAndNeverTheSame) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::string text = ConnectionId::random().text();
        EXPECT_EQ(text.size(), 32u);
        EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos) << text;
        EXPECT_TRUE(seen.insert(text).second);
    }
}

}  // namespace
}  // namespace sallyport::proxy
