// Certificates made for a test: a CA, and what it signs.
#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/check.h"

namespace sallyport::admin {

using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;
using EvpKeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

struct Issued {
    X509Ptr certificate{nullptr, &X509_free};
    EvpKeyPtr key{nullptr, &EVP_PKEY_free};

    std::string certificate_pem() const {
        return text([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
    }
    std::string key_pem() const {
        return text([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }

private:
    static std::string text(const auto& write) {
        const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
        SALLYPORT_CHECK(write(bio.get()) == 1);
        char* data = nullptr;
        const long size = BIO_get_mem_data(bio.get(), &data);
        return {data, static_cast<std::size_t>(size)};
    }
};

inline void add_extension(X509* certificate, int nid, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()), &X509_EXTENSION_free);
    SALLYPORT_CHECK(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

// Signed by `issuer`, or by itself. `names` as "DNS:a.example,IP:127.0.0.1"; empty for none.
inline Issued issue(const std::string& common_name, const std::string& names, const Issued* issuer, bool is_ca = false) {
    Issued made;
    made.key.reset(EVP_EC_gen("P-256"));
    made.certificate.reset(X509_new());
    X509* certificate = made.certificate.get();
    X509_set_version(certificate, 2);
    static long serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, made.key.get());
    X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.data()),
                               static_cast<int>(common_name.size()), -1, 0);
    const Issued& by = issuer != nullptr ? *issuer : made;
    X509_set_issuer_name(certificate, X509_get_subject_name(by.certificate.get()));
    add_extension(certificate, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!names.empty()) add_extension(certificate, NID_subject_alt_name, names);
    SALLYPORT_CHECK(X509_sign(certificate, by.key.get(), EVP_sha256()) > 0);
    return made;
}

}  // namespace sallyport::admin
