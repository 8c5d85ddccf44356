// What the reader of one kind of credential works with: an entry of the `credentials` section, and what it may refer to.
// A reader reports everything that is wrong with the entry, and returns null then.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/credential_kind.h"
#include "rules/document.h"
#include "rules/fields.h"

namespace sallyport::rules {

using SecretNames = std::set<std::string, std::less<>>;

struct CredentialReading {
    const std::string& name;
    const Node& node;
    const SecretNames& secret_names;  // those that the file defines
    Reporter& reporter;
    // For kinds that fetch a token: sources of their own, under names that no file can have (derived_name()).
    std::vector<secrets::SecretSource>& derived_sources;

    // Whether every type has it.
    static bool is_common_key(std::string_view key);
    // Reports every key but `keys` and what any credential may have: "type", "keep", "strip", "client_certificate".
    bool expect(std::span<const std::string_view> keys) const;
    // As rules/fields.h: null, with a report, where there is none.
    const Node* require(std::string_view key) const;
    // A template whose secrets are defined. Nothing, with a report, where it is missing or wrong.
    std::optional<secrets::TemplateText> read_template(std::string_view key) const;
    // The same for what must be kept secret: warns where it refers to nothing, as then it stands in the file.
    std::optional<secrets::TemplateText> read_value(std::string_view key) const;
    // The name of a secret, without "${secrets.…}".
    std::optional<std::string> read_secret_name(std::string_view key) const;
    // The template at a node that was found already.
    std::optional<secrets::TemplateText> read_template(const Node& value, std::string_view key) const;

    // "credential:NAME": the name of the secret that a credential fetches for itself.
    std::string derived_name() const { return "credential:" + name; }
};

using KindReader = std::shared_ptr<const CredentialKind> (*)(CredentialReading& reading);

// "secret \"githb\" is not defined, did you mean \"github\"?"
std::string not_defined(std::string_view what, std::string_view name, const SecretNames& names,
                        const Reporter& reporter);

}  // namespace sallyport::rules
