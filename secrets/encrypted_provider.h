// `encrypted: { store: FILE, name: NAME, key_file: FILE }`: an entry of a local file (secrets/encrypted_file.h).
#pragma once

#include <string>

#include "secrets/encrypted_file.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

struct EncryptedConfig {
    std::string store_file;
    TemplateText name;
    // Exactly one of them.
    std::string key_file;         // 32 bytes
    std::string passphrase_file;  // one trailing line end is not part of it
    TemplateText passphrase;      // refers to a secret
};

// Of the one file that is named.
Result<EncryptionKey> read_encryption_key(const std::string& key_file, const std::string& passphrase_file);

class EncryptedProvider final : public SecretProvider {
public:
    explicit EncryptedProvider(EncryptedConfig config) : config_(std::move(config)) {}

    std::string_view type() const override { return "encrypted"; }
    std::string describe() const override;
    void visit_templates(const std::function<void(const TemplateText&)>& visit) const override;
    std::vector<std::string> files() const override;
    // denied where the entry is not in the file (any more).
    Result<Fetched> fetch(FetchContext& context) const override;

private:
    EncryptedConfig config_;
};

}  // namespace sallyport::secrets
