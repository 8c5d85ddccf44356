// A file of encrypted values, for whoever has no store: made and changed by `sallyport secrets set`, read by
// `secrets: { s: { encrypted: … } }`. Pure: text in, text out. Not for many processes that write at once: the last one wins.
//
// Lines, in this order, each ended by "\n"; base64 with padding:
//
//     sallyport-secrets 1
//     key raw                                      the key is 32 bytes
//     key scrypt N R P SALT                        or made of a passphrase (RFC 7914; N, r and p in decimal, 16 bytes of salt)
//     entry NAME NONCE BYTES                       by name: AES-256-GCM of the value, a nonce of 12 bytes, the tag of 16 at the end
//     seal NONCE TAG                               AES-256-GCM of nothing, over all lines before as additional data
//
// An entry's additional data is "entry NAME", so that a value cannot be passed off under another name. The seal tells a
// wrong key from a broken file, and that no line was changed, removed or put in; not that the whole file is an older one. A
// nonce is random and new with each value and each seal.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/secret_string.h"

namespace sallyport::secrets {

inline constexpr std::size_t kEncryptedKeyBytes = 32;
inline constexpr std::size_t kEncryptedFileBytesMax = 8 * 1024 * 1024;
inline constexpr std::size_t kEncryptedEntriesMax = 4096;

// What a file is opened with: exactly one of them.
struct EncryptionKey {
    SecretString raw;  // kEncryptedKeyBytes of it
    SecretString passphrase;
};

class EncryptedFile final {
public:
    // An empty one. secret_unavailable for a key of the wrong size.
    static Result<EncryptedFile> create(const EncryptionKey& key, Random& random);
    // secret_unavailable for what is no such file, another key, and a file that was changed by anybody else. With a passphrase
    // it takes 64 MiB of memory and a moment.
    static Result<EncryptedFile> open(std::string_view text, const EncryptionKey& key);

    std::vector<std::string> names() const;
    bool has(std::string_view name) const { return entries_.find(name) != entries_.end(); }
    // secret_unavailable where there is none.
    Result<SecretString> get(std::string_view name) const;
    // config_invalid for a name that is none, or too many entries.
    Result<void> set(std::string_view name, std::string_view value, Random& random);
    // False where there is none.
    bool remove(std::string_view name);

    // To be written.
    std::string text(Random& random) const;

private:
    struct Entry {
        std::string nonce;
        std::string bytes;  // the tag at the end
    };

    EncryptedFile(std::string key_line, SecretString key) : key_line_(std::move(key_line)), key_(std::move(key)) {}
    // `text` is what is left of `whole` after the first two lines.
    Result<void> read_lines(std::string_view text, std::string_view whole);
    std::string unsealed_text() const;

    std::string key_line_;
    SecretString key_;
    std::map<std::string, Entry, std::less<>> entries_;
};

// 1 to 128 of [A-Za-z0-9._/-].
bool is_entry_name(std::string_view name);

}  // namespace sallyport::secrets
