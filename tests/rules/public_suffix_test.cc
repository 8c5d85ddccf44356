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

TEST(PublicSuffix, D7_AWildcardAboveASharedDomainHasItsNamesToo) {
    const std::pair<const char*, const char*> cases[] = {
        {"*.azure.com", ""},
        {"**.azure.com", "cloudapp.azure.com"},
        {"*.*.azure.com", "cloudapp.azure.com"},
        {"**.salesforce.com", "my.salesforce.com"},
        {"**.linode.com", "members.linode.com"},
        {"*.github.io", "github.io"},
        {"**.example.com", ""},
        {"github.io", ""},
        {"**.notazure.com", ""},
    };
    for (const auto& [pattern, shared] : cases) {
        EXPECT_EQ(find_shared_domain(*parse_host_pattern(pattern)), shared) << pattern;
    }
}

}  // namespace
}  // namespace sallyport::rules
