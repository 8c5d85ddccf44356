#include "rules/host_pattern.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

TEST(HostPattern, ReadsNamesAndLeadingWildcards) {
    struct Case {
        const char* text;
        HostPattern pattern;
        const char* canonical;
    };
    const Case cases[] = {
        {"a.example", {"a.example", 0, false}, "a.example"},
        {"A.EXAMPLE.", {"a.example", 0, false}, "a.example"},
        {"*.a.example", {"a.example", 1, false}, "*.a.example"},
        {"**.a.example", {"a.example", 1, true}, "**.a.example"},
        {"*.*.a.example", {"a.example", 2, false}, "*.*.a.example"},
        {"*.**.a.example", {"a.example", 2, true}, "**.*.a.example"},
        {"b\xc3\xbc"
         "cher.example",
         {"xn--bcher-kva.example", 0, false},
         "xn--bcher-kva.example"},
        {"*", {"", 1, true}, "**"},
        {"**", {"", 1, true}, "**"},
    };
    for (const Case& each : cases) {
        const auto pattern = parse_host_pattern(each.text);
        ASSERT_TRUE(pattern) << each.text;
        EXPECT_EQ(*pattern, each.pattern) << each.text;
        EXPECT_EQ(to_string(*pattern), each.canonical);
    }
}

TEST(HostPattern, ThreatD7WildcardsAreWholeLeadingLabels) {
    for (const auto* text : {"*example.com", "a*.example.com", "a.*.example.com", "***.example.com", "*.*", "*.", "**.",
                             ".example.com", "*..example.com", "example.*", "*.1.2.3.4"}) {
        EXPECT_FALSE(parse_host_pattern(text)) << text;
    }
}

TEST(HostPattern, RefusesWhatIsNoName) {
    for (const auto* text : {"", "a b", "a/b", "a:80", "u@a", "a%41", "127.1", "0x7f000001", "[::1]", "a..b"}) {
        EXPECT_FALSE(parse_host_pattern(text)) << text;
    }
}

}  // namespace
}  // namespace sallyport::rules
