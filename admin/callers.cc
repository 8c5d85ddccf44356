#include "admin/callers.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>

#include "http/header_map.h"

namespace sallyport::admin {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest digest_of(std::string_view text) {
    Digest digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return digest;
}

// With its length: a NUL inside would hide what comes after it.
std::string_view bytes_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

bool has_common_name(X509* certificate, std::string_view name) {
    const X509_NAME* subject = X509_get_subject_name(certificate);
    for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
        if (bytes_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))) == name) return true;
    }
    return false;
}

bool has_dns_name(X509* certificate, std::string_view name) {
    const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        &GENERAL_NAMES_free);
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* entry = sk_GENERAL_NAME_value(names.get(), i);
        if (entry->type != GEN_DNS) continue;
        if (http::equals_ignoring_case(bytes_of(entry->d.dNSName), name)) return true;
    }
    return false;
}

}  // namespace

std::optional<Caller> find_uid(const std::vector<UidCaller>& callers, std::uint32_t uid) {
    const auto found = std::ranges::find(callers, uid, &UidCaller::uid);
    if (found == callers.end()) return std::nullopt;
    return found->caller;
}

std::optional<Caller> find_token(const std::vector<TokenCaller>& callers, std::string_view token) {
    const Digest given = digest_of(token);
    const TokenCaller* found = nullptr;
    for (const TokenCaller& caller : callers) {
        const Digest expected = digest_of(caller.token.reveal());
        if (CRYPTO_memcmp(given.data(), expected.data(), given.size()) == 0) found = &caller;
    }
    if (found == nullptr) return std::nullopt;
    return found->caller;
}

std::optional<Caller> find_certificate(const std::vector<CertificateCaller>& callers, X509* certificate) {
    for (const CertificateCaller& caller : callers) {
        if (has_common_name(certificate, caller.name) || has_dns_name(certificate, caller.name)) return caller.caller;
    }
    return std::nullopt;
}

}  // namespace sallyport::admin
