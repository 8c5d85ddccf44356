#include "proxy/origin_protocols.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

constexpr auto kHttps = http::Scheme::https;
constexpr auto kHttp = http::Scheme::http;

TEST(OriginProtocols, RemembersWhatWasLearnedLast) {
    OriginProtocols protocols(8);
    EXPECT_EQ(protocols.find(kHttps, "a.example", false, 443), std::nullopt);
    protocols.learn(kHttps, "a.example", false, 443, Spoken::http1);
    EXPECT_EQ(protocols.find(kHttps, "a.example", false, 443), Spoken::http1);
    protocols.learn(kHttps, "a.example", false, 443, Spoken::http2);
    EXPECT_EQ(protocols.find(kHttps, "a.example", false, 443), Spoken::http2);
    EXPECT_EQ(protocols.size(), 1u);
}

TEST(OriginProtocols, EveryPartOfAnOriginTellsItFromOthers) {
    OriginProtocols protocols(8);
    protocols.learn(kHttps, "192.0.2.1", false, 443, Spoken::http2);
    EXPECT_EQ(protocols.find(kHttps, "192.0.2.1", true, 443), std::nullopt);
    EXPECT_EQ(protocols.find(kHttps, "192.0.2.1", false, 8443), std::nullopt);
    EXPECT_EQ(protocols.find(kHttp, "192.0.2.1", false, 443), std::nullopt);
    EXPECT_EQ(protocols.find(kHttps, "192.0.2.2", false, 443), std::nullopt);
    EXPECT_EQ(protocols.find(kHttps, "192.0.2.1", false, 443), Spoken::http2);
}

TEST(OriginProtocols, ForgetsWhatWasNotUsedForLongest) {
    OriginProtocols protocols(2);
    protocols.learn(kHttps, "a.example", false, 443, Spoken::http2);
    protocols.learn(kHttps, "b.example", false, 443, Spoken::http2);
    EXPECT_TRUE(protocols.find(kHttps, "a.example", false, 443));
    protocols.learn(kHttps, "c.example", false, 443, Spoken::http1);
    EXPECT_EQ(protocols.size(), 2u);
    EXPECT_EQ(protocols.find(kHttps, "b.example", false, 443), std::nullopt);
    EXPECT_EQ(protocols.find(kHttps, "a.example", false, 443), Spoken::http2);
    EXPECT_EQ(protocols.find(kHttps, "c.example", false, 443), Spoken::http1);
}

}  // namespace
}  // namespace sallyport::proxy
