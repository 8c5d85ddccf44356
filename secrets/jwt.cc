#include "secrets/jwt.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <vector>

#include "secrets/encoding.h"
#include "secrets/expiry.h"
#include "secrets/json_value.h"

namespace sallyport::secrets {
namespace {

constexpr int kRsaBitsMin = 2048;
constexpr int kP256Bytes = 32;

struct BioFree {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
struct ContextFree {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct SignatureFree {
    void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

// An encrypted key has no passphrase here; without this OpenSSL would ask the terminal for one.
int no_passphrase(char*, int, int, void*) noexcept { return -1; }

bool is_p256(EVP_PKEY* key) {
    std::array<char, 64> group{};
    std::size_t size = 0;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
           std::string_view(group.data(), size) == SN_X9_62_prime256v1;
}

bool is_rsa(EVP_PKEY* key) {
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= kRsaBitsMin;
}

tl::unexpected<Error> cannot_sign() {
    return failure(ErrorCode::secret_unavailable, "the private key cannot make such a signature");
}

bool set_padding(EVP_PKEY_CTX* context, JwtAlgorithm algorithm) {
    if (algorithm != JwtAlgorithm::ps256) return true;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

Result<std::string> signature_of(EVP_PKEY* key, JwtAlgorithm algorithm, std::string_view bytes) {
    const std::unique_ptr<EVP_MD_CTX, ContextFree> context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* key_context = nullptr;  // of `context`
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    std::size_t size = 0;
    if (EVP_DigestSignInit(context.get(), &key_context, EVP_sha256(), nullptr, key) != 1 ||
        !set_padding(key_context, algorithm) ||
        EVP_DigestSign(context.get(), nullptr, &size, data, bytes.size()) != 1) {
        return cannot_sign();
    }
    std::string signature(size, '\0');
    auto* out = reinterpret_cast<unsigned char*>(signature.data());
    if (EVP_DigestSign(context.get(), out, &size, data, bytes.size()) != 1) return cannot_sign();
    signature.resize(size);
    return signature;
}

// OpenSSL writes ECDSA signatures in DER, JWS as two numbers of 32 bytes (RFC 7518 section 3.4).
Result<std::string> plain_ecdsa(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, SignatureFree> signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    std::string plain(2 * kP256Bytes, '\0');
    auto* out = reinterpret_cast<unsigned char*>(plain.data());
    if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, kP256Bytes) != kP256Bytes ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + kP256Bytes, kP256Bytes) != kP256Bytes) {
        return cannot_sign();
    }
    return plain;
}

std::string_view name_of(JwtAlgorithm algorithm) {
    switch (algorithm) {
        case JwtAlgorithm::rs256: return "RS256";
        case JwtAlgorithm::ps256: return "PS256";
        case JwtAlgorithm::es256: return "ES256";
    }
    return "";
}

}  // namespace

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
    const std::unique_ptr<BIO, BioFree> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
    if (!key) {
        return failure(ErrorCode::secret_unavailable, "the private key is not a key in PEM without a passphrase");
    }
    if (!is_rsa(key.get()) && !is_p256(key.get())) {
        return failure(ErrorCode::secret_unavailable, "the private key is neither RSA of 2048 bits or more nor EC on P-256");
    }
    return SigningKey(std::move(key));
}

JwtAlgorithm SigningKey::algorithm() const {
    return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_EC ? JwtAlgorithm::es256 : JwtAlgorithm::rs256;
}

Result<std::string> SigningKey::sign(JwtAlgorithm wanted, std::string_view bytes) const {
    if ((wanted == JwtAlgorithm::es256) != (algorithm() == JwtAlgorithm::es256)) return cannot_sign();
    auto signature = signature_of(key_.get(), wanted, bytes);
    if (!signature || wanted != JwtAlgorithm::es256) return signature;
    return plain_ecdsa(*signature);
}

void JsonObject::key(std::string_view name) {
    SALLYPORT_CHECK(!is_closed_);
    out_.append(out_.empty() ? '{' : ',');
    append_json(out_, name);
    out_.append(':');
}

JsonObject& JsonObject::field(std::string_view name, std::string_view text) {
    key(name);
    append_json(out_, text);
    return *this;
}

JsonObject& JsonObject::number(std::string_view name, std::int64_t value) { return raw(name, std::to_string(value)); }

JsonObject& JsonObject::time(std::string_view name, WallClock::time_point time) {
    return number(name, std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
    key(name);
    out_.append(json);
    return *this;
}

std::string_view JsonObject::text() {
    if (!is_closed_) out_.append(out_.empty() ? "{}" : "}");
    is_closed_ = true;
    return out_.view();
}

Result<SecretString> sign_jwt(const SigningKey& key, JwtAlgorithm algorithm, std::string_view header_fields,
                              std::string_view claims) {
    WipedBuffer token;
    std::string header = R"({"alg":")" + std::string(name_of(algorithm)) + R"(","typ":"JWT")";
    if (!header_fields.empty()) (header += ',') += header_fields;
    append_base64url(token, header + '}');
    token.append('.');
    append_base64url(token, claims);
    const auto signature = key.sign(algorithm, token.view());
    if (!signature) return failure(signature.error());
    token.append('.');
    append_base64url(token, *signature);
    return SecretString(token.view());
}

Result<SecretString> sign_jwt(const SigningKey& key, std::string_view claims) {
    return sign_jwt(key, key.algorithm(), {}, claims);
}

std::optional<WallClock::time_point> expiry_of_jwt(std::string_view token) {
    const auto start = token.find('.');
    const auto end = start == token.npos ? token.npos : token.find('.', start + 1);
    WipedBuffer claims;
    if (end == token.npos || !decode_base64(token.substr(start + 1, end - start - 1), claims)) return std::nullopt;
    const auto json = JsonValue::parse(claims.view());
    const auto exp = json ? json->member("exp") : std::nullopt;
    const auto seconds = exp ? exp->whole_number() : std::nullopt;
    if (!seconds || *seconds < 0 || *seconds > kSecondsMax) return std::nullopt;
    return WallClock::time_point(std::chrono::seconds(*seconds));
}

std::string random_id(Random& random) {
    constexpr char kHex[] = "0123456789abcdef";
    std::array<unsigned char, 16> bytes;
    random.fill(bytes);
    std::string id;
    for (const unsigned char byte : bytes) {
        id += kHex[byte >> 4];
        id += kHex[byte & 15];
    }
    return id;
}

}  // namespace sallyport::secrets
