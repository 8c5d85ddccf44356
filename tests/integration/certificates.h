// The fake internet's public key infrastructure: a root that the daemon is told to trust, one that it is not, and leaves.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace sallyport::integration {

enum class Flaw { none, expired, not_yet_valid, self_signed };

class CertificateIssuer final {
public:
    explicit CertificateIssuer(const std::string& name);
    std::string root_pem() const;
    // Chain and key for one DNS name, in one PEM text.
    std::string issue(const std::string& dns_name, Flaw flaw = Flaw::none) const;

private:
    struct Free {
        void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
        void operator()(X509* certificate) const { X509_free(certificate); }
    };
    using Key = std::unique_ptr<EVP_PKEY, Free>;
    using Certificate = std::unique_ptr<X509, Free>;

    static Certificate unsigned_certificate(const std::string& name, EVP_PKEY* key, Flaw flaw);

    Key key_;
    Certificate root_;
};

}  // namespace sallyport::integration
