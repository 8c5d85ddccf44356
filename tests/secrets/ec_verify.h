// Verifies ECDSA signatures over P-256 by a public key in hex: what a service that knows version 4a does.
#pragma once

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>
#include <string>
#include <string_view>

namespace sallyport::secrets {

// Published with the key that is derived from them (aws-c-auth, key_derivation_tests).
inline constexpr std::string_view kV4aAccessKeyId = "AKISORANDOMAASORANDOM";
inline constexpr std::string_view kV4aSecretAccessKey = "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom";
inline constexpr std::string_view kV4aPublicX = "15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb";
inline constexpr std::string_view kV4aPublicY = "0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0";

inline std::string from_hex(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return out;
}

inline bool verifies_ecdsa(std::string_view x, std::string_view y, std::string_view text, std::string_view signature_hex) {
    const auto bytes_of = [](std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); };
    const auto point = '\4' + from_hex(x) + from_hex(y);
    OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX* maker = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
    EVP_PKEY* key = nullptr;
    EVP_PKEY_fromdata_init(maker);
    EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const auto signature = from_hex(signature_hex);
    const bool is_good =
        key != nullptr && EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
        EVP_DigestVerify(context, bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(maker);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    return is_good;
}

}  // namespace sallyport::secrets
