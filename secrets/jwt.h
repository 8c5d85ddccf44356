// Signed tokens for those who ask for one instead of a password: JSON Web Signature in its compact form (RFC 7515), RS256,
// PS256 or ES256 (RFC 7518). Only ever made, never trusted: nobody's token is verified here.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret_string.h"
#include "secrets/provider.h"
#include "secrets/wiped_buffer.h"

struct evp_pkey_st;

namespace sallyport::secrets {

enum class JwtAlgorithm { rs256, ps256, es256 };

class SigningKey final {
public:
    // A private key in PEM: PKCS#8, PKCS#1 or SEC 1, not encrypted. RSA of 2048 bits or more, or EC on P-256.
    // secret_unavailable otherwise; the detail holds nothing of it.
    static Result<SigningKey> from_pem(std::string_view pem);

    // What its kind of key signs where nothing else is asked for: rs256 or es256.
    JwtAlgorithm algorithm() const;
    // The signature's bytes as JWS has them (ES256: r and s, not DER). secret_unavailable where the key is of another kind.
    Result<std::string> sign(JwtAlgorithm algorithm, std::string_view bytes) const;

private:
    explicit SigningKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}

    std::shared_ptr<evp_pkey_st> key_;
};

// Builds one flat JSON object in memory that is wiped: a token's header, its claims, a request's body.
class JsonObject final {
public:
    JsonObject& field(std::string_view name, std::string_view text);
    JsonObject& number(std::string_view name, std::int64_t value);
    JsonObject& time(std::string_view name, WallClock::time_point time);
    // `json` is JSON already.
    JsonObject& raw(std::string_view name, std::string_view json);
    // Closes it. Valid as long as the object; nothing may be added afterwards.
    std::string_view text();

private:
    void key(std::string_view name);

    WipedBuffer out_;
    bool is_closed_ = false;
};

// `header` without "alg" and "typ", which are put in. base64url(header).base64url(claims).base64url(signature).
Result<SecretString> sign_jwt(const SigningKey& key, JwtAlgorithm algorithm, std::string_view header_fields,
                              std::string_view claims);
Result<SecretString> sign_jwt(const SigningKey& key, std::string_view claims);

// When a token says that it ends ("exp"). Nothing where it is no JWT, or does not say so. The token is not verified: this
// is only for those that came over TLS from whom they are of.
std::optional<WallClock::time_point> expiry_of_jwt(std::string_view token);

// 32 hex digits: what makes one token differ from the next.
std::string random_id(Random& random);

}  // namespace sallyport::secrets
