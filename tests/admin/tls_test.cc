#include "admin/tls.h"

#include <gtest/gtest.h>

#include "tests/admin/certificates.h"

namespace sallyport::admin {
namespace {

std::string made_of(const std::string& certificate, const std::string& key, const std::string& ca) {
    const auto context = make_tls_context(certificate, key, ca);
    if (context) return "good";
    EXPECT_EQ(context.error().code, ErrorCode::config_invalid);
    return context.error().detail;
}

TEST(AdminTls, IsMadeOfACertificateAndItsKey) {
    const Issued ca = issue("ca", "", nullptr, true);
    const Issued gate = issue("gate", "IP:127.0.0.1", &ca);
    const Issued other = issue("other", "", &ca);
    EXPECT_EQ(made_of(gate.certificate_pem(), gate.key_pem(), ""), "good");
    EXPECT_EQ(made_of(gate.certificate_pem() + ca.certificate_pem(), gate.key_pem(), ca.certificate_pem()), "good");
    EXPECT_NE(made_of("", gate.key_pem(), ""), "good");
    EXPECT_NE(made_of(gate.certificate_pem(), "", ""), "good");
    EXPECT_NE(made_of(gate.certificate_pem(), other.key_pem(), ""), "good");
    EXPECT_NE(made_of(gate.certificate_pem(), gate.key_pem(), "no certificate"), "good");
}

TEST(AdminTls, ItsErrorsDoNotShowTheKey) {
    const Issued gate = issue("gate", "", nullptr);
    const std::string key = "marker-key-" + gate.key_pem();
    EXPECT_EQ(made_of("x", key, "").find("marker"), std::string::npos);
}

TEST(AdminTls, SpeaksNothingOlderThan12AndResumesNothing) {
    const Issued gate = issue("gate", "", nullptr);
    const auto context = make_tls_context(gate.certificate_pem(), gate.key_pem(), "");
    ASSERT_TRUE(context);
    EXPECT_EQ(SSL_CTX_get_min_proto_version(context->get()), TLS1_2_VERSION);
    EXPECT_EQ(SSL_CTX_get_num_tickets(context->get()), 0u);
    EXPECT_EQ(SSL_CTX_get_verify_mode(context->get()), SSL_VERIFY_NONE);
    const auto mutual = make_tls_context(gate.certificate_pem(), gate.key_pem(), gate.certificate_pem());
    ASSERT_TRUE(mutual);
    EXPECT_EQ(SSL_CTX_get_verify_mode(mutual->get()), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
}

}  // namespace
}  // namespace sallyport::admin
