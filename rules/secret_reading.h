// What the reader of one kind of secret store works with: the value of the store's key in an entry of the `secrets` section
// (`s: { vault: {…}, refresh: 10m }`: what is behind "vault:"), and what it may refer to. A reader reports everything that is
// wrong, and returns null then.
//
// A new store is a SecretProvider (secrets/), its reader (rules/NAME_reader.{h,cc}: a function of the type StoreReader) and one
// line in the table of secret_reader.cc. `refresh` and `grace` beside the store's key are read there.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "rules/fields.h"
#include "secrets/provider.h"
#include "secrets/template_text.h"

namespace sallyport::rules {

struct SecretReading {
    std::string_view key;  // "vault"
    const Node& node;
    const std::set<std::string, std::less<>>& secret_names;  // those that the file defines
    Reporter& reporter;

    // Reports what is not a mapping, and every key but `keys`.
    bool expect(std::span<const std::string_view> keys) const;
    // As rules/fields.h: null, with a report, where there is none.
    const Node* require(std::string_view name) const;
    const Node* find(std::string_view name) const { return rules::find(node, name); }

    // Where something lies: a template over the sandbox, not over secrets.
    std::optional<secrets::TemplateText> read_place(const Node& value, std::string_view name) const;
    // What must be kept secret: a template of which at least one part is a secret that the file defines. A value that is
    // written here is an error.
    std::optional<secrets::TemplateText> read_secret(const Node& value, std::string_view name) const;
    // A file's absolute path, as seen from the folder of the file that is read. No template.
    std::optional<std::string> read_path(const Node& value, std::string_view name) const;
    // An operator's address of a service, without a template: "https://host[:port][/path]", no user, query or fragment; http
    // only where `allow_cleartext`. A '/' at its end is removed.
    std::optional<std::string> read_url(const Node& value, std::string_view name, bool allow_cleartext) const;
};

using StoreReader = std::shared_ptr<const secrets::SecretProvider> (*)(SecretReading& reading);

// As seen from the folder of the file that `reporter` is about.
std::string absolute_path(std::string_view path, const Reporter& reporter);

}  // namespace sallyport::rules
