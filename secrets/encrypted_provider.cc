#include "secrets/encrypted_provider.h"

#include "secrets/fill_in.h"
#include "secrets/secret_file.h"

namespace sallyport::secrets {
namespace {

constexpr std::size_t kPassphraseBytesMax = 4096;

Result<EncryptionKey> key_of(const EncryptedConfig& config, const FetchContext& context) {
    EncryptionKey key;
    if (!config.passphrase.empty()) {
        auto passphrase = fill_in_line(config.passphrase, context);
        if (!passphrase) return failure(passphrase.error());
        key.passphrase = std::move(*passphrase);
        return key;
    }
    return read_encryption_key(config.key_file, config.passphrase_file);
}

}  // namespace

Result<EncryptionKey> read_encryption_key(const std::string& key_file, const std::string& passphrase_file) {
    const bool is_raw = !key_file.empty();
    const std::string& path = is_raw ? key_file : passphrase_file;
    const auto bytes = read_secret_file(path, kPassphraseBytesMax);
    if (!bytes) return failure(bytes.error());
    std::string_view text = bytes->view();
    if (!is_raw && text.ends_with('\n')) text.remove_suffix(1);
    if (text.empty()) return failure(ErrorCode::secret_unavailable, path + ": it is empty");
    EncryptionKey key;
    (is_raw ? key.raw : key.passphrase) = SecretString(text);
    return key;
}

std::string EncryptedProvider::describe() const { return "encrypted " + config_.store_file + "#" + source_text(config_.name); }

void EncryptedProvider::visit_templates(const std::function<void(const TemplateText&)>& visit) const {
    visit(config_.name);
    if (!config_.passphrase.empty()) visit(config_.passphrase);
}

std::vector<std::string> EncryptedProvider::files() const {
    std::vector<std::string> files{config_.store_file};
    for (const std::string& path : {config_.key_file, config_.passphrase_file}) {
        if (!path.empty()) files.push_back(path);
    }
    return files;
}

Result<Fetched> EncryptedProvider::fetch(FetchContext& context) const {
    const auto failed = [&](const Error& error) { return failure(error.code, config_.store_file + ": " + error.detail); };
    const auto name = fill_in_line(config_.name, context);
    if (!name) return failure(name.error());
    const auto key = key_of(config_, context);
    if (!key) return failure(key.error());
    const auto bytes = read_secret_file(config_.store_file, kEncryptedFileBytesMax);
    if (!bytes) return failure(bytes.error());
    const auto file = EncryptedFile::open(bytes->view(), *key);
    if (!file) return failed(file.error());
    if (!file->has(name->reveal())) return failed({ErrorCode::denied, "there is no entry of this name"});
    auto value = file->get(name->reveal());
    if (!value) return failed(value.error());
    return Fetched{std::move(*value), std::nullopt};
}

}  // namespace sallyport::secrets
