// How a client of the explicit proxy shows which sandbox it speaks for: by the sandbox's name and a password that the gate has
// made. The gate keeps a digest of it and no more. Immutable; any thread.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/random.h"
#include "base/secret_string.h"
#include "http/header_map.h"
#include "rules/filled_template.h"

namespace sallyport::proxy {

class ProxyCredential final {
public:
    struct Made;
    // A password of 256 random bits, in hexadecimal. Two credentials are never the same one, whatever their passwords.
    static Made make(Random& random);

    // Takes as long for a wrong password as for the right one.
    bool matches(std::string_view password) const;

private:
    explicit ProxyCredential(std::string_view password);

    std::array<unsigned char, 32> digest_;
};

struct ProxyCredential::Made {
    std::shared_ptr<const ProxyCredential> credential;
    SecretString password;  // nobody can find it out again
};

// What a Proxy-Authorization field says.
class ProxyLogin final {
public:
    // Nothing where there is none, more than one, or one that is not Basic (RFC 7617).
    static std::optional<ProxyLogin> read(const http::HeaderMap& headers);

    std::string_view user() const { return pair_.view().substr(0, colon_); }
    std::string_view password() const { return pair_.view().substr(colon_ + 1); }

private:
    rules::WipedBuffer pair_;
    std::size_t colon_ = 0;
};

// The sandboxes that have one. One thread's.
class ProxyCredentials final {
public:
    // Null: it has none any more.
    void set(const SandboxId& sandbox, std::shared_ptr<const ProxyCredential> credential);
    // Null where they do not belong together. How long that takes does not tell whether there is such a sandbox.
    std::shared_ptr<const ProxyCredential> find(std::string_view user, std::string_view password) const;

private:
    std::map<std::string, std::shared_ptr<const ProxyCredential>, std::less<>> by_sandbox_;
};

}  // namespace sallyport::proxy
