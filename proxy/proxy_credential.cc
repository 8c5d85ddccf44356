#include "proxy/proxy_credential.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "rules/basic_value.h"

namespace sallyport::proxy {
namespace {

constexpr std::size_t kPasswordBytes = 32;

std::array<unsigned char, SHA256_DIGEST_LENGTH> digest_of(std::string_view password) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(password.data()), password.size(), digest.data());
    return digest;
}

}  // namespace

// A password of 256 random bits needs no slow hash: there is nothing to guess.
ProxyCredential::ProxyCredential(std::string_view password) : digest_(digest_of(password)) {}

ProxyCredential::Made ProxyCredential::make(Random& random) {
    constexpr char kHex[] = "0123456789abcdef";
    std::array<unsigned char, kPasswordBytes> bytes{};
    random.fill(bytes);
    std::array<char, 2 * kPasswordBytes> text{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        text[2 * i] = kHex[bytes[i] >> 4];
        text[2 * i + 1] = kHex[bytes[i] & 15];
    }
    const std::string_view password(text.data(), text.size());
    Made made{std::shared_ptr<const ProxyCredential>(new ProxyCredential(password)), SecretString(password)};
    wipe_bytes(bytes.data(), bytes.size());
    wipe_bytes(text.data(), text.size());
    return made;
}

bool ProxyCredential::matches(std::string_view password) const {
    const auto digest = digest_of(password);
    return CRYPTO_memcmp(digest.data(), digest_.data(), digest.size()) == 0;
}

std::optional<ProxyLogin> ProxyLogin::read(const http::HeaderMap& headers) {
    if (headers.count("Proxy-Authorization") != 1) return std::nullopt;
    auto pair = rules::read_basic(*headers.get("Proxy-Authorization"));
    if (!pair) return std::nullopt;
    ProxyLogin login;
    login.pair_ = std::move(*pair);
    login.colon_ = login.pair_.view().find(':');
    if (login.colon_ == std::string_view::npos) return std::nullopt;
    return login;
}

void ProxyCredentials::set(const SandboxId& sandbox, std::shared_ptr<const ProxyCredential> credential) {
    if (credential == nullptr) {
        by_sandbox_.erase(sandbox.value);
    } else {
        by_sandbox_.insert_or_assign(sandbox.value, std::move(credential));
    }
}

std::shared_ptr<const ProxyCredential> ProxyCredentials::find(std::string_view user, std::string_view password) const {
    static const std::shared_ptr<const ProxyCredential> kNobodys = [] {
        SystemRandom random;
        return ProxyCredential::make(random).credential;
    }();
    const auto found = by_sandbox_.find(user);
    const auto& credential = found == by_sandbox_.end() ? kNobodys : found->second;
    const bool matches = credential->matches(password);
    return matches && found != by_sandbox_.end() ? credential : nullptr;
}

}  // namespace sallyport::proxy
