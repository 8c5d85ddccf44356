#include "rules/public_suffix.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

TEST(PublicSuffix, ThreatD7KnowsSharedDomains) {
    for (const auto* domain : {"com", "co.uk", "github.io", "internal", "ghe.com", "amazonaws.com", "s3.amazonaws.com",
                               "anything.eu-west-1.amazonaws.com", "xn--p1ai", "foo.ck"}) {
        EXPECT_TRUE(is_shared_domain(domain)) << domain;
    }
    for (const auto* domain : {"example.com", "acme.co.uk", "acme.github.io", "svc.internal", "acme.ghe.com",
                               "notamazonaws.com", "a.b.example.com"}) {
        EXPECT_FALSE(is_shared_domain(domain)) << domain;
    }
}

}  // namespace
}  // namespace sallyport::rules
