#include "secrets/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"

namespace sallyport::secrets {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

const EVP_MD* algorithm(DigestKind kind) {
    switch (kind) {
        case DigestKind::md5: return EVP_md5();
        case DigestKind::sha1: return EVP_sha1();
        case DigestKind::sha256: return EVP_sha256();
        case DigestKind::sha512: return EVP_sha512();
    }
    return nullptr;
}

const unsigned char* to_bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Digester::Digester(DigestKind kind) : kind_(kind), context_(EVP_MD_CTX_new()) {
    SALLYPORT_CHECK(context_ && EVP_DigestInit_ex(context_.get(), algorithm(kind_), nullptr) == 1);
}

void Digester::update(std::string_view bytes) {
    SALLYPORT_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

DigestBytes Digester::finish() {
    DigestBytes out;
    unsigned size = 0;
    SALLYPORT_CHECK(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(out.bytes_.data()), &size) == 1);
    out.size_ = size;
    SALLYPORT_CHECK(EVP_DigestInit_ex(context_.get(), algorithm(kind_), nullptr) == 1);
    return out;
}

void Digester::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

DigestBytes digest(DigestKind kind, std::string_view bytes) {
    Digester digester(kind);
    digester.update(bytes);
    return digester.finish();
}

DigestBytes hmac(DigestKind kind, std::string_view key, std::string_view bytes) {
    DigestBytes out;
    unsigned size = 0;
    // OpenSSL takes a null key for "as before".
    const char* key_data = key.empty() ? "" : key.data();
    SALLYPORT_CHECK(HMAC(algorithm(kind), key_data, static_cast<int>(key.size()), to_bytes(bytes), bytes.size(),
                         reinterpret_cast<unsigned char*>(out.bytes_.data()), &size) != nullptr);
    out.size_ = size;
    return out;
}

std::string to_hex(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        out += kHexDigits[static_cast<unsigned char>(c) >> 4];
        out += kHexDigits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

void append_hex(Buffer& out, std::string_view bytes) {
    char* to = out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        *to++ = kHexDigits[static_cast<unsigned char>(c) >> 4];
        *to++ = kHexDigits[static_cast<unsigned char>(c) & 15];
    }
    out.commit(bytes.size() * 2);
}

}  // namespace sallyport::secrets
