#include "rules/encrypted_reader.h"

#include <array>

#include "secrets/encrypted_provider.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 5> kKeys{"store", "name", "key_file", "passphrase_file", "passphrase"};

// False where it was reported.
bool read_path(const SecretReading& reading, const Node* node, std::string_view key, std::string& out) {
    if (node == nullptr) return true;
    auto path = reading.read_path(*node, key);
    if (path) out = std::move(*path);
    return path.has_value();
}

bool read_key(const SecretReading& reading, secrets::EncryptedConfig& config) {
    const Node* passphrase = reading.find("passphrase");
    int count = 0;
    for (const std::string_view key : {"key_file", "passphrase_file", "passphrase"}) count += reading.find(key) != nullptr;
    if (count != 1) {
        if (has_foreign_key(reading.node, kKeys)) return false;
        reading.reporter.error(reading.node.place, "\"encrypted\" has exactly one of key_file, passphrase_file and passphrase");
        return false;
    }
    if (passphrase != nullptr) {
        auto text = reading.read_secret(*passphrase, "passphrase");
        if (text) config.passphrase = std::move(*text);
        return text.has_value();
    }
    return read_path(reading, reading.find("key_file"), "key_file", config.key_file) &&
           read_path(reading, reading.find("passphrase_file"), "passphrase_file", config.passphrase_file);
}

}  // namespace

std::shared_ptr<const secrets::SecretProvider> read_encrypted(SecretReading& reading) {
    if (!reading.expect(kKeys)) return nullptr;
    secrets::EncryptedConfig config;
    const Node* store = reading.require("store");
    const Node* name = reading.require("name");
    auto name_text = name == nullptr ? std::nullopt : reading.read_place(*name, "name");
    const bool has_store = store != nullptr && read_path(reading, store, "store", config.store_file);
    if (!read_key(reading, config) || !has_store || !name_text) return nullptr;
    config.name = std::move(*name_text);
    return std::make_shared<const secrets::EncryptedProvider>(std::move(config));
}

}  // namespace sallyport::rules
