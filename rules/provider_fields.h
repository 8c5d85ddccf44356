// Reads the settings of a store or a token endpoint, key by key, into a provider's configuration, and remembers whether all
// of them were right. Used by the readers of providers that talk to a network (rules/vault_reader.h, …).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/secret_reading.h"
#include "secrets/answer.h"
#include "secrets/aws_keys.h"

namespace sallyport::rules {

enum class Presence { required, optional };

class ProviderFields final {
public:
    // Reports what is no mapping, and every key but `keys`.
    ProviderFields(SecretReading& reading, std::span<const std::string_view> keys);

    // Whether nothing was reported.
    bool ok() const { return ok_; }
    bool has(std::string_view key) const { return reading_.find(key) != nullptr; }
    void fault(const Node& at, std::string message);
    // Something was reported by somebody else.
    void fail() { ok_ = false; }
    // At `key` where it is there, else at the mapping.
    void fault_at(std::string_view key, std::string message);

    // The same for every sandbox; refers to nothing.
    void text(std::string_view key, std::string& out, Presence presence);
    // One of `choices`, by its index; `out` stays where the key is not there.
    void choice(std::string_view key, std::span<const std::string_view> choices, std::size_t& out);
    // May refer to the sandbox; to secrets too.
    void any(std::string_view key, secrets::TemplateText& out, Presence presence);
    // The same of a value that was found already.
    void any_at(const Node& value, std::string_view key, secrets::TemplateText& out);
    // Must refer to a secret.
    void secret(std::string_view key, secrets::TemplateText& out, Presence presence);
    // Part of a URL's path: may refer to the sandbox, and else holds letters, digits and "-._~+@:=", with '/' between them where
    // that is allowed.
    enum class Slashes { refused, allowed };
    void path(std::string_view key, secrets::TemplateText& out, Slashes slashes, Presence presence);
    // A list, or one, of words, each of which may refer to the sandbox; joined by spaces.
    void words(std::string_view key, secrets::TemplateText& out, Presence presence);
    // An address of https, or, with `allow_cleartext: true`, of http to this host; and `ca_file`.
    void endpoint(std::string_view key, secrets::Endpoint& out, Presence presence);
    // `access_key_id`, `secret_access_key`, `session_token`; or `keys`.
    void aws_keys(secrets::AwsKeysConfig& out);
    // "eu-west-1"
    void aws_region(std::string& out);
    // Exactly one of them is to be there.
    void one_of(std::string_view first, std::string_view second);

private:
    const Node* find(std::string_view key, Presence presence);
    std::optional<secrets::TemplateText> parse(const Node& value, std::string_view key);

    SecretReading& reading_;
    bool ok_ = true;
};

// The keys that endpoint() reads beside its own, and those of aws_keys().
inline constexpr std::string_view kEndpointKeys[] = {"ca_file", "allow_cleartext"};
inline constexpr std::string_view kAwsKeysKeys[] = {"access_key_id", "secret_access_key", "session_token", "keys"};

// Several lists of keys as one.
std::vector<std::string_view> joined(std::initializer_list<std::span<const std::string_view>> lists);

}  // namespace sallyport::rules
