#include "certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/check.h"

namespace sallyport::integration {
namespace {

constexpr long kDay = 86'400;

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    SALLYPORT_CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

std::string text_of(BIO* memory) {
    char* data = nullptr;
    auto size = BIO_get_mem_data(memory, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(memory);
    return text;
}

std::string to_pem(X509* certificate) {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, certificate);
    return text_of(memory);
}

std::string to_pem(EVP_PKEY* key) {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(memory, key, nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(memory);
}

void set_name(X509* certificate, const std::string& name) {
    auto bytes = reinterpret_cast<const unsigned char*>(name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, bytes, -1, -1, 0);
}

}  // namespace

CertificateIssuer::Certificate CertificateIssuer::unsigned_certificate(const std::string& name, EVP_PKEY* key, Flaw flaw) {
    Certificate certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    std::uint64_t serial = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
    long begin = flaw == Flaw::expired ? -30 * kDay : flaw == Flaw::not_yet_valid ? kDay : -kDay;
    long end = flaw == Flaw::expired ? -kDay : 30 * kDay;
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), begin);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), end);
    X509_set_pubkey(certificate.get(), key);
    set_name(certificate.get(), name);
    return certificate;
}

CertificateIssuer::CertificateIssuer(const std::string& name) : key_(EVP_EC_gen("P-256")) {
    root_ = unsigned_certificate(name, key_.get(), Flaw::none);
    X509_set_issuer_name(root_.get(), X509_get_subject_name(root_.get()));
    add_extension(root_.get(), root_.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(root_.get(), root_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(root_.get(), root_.get(), NID_subject_key_identifier, "hash");
    SALLYPORT_CHECK(X509_sign(root_.get(), key_.get(), EVP_sha256()) > 0);
}

std::string CertificateIssuer::root_pem() const { return to_pem(root_.get()); }

std::string CertificateIssuer::issue(const std::string& dns_name, Flaw flaw) const {
    Key key(EVP_EC_gen("P-256"));
    Certificate leaf = unsigned_certificate(dns_name, key.get(), flaw);
    bool self_signed = flaw == Flaw::self_signed;
    X509* issuer = self_signed ? leaf.get() : root_.get();
    X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer));
    add_extension(leaf.get(), issuer, NID_subject_alt_name, "DNS:" + dns_name);
    add_extension(leaf.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth");
    SALLYPORT_CHECK(X509_sign(leaf.get(), self_signed ? key.get() : key_.get(), EVP_sha256()) > 0);
    return to_pem(leaf.get()) + to_pem(key.get());
}

}  // namespace sallyport::integration
