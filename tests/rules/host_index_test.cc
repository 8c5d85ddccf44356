#include "rules/host_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

class HostIndexTest : public testing::Test {
protected:
    HostIndexTest() {
        for (std::uint32_t i = 0; i < std::size(kPatterns); ++i) index_.add(*parse_host_pattern(kPatterns[i]), i);
    }
    std::vector<std::string> find(std::string_view host) const {
        std::vector<std::string> found;
        index_.find(host, [&](std::uint32_t rule) { found.emplace_back(kPatterns[rule]); });
        return found;
    }
    std::vector<std::string> find_covering(std::string_view pattern) const {
        std::vector<std::string> found;
        index_.find_covering(*parse_host_pattern(pattern),
                             [&](std::uint32_t rule) { found.emplace_back(kPatterns[rule]); });
        return found;
    }

    static constexpr const char* kPatterns[] = {
        "example.com", "*.example.com", "**.example.com", "*.*.example.com", "**.*.example.com", "a.example.com", "*",
        "com"};
    HostIndex index_;
};

TEST_F(HostIndexTest, ThreatD7WildcardsAreBoundedByLabelsAndNeverTheApex) {
    using testing::UnorderedElementsAre;
    EXPECT_THAT(find("example.com"), UnorderedElementsAre("*", "example.com"));
    EXPECT_THAT(find("a.example.com"), UnorderedElementsAre("*", "*.example.com", "**.example.com", "a.example.com"));
    EXPECT_THAT(find("b.example.com"), UnorderedElementsAre("*", "*.example.com", "**.example.com"));
    EXPECT_THAT(find("b.a.example.com"),
                UnorderedElementsAre("*", "**.example.com", "*.*.example.com", "**.*.example.com"));
    EXPECT_THAT(find("c.b.a.example.com"), UnorderedElementsAre("*", "**.example.com", "**.*.example.com"));
    EXPECT_THAT(find("notexample.com"), UnorderedElementsAre("*"));
    EXPECT_THAT(find("example.com.evil"), UnorderedElementsAre("*"));
    EXPECT_THAT(find("com"), UnorderedElementsAre("*", "com"));
}

TEST_F(HostIndexTest, KnowsWhichPatternsAreWider) {
    using testing::UnorderedElementsAre;
    EXPECT_THAT(find_covering("*.example.com"), UnorderedElementsAre("*", "*.example.com", "**.example.com"));
    EXPECT_THAT(find_covering("**.example.com"), UnorderedElementsAre("*", "**.example.com"));
    EXPECT_THAT(find_covering("*.a.example.com"),
                UnorderedElementsAre("*", "**.example.com", "*.*.example.com", "**.*.example.com"));
    EXPECT_THAT(find_covering("**.a.example.com"), UnorderedElementsAre("*", "**.example.com", "**.*.example.com"));
    EXPECT_THAT(find_covering("*"), UnorderedElementsAre("*"));
}

}  // namespace
}  // namespace sallyport::rules
