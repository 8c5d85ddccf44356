#include "secrets/endpoint_check.h"

#include <gtest/gtest.h>

namespace sallyport::secrets {
namespace {

TEST(EndpointCheck, TakesHttps) {
    for (const char* url : {"https://idp.example", "https://idp.example:8443/oauth2/token", "https://[::1]:1/x", "https://10.0.0.1/"}) {
        EXPECT_EQ(url_fault(url, Cleartext::refused), "") << url;
    }
}

TEST(EndpointCheck, TakesHttpToThisHostOnlyWhereItIsAllowed) {
    for (const char* url : {"http://localhost:8200", "http://127.0.0.1/x", "http://127.1.2.3:80", "http://[::1]:8200"}) {
        EXPECT_EQ(url_fault(url, Cleartext::this_host_only), "") << url;
        EXPECT_EQ(url_fault(url, Cleartext::refused), "http to this host needs \"allow_cleartext: true\"") << url;
    }
    for (const char* url : {"http://idp.example", "http://127.evil.example", "http://localhost.evil.example", "http://127.0.0.1.x/",
                            "http://[::2]/", "http://10.0.0.1"}) {
        EXPECT_EQ(url_fault(url, Cleartext::this_host_only), "a secret is not sent over http; only https will do") << url;
    }
}

TEST(EndpointCheck, RefusesWhatReadersCouldSeeDifferently) {
    for (const char* url : {"", "idp.example", "ftp://idp.example", "HTTPS://idp.example", "https:/idp.example", "https://", "https:///x",
                            "https://user@idp.example", "https://user:pw@idp.example/", "https://idp.example?x", "https://idp.example/#x",
                            "https://idp.example\\@evil.example/", "https://idp example/", "https://idp.example/\r\nx", "https://idp.example:",
                            "https://idp.example:port", "https://idp.example:123456", "https://[::1", "https://[::1]x", "https://%69dp.example"}) {
        EXPECT_NE(url_fault(url, Cleartext::this_host_only), "") << url;
    }
}

}  // namespace
}  // namespace sallyport::secrets
