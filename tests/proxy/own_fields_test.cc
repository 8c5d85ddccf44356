#include "proxy/own_fields.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

TEST(OwnFields, AreOursInEverySpelling) {
    for (const char* name : {"X-Sallyport-Call", "x-sallyport-verdict", "X_Sallyport_Env", "x-SALLYPORT_x", "X-Sallyport-"}) {
        EXPECT_TRUE(is_own_field(name)) << name;
    }
    for (const char* name : {"X-Sallyport", "X-Sallyports-Call", "Sallyport-Call", "X-Request-Id", "x", ""}) {
        EXPECT_FALSE(is_own_field(name)) << name;
    }
}

TEST(OwnFields, AreRemovedAndOthersAreNot) {
    http::HeaderMap headers;
    headers.add("X-Sallyport-Call", "1");
    headers.add("Accept", "*/*");
    headers.add("x_sallyport_env", "2");
    remove_own_fields(headers);
    ASSERT_EQ(headers.size(), 1u);
    EXPECT_EQ(headers.at(0).name, "Accept");
}

}  // namespace
}  // namespace sallyport::proxy
