#include "secrets/aws_signing_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace sallyport::secrets {
namespace {

struct FreeNumber {
    void operator()(BIGNUM* number) const noexcept { BN_clear_free(number); }
};
using Number = std::unique_ptr<BIGNUM, FreeNumber>;

struct WipedBuffer : Buffer {
    ~WipedBuffer() { wipe(); }
};

DigestBytes derive_v4(std::string_view secret, const AwsScope& scope) {
    WipedBuffer start;
    start.append("AWS4");
    start.append(secret);
    auto key = hmac(DigestKind::sha256, start.view(), scope.date());
    key = hmac(DigestKind::sha256, key.view(), scope.region);
    key = hmac(DigestKind::sha256, key.view(), scope.service);
    return hmac(DigestKind::sha256, key.view(), "aws4_request");
}

// The order of the curve P-256, less 2: a candidate may not be above it.
Number largest_candidate() {
    BIGNUM* number = nullptr;
    SALLYPORT_CHECK(BN_hex2bn(&number, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC63254F") == 64);
    return Number(number);
}

// NIST SP 800-108, counter mode, one block of 256 bits; `attempt` is part of the context.
DigestBytes candidate(const AwsKeys& keys, unsigned char attempt) {
    WipedBuffer key;
    key.append("AWS4A");
    key.append(keys.secret_access_key);
    Buffer input;
    input.append(std::string_view("\0\0\0\1", 4));
    input.append(algorithm_name(AwsVersion::v4a));
    input.append('\0');
    input.append(keys.access_key_id);
    input.append(static_cast<char>(attempt));
    input.append(std::string_view("\0\0\1\0", 4));
    return hmac(DigestKind::sha256, key.view(), input.view());
}

Number derive_v4a(const AwsKeys& keys) {
    const auto most = largest_candidate();
    for (unsigned char attempt = 1; attempt < 255; ++attempt) {
        const auto bytes = candidate(keys, attempt);
        Number number(BN_secure_new());
        SALLYPORT_CHECK(number && BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.view().data()),
                                            static_cast<int>(bytes.view().size()), number.get()) != nullptr);
        if (BN_cmp(number.get(), most.get()) > 0) continue;
        SALLYPORT_CHECK(BN_add_word(number.get(), 1) == 1);
        return number;
    }
    SALLYPORT_CHECK(false && "each attempt fails once in four billion times");
    return nullptr;
}

EVP_PKEY* make_ec_key(const BIGNUM& scalar) {
    OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
    SALLYPORT_CHECK(builder != nullptr);
    SALLYPORT_CHECK(OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1);
    SALLYPORT_CHECK(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) == 1);
    OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
    EVP_PKEY* key = nullptr;
    SALLYPORT_CHECK(parameters != nullptr && context != nullptr && EVP_PKEY_fromdata_init(context) == 1);
    SALLYPORT_CHECK(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) == 1);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);  // wipes what lies in secure memory; the rest below
    OSSL_PARAM_BLD_free(builder);
    return key;
}

std::string sign_v4a(EVP_PKEY* key, std::string_view text) {
    std::array<unsigned char, 72> signature{};
    std::size_t size = signature.size();
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    SALLYPORT_CHECK(context != nullptr && EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key) == 1);
    SALLYPORT_CHECK(EVP_DigestSign(context, signature.data(), &size,
                                   reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);
    EVP_MD_CTX_free(context);
    return to_hex({reinterpret_cast<const char*>(signature.data()), size});
}

}  // namespace

AwsSigningKey::AwsSigningKey(const AwsKeys& keys, const AwsScope& scope) {
    if (scope.version == AwsVersion::v4) {
        key_ = derive_v4(keys.secret_access_key, scope);
    } else {
        ec_key_.reset(make_ec_key(*derive_v4a(keys)));
    }
}

std::string AwsSigningKey::sign(std::string_view string_to_sign) const {
    if (ec_key_) return sign_v4a(ec_key_.get(), string_to_sign);
    return to_hex(hmac(DigestKind::sha256, key_.view(), string_to_sign).view());
}

void AwsSigningKey::Free::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }

std::shared_ptr<const AwsSigningKey> AwsKeyCache::get(const AwsKeys& keys, const AwsScope& scope) {
    const auto name = scope.version == AwsVersion::v4 ? scope_text(scope) : std::string();
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.scope == name; });
    if (found != entries_.end()) return found->key;
    Entry entry{name, std::make_shared<const AwsSigningKey>(keys, scope)};
    auto key = entry.key;
    if (entries_.size() < kEntriesMax) {
        entries_.push_back(std::move(entry));
    } else {
        entries_[next_++ % kEntriesMax] = std::move(entry);
    }
    return key;
}

}  // namespace sallyport::secrets
