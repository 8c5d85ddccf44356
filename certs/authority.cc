// Keys of the deprecated kind, on purpose: X509_set_pubkey() with a provider's key encodes and decodes it anew, four
// times the cost of all else in a leaf (178 against 35 microseconds measured). Handshakes sign as fast with either.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "certs/authority.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/check.h"

namespace sallyport::certs {
namespace {

using std::chrono::hours;
using Time = std::chrono::system_clock::time_point;

constexpr hours kBackdating{1};
constexpr hours kAuthorityLife{24 * 30};
constexpr hours kLeafLife{24 * 7};
constexpr std::size_t kNameBytesMax = 253;       // RFC 1035 section 2.3.4, as text without the last dot
constexpr std::size_t kCommonNameBytesMax = 64;  // RFC 5280, ub-common-name

template <auto Free>
struct Freeing {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Freeing<GENERAL_NAMES_free>>;

KeyPtr make_key() {
    EC_KEY* key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    SALLYPORT_CHECK(key != nullptr && EC_KEY_generate_key(key) == 1);
    KeyPtr made(EVP_PKEY_new());
    SALLYPORT_CHECK(made != nullptr && EVP_PKEY_assign_EC_KEY(made.get(), key) == 1);
    return made;
}

// 126 random bits under a leading 01: positive, and always sixteen bytes.
void set_random_serial(X509* certificate) {
    std::array<unsigned char, 16> bytes;
    SALLYPORT_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
    bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);
    ASN1_INTEGER* serial = X509_get_serialNumber(certificate);
    SALLYPORT_CHECK(ASN1_STRING_set(serial, bytes.data(), static_cast<int>(bytes.size())) == 1);
}

void set_validity(X509* certificate, Time from, Time to) {
    using Clock = std::chrono::system_clock;
    SALLYPORT_CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate), Clock::to_time_t(from)) != nullptr);
    SALLYPORT_CHECK(ASN1_TIME_set(X509_getm_notAfter(certificate), Clock::to_time_t(to)) != nullptr);
}

X509Ptr make_certificate(EVP_PKEY* public_key, Time from, Time to) {
    X509Ptr made(X509_new());
    SALLYPORT_CHECK(made != nullptr && X509_set_version(made.get(), X509_VERSION_3) == 1);
    set_random_serial(made.get());
    set_validity(made.get(), from, to);
    SALLYPORT_CHECK(X509_set_pubkey(made.get(), public_key) == 1);
    return made;
}

void add_common_name(X509* certificate, std::string_view name) {
    SALLYPORT_CHECK(X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, MBSTRING_ASC,
                                               reinterpret_cast<const unsigned char*>(name.data()),
                                               static_cast<int>(name.size()), -1, 0) == 1);
}

// `value` is ours, never a name that came from outside: this is a little language.
X509_EXTENSION* make_extension(X509* issuer, X509* subject, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, subject, nullptr, nullptr, 0);
    X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    SALLYPORT_CHECK(made != nullptr);
    return made;
}

void add_extension(X509* certificate, int nid, const char* value) {
    X509_EXTENSION* extension = make_extension(certificate, certificate, nid, value);
    SALLYPORT_CHECK(X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

std::string random_tag() {
    std::array<unsigned char, 4> bytes;
    SALLYPORT_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
    std::string text;
    for (const unsigned char byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

std::string authority_name(std::string_view sandbox_name) {
    const std::string before = "Sallyport CA for ";
    const std::string after = " (" + random_tag() + ")";
    std::string name(sandbox_name.substr(0, kCommonNameBytesMax - before.size() - after.size()));
    const auto is_unprintable = [](unsigned char byte) { return byte < 0x20 || byte > 0x7e; };
    std::replace_if(name.begin(), name.end(), is_unprintable, '?');
    return before + name + after;
}

std::string to_pem(X509* certificate) {
    const std::unique_ptr<BIO, Freeing<BIO_free>> memory(BIO_new(BIO_s_mem()));
    SALLYPORT_CHECK(memory != nullptr && PEM_write_bio_X509(memory.get(), certificate) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

// The bytes of an address as an iPAddress has them: four, sixteen, or none where it is not one.
std::string address_bytes(const std::string& text) {
    // inet_pton() would stop at a NUL and take what comes before it.
    if (text.find('\0') != std::string::npos) return {};
    std::array<char, 16> bytes;
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return {bytes.data(), 16};
    return {};
}

// No wildcard, no NUL, nothing that a client might read as more than one name.
bool is_dns_name(std::string_view host) {
    const auto is_plain = [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    return !host.empty() && host.size() <= kNameBytesMax && std::all_of(host.begin(), host.end(), is_plain);
}

GeneralNamesPtr one_name(int type, ASN1_STRING* value, std::string_view bytes) {
    SALLYPORT_CHECK(value != nullptr && ASN1_STRING_set(value, bytes.data(), static_cast<int>(bytes.size())) == 1);
    GENERAL_NAME* name = GENERAL_NAME_new();
    SALLYPORT_CHECK(name != nullptr);
    GENERAL_NAME_set0_value(name, type, value);
    GeneralNamesPtr names(sk_GENERAL_NAME_new_null());
    SALLYPORT_CHECK(names != nullptr && sk_GENERAL_NAME_push(names.get(), name) > 0);
    return names;
}

Result<GeneralNamesPtr> alternative_name(const std::string& host, bool is_address) {
    const std::string address = address_bytes(host);
    if (is_address && !address.empty()) return one_name(GEN_IPADD, ASN1_OCTET_STRING_new(), address);
    if (!is_address && address.empty() && is_dns_name(host)) return one_name(GEN_DNS, ASN1_IA5STRING_new(), host);
    return failure(ErrorCode::bad_authority, "no certificate can be made for this host");
}

}  // namespace

Result<std::unique_ptr<CertificateAuthority>> CertificateAuthority::create(std::string_view sandbox_name, Time now) {
    std::unique_ptr<CertificateAuthority> made(new CertificateAuthority);
    made->key_ = make_key();
    made->leaf_key_ = make_key();
    made->not_after_ = now + kAuthorityLife;
    made->sign_itself(sandbox_name, now);
    made->prepare_leaves();
    return made;
}

void CertificateAuthority::sign_itself(std::string_view sandbox_name, Time now) {
    certificate_ = make_certificate(key_.get(), now - kBackdating, not_after_);
    X509* self = certificate_.get();
    add_common_name(self, authority_name(sandbox_name));
    SALLYPORT_CHECK(X509_set_issuer_name(self, X509_get_subject_name(self)) == 1);
    add_extension(self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(self, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(self, NID_subject_key_identifier, "hash");
    SALLYPORT_CHECK(X509_sign(self, key_.get(), EVP_sha256()) > 0);
    pem_ = to_pem(self);
}

void CertificateAuthority::prepare_leaves() {
    const X509Ptr subject = make_certificate(leaf_key_.get(), not_after_, not_after_);
    const auto prepare = [&](int nid, const char* value) {
        leaf_extensions_.emplace_back(make_extension(certificate_.get(), subject.get(), nid, value));
    };
    prepare(NID_basic_constraints, "critical,CA:FALSE");
    prepare(NID_key_usage, "critical,digitalSignature");
    prepare(NID_ext_key_usage, "serverAuth");
    prepare(NID_subject_key_identifier, "hash");
    prepare(NID_authority_key_identifier, "keyid:always");
}

Result<X509Ptr> CertificateAuthority::mint_leaf(std::string_view host, bool is_address, Time now) {
    if (now >= not_after_) return failure(ErrorCode::internal, "the sandbox's certificate authority has expired");
    auto names = alternative_name(std::string(host), is_address);
    if (!names) return failure(std::move(names.error()));
    X509Ptr leaf = make_certificate(leaf_key_.get(), now - kBackdating, std::min(now + kLeafLife, not_after_));
    const bool has_common_name = host.size() <= kCommonNameBytesMax;
    if (has_common_name) add_common_name(leaf.get(), host);
    SALLYPORT_CHECK(X509_set_issuer_name(leaf.get(), X509_get_subject_name(certificate_.get())) == 1);
    SALLYPORT_CHECK(X509_add1_ext_i2d(leaf.get(), NID_subject_alt_name, names->get(), has_common_name ? 0 : 1, 0) == 1);
    for (const auto& extension : leaf_extensions_) {
        SALLYPORT_CHECK(X509_add_ext(leaf.get(), extension.get(), -1) == 1);
    }
    SALLYPORT_CHECK(X509_sign(leaf.get(), key_.get(), EVP_sha256()) > 0);
    return leaf;
}

}  // namespace sallyport::certs
