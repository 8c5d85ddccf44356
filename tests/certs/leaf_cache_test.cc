#include "certs/leaf_cache.h"

#include <gtest/gtest.h>

#include "base/check.h"

namespace sallyport::certs {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::system_clock;

const system_clock::time_point kNow = system_clock::from_time_t(1'800'000'000);

class LeafCacheTest : public testing::Test {
protected:
    X509* get(LeafCache& cache, std::string_view host, system_clock::time_point now = kNow) {
        const auto leaf = cache.get(host, false, now);
        SALLYPORT_CHECK(leaf.has_value());
        return *leaf;
    }

    std::unique_ptr<CertificateAuthority> authority = std::move(CertificateAuthority::create("test", kNow).value());
};

TEST_F(LeafCacheTest, MintsOnceForEachHost) {
    LeafCache cache(*authority, 10);
    X509* a = get(cache, "a.example");
    EXPECT_NE(get(cache, "b.example"), a);
    EXPECT_EQ(get(cache, "a.example", kNow + hours(24 * 6) - minutes(1)), a);
    EXPECT_TRUE(cache.contains("a.example"));
    EXPECT_FALSE(cache.contains("c.example"));
    EXPECT_EQ(cache.size(), 2u);
}

TEST_F(LeafCacheTest, MintsForAddresses) {
    LeafCache cache(*authority, 10);
    EXPECT_TRUE(cache.get("192.0.2.1", true, kNow).has_value());
    EXPECT_TRUE(cache.contains("192.0.2.1"));
}

TEST_F(LeafCacheTest, MintsAnewADayBeforeTheEnd) {
    LeafCache cache(*authority, 10);
    ASN1_INTEGER* before = ASN1_INTEGER_dup(X509_get0_serialNumber(get(cache, "a.example")));
    X509* renewed = get(cache, "a.example", kNow + hours(24 * 6));
    EXPECT_NE(ASN1_INTEGER_cmp(before, X509_get0_serialNumber(renewed)), 0);
    EXPECT_EQ(cache.size(), 1u);
    EXPECT_EQ(get(cache, "a.example", kNow + hours(24 * 7)), renewed);
    ASN1_INTEGER_free(before);
}

TEST_F(LeafCacheTest, KeepsALeafThatItsAuthoritysEndCutsShort) {
    LeafCache cache(*authority, 10);
    const auto last_day = kNow + hours(24 * 29) + hours(12);
    X509* leaf = get(cache, "a.example", last_day);
    EXPECT_EQ(get(cache, "a.example", last_day + hours(5)), leaf);
    EXPECT_FALSE(cache.get("a.example", false, kNow + hours(24 * 30)).has_value());
}

TEST_F(LeafCacheTest, DropsTheLeastRecentlyUsedWhereItIsFull) {
    LeafCache cache(*authority, 2);
    get(cache, "a.example");
    get(cache, "b.example");
    get(cache, "a.example");
    get(cache, "c.example");
    EXPECT_EQ(cache.size(), 2u);
    EXPECT_TRUE(cache.contains("a.example"));
    EXPECT_FALSE(cache.contains("b.example"));
    EXPECT_TRUE(cache.contains("c.example"));
}

TEST_F(LeafCacheTest, KeepsNothingOfWhatIsRefused) {
    LeafCache cache(*authority, 1);
    get(cache, "a.example");
    EXPECT_EQ(cache.get("*.example", false, kNow).error().code, ErrorCode::bad_authority);
    EXPECT_TRUE(cache.contains("a.example"));
    EXPECT_EQ(cache.size(), 1u);
}

}  // namespace
}  // namespace sallyport::certs
