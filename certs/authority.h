// The certificate authority of one sandbox, and the leaves it signs. The private keys are made here and never leave the
// process: no call gives them out but to OpenSSL. One worker's; not shared between threads.
#pragma once

#include <openssl/x509.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::certs {

struct X509Free {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
using X509Ptr = std::unique_ptr<X509, X509Free>;
struct KeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, KeyFree>;

// ECDSA P-256, valid from an hour before `now` for 30 days, path length 0, keyCertSign and cRLSign only, named
// "Sallyport CA for NAME (random)".
class CertificateAuthority final {
public:
    static Result<std::unique_ptr<CertificateAuthority>> create(std::string_view sandbox_name,
                                                                std::chrono::system_clock::time_point now);

    // The CA's own certificate, public: what the sandbox is told to trust.
    const std::string& pem() const { return pem_; }

    // A server certificate for exactly one DNS name, or one IP address where `is_address` (RFC 5280 section 4.2.1.6):
    // one SAN, ECDSA P-256, serverAuth, valid an hour back and 7 days ahead but not past the CA. All leaves of one
    // authority share leaf_key(). A name over 64 bytes gets no common name (the SAN must then be critical). What is not
    // one canonical name or address: bad_authority. After the CA's end: internal.
    Result<X509Ptr> mint_leaf(std::string_view host, bool is_address, std::chrono::system_clock::time_point now);
    EVP_PKEY* leaf_key() const { return leaf_key_.get(); }

private:
    struct ExtensionFree {
        void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
    };

    CertificateAuthority() = default;
    void sign_itself(std::string_view sandbox_name, std::chrono::system_clock::time_point now);
    void prepare_leaves();

    KeyPtr key_;
    KeyPtr leaf_key_;
    X509Ptr certificate_;
    std::chrono::system_clock::time_point not_after_;
    // What every leaf has alike: made once, as most of a leaf's cost would be making them.
    std::vector<std::unique_ptr<X509_EXTENSION, ExtensionFree>> leaf_extensions_;
    std::string pem_;
};

}  // namespace sallyport::certs
