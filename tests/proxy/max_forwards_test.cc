#include "proxy/max_forwards.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

http::RequestHead request(const std::string& method, const std::string& value) {
    http::RequestHead head;
    head.method = method;
    head.headers.add("Max-Forwards", value);
    return head;
}

TEST(MaxForwards, R7_EachHopCountsDownAndTheLastOneGoesNoFurther) {
    auto head = request("OPTIONS", "2");
    EXPECT_EQ(count_forward(head), Forwarding::goes_on);
    EXPECT_EQ(head.headers.get("Max-Forwards"), "1");
    head = request("OPTIONS", "0");
    EXPECT_EQ(count_forward(head), Forwarding::ends_here);
}

TEST(MaxForwards, IsOfOtherMethodsNoneOfOurBusiness) {
    auto head = request("GET", "0");
    EXPECT_EQ(count_forward(head), Forwarding::goes_on);
    EXPECT_EQ(head.headers.get("Max-Forwards"), "0");
}

TEST(MaxForwards, WhatIsNoNumberIsRemoved) {
    for (const char* value : {"", "x", "-1", "1 2", "99999999999"}) {
        auto head = request("OPTIONS", value);
        EXPECT_EQ(count_forward(head), Forwarding::goes_on) << value;
        EXPECT_FALSE(head.headers.has("Max-Forwards"));
    }
    auto head = request("OPTIONS", "0");
    head.headers.add("Max-Forwards", "5");
    EXPECT_EQ(count_forward(head), Forwarding::goes_on);
    EXPECT_TRUE(head.headers.empty());
}

}  // namespace
}  // namespace sallyport::proxy
