#include "secrets/encrypted_file.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>

#include "base/check.h"
#include "secrets/encoding.h"
#include "secrets/wiped_buffer.h"

namespace sallyport::secrets {
namespace {

constexpr std::string_view kFirstLine = "sallyport-secrets 1";
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kNameBytesMax = 128;

// 64 MiB; what a file asks for is not more than four times that.
constexpr std::uint64_t kScryptN = 65536;
constexpr std::uint64_t kScryptR = 8;
constexpr std::uint64_t kScryptP = 1;
constexpr std::uint64_t kScryptMemoryMax = 256 * 1024 * 1024;
constexpr std::uint64_t kScryptPMax = 16;

using ContextPtr = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

tl::unexpected<Error> unavailable(std::string detail) {
    return failure(ErrorCode::secret_unavailable, std::move(detail));
}
tl::unexpected<Error> broken() { return unavailable("not a file of sallyport's secrets, or a broken one"); }

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(char* data) { return reinterpret_cast<unsigned char*>(data); }
int size_of(std::string_view text) { return static_cast<int>(text.size()); }

std::string random_bytes(std::size_t size, Random& random) {
    std::string bytes(size, '\0');
    random.fill({bytes_of(bytes.data()), size});
    return bytes;
}

std::string base64(std::string_view bytes) {
    Buffer out;
    append_base64(out, bytes);
    return std::string(out.view());
}

std::optional<std::string> from_base64(std::string_view text) {
    Buffer out;
    if (!decode_base64(text, out)) return std::nullopt;
    return std::string(out.view());
}

// The tag follows the bytes.
std::string encrypt(std::string_view key, std::string_view nonce, std::string_view data, std::string_view value) {
    const ContextPtr context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
    std::string out(value.size() + kTagBytes, '\0');
    int size = 0;
    SALLYPORT_CHECK(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce)) == 1);
    SALLYPORT_CHECK(EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(data), size_of(data)) == 1);
    if (!value.empty()) {
        SALLYPORT_CHECK(EVP_EncryptUpdate(context.get(), bytes_of(out.data()), &size, bytes_of(value), size_of(value)) == 1);
    }
    SALLYPORT_CHECK(EVP_EncryptFinal_ex(context.get(), bytes_of(out.data()) + value.size(), &size) == 1);
    SALLYPORT_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, out.data() + value.size()) == 1);
    return out;
}

// Nothing where it was not made with that key, nonce and data.
std::optional<SecretString> decrypt(std::string_view key, std::string_view nonce, std::string_view data, std::string_view bytes) {
    if (nonce.size() != kNonceBytes || bytes.size() < kTagBytes) return std::nullopt;
    const std::string_view body = bytes.substr(0, bytes.size() - kTagBytes);
    std::array<char, kTagBytes> tag;
    bytes.substr(body.size()).copy(tag.data(), tag.size());
    const ContextPtr context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
    WipedBuffer out;
    char* const to = out.reserve(body.size() + 1);
    int size = 0;
    const bool is_good =
        EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce)) == 1 &&
        EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(data), size_of(data)) == 1 &&
        (body.empty() || EVP_DecryptUpdate(context.get(), bytes_of(to), &size, bytes_of(body), size_of(body)) == 1) &&
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
        EVP_DecryptFinal_ex(context.get(), bytes_of(to) + body.size(), &size) == 1;
    out.commit(body.size());
    return is_good ? std::optional(SecretString(out.view())) : std::nullopt;
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (std::size_t start = 0; start <= line.size();) {
        const auto end = std::min(line.find(' ', start), line.size());
        words.push_back(line.substr(start, end - start));
        start = end + 1;
    }
    return words;
}

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    return std::from_chars(text.data(), end, value) == std::from_chars_result{end, std::errc{}} ? value : 0;
}

Result<SecretString> scrypt_key(const SecretString& passphrase, const std::vector<std::string_view>& words) {
    const auto salt = from_base64(words[5]);
    const std::uint64_t n = number(words[2]);
    const std::uint64_t r = number(words[3]);
    const std::uint64_t p = number(words[4]);
    const bool is_bounded = n > 1 && (n & (n - 1)) == 0 && n <= kScryptMemoryMax && r > 0 && r <= 64 && p > 0 &&
                            p <= kScryptPMax && 128 * r * n <= kScryptMemoryMax;
    if (!salt || salt->size() != kSaltBytes || !is_bounded) return broken();
    std::array<char, kEncryptedKeyBytes> key;
    const bool is_made = EVP_PBE_scrypt(passphrase.reveal().data(), passphrase.size(), bytes_of(*salt), salt->size(), n, r, p,
                                        kScryptMemoryMax + 1024 * 1024, bytes_of(key.data()), key.size()) == 1;
    if (!is_made) return unavailable("the key cannot be made of the passphrase: not enough memory");
    SecretString made(std::string_view(key.data(), key.size()));
    wipe_bytes(key.data(), key.size());
    return made;
}

Result<SecretString> key_for(std::string_view key_line, const EncryptionKey& key) {
    const auto words = words_of(key_line);
    const bool is_raw = words.size() == 2 && words[0] == "key" && words[1] == "raw";
    const bool is_scrypt = words.size() == 6 && words[0] == "key" && words[1] == "scrypt";
    if (!is_raw && !is_scrypt) return broken();
    if (is_raw && key.raw.empty()) return unavailable("the file's key is a file, not a passphrase");
    if (is_scrypt && key.passphrase.empty()) return unavailable("the file's key is a passphrase, not a file");
    if (is_scrypt) return scrypt_key(key.passphrase, words);
    if (key.raw.size() == kEncryptedKeyBytes) return SecretString(key.raw.reveal());
    return unavailable("a key is 32 bytes");
}

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '/' || c == '-';
}

std::string data_of(std::string_view name) { return "entry " + std::string(name); }

// With its line end; empty where there is none.
std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    if (end == text.npos) return {};
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

}  // namespace

bool is_entry_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), is_name_char);
}

Result<EncryptedFile> EncryptedFile::create(const EncryptionKey& key, Random& random) {
    std::string key_line = "key raw";
    if (key.raw.empty()) {
        key_line = "key scrypt " + std::to_string(kScryptN) + " " + std::to_string(kScryptR) + " " + std::to_string(kScryptP) + " " +
                   base64(random_bytes(kSaltBytes, random));
    }
    auto made = key_for(key_line, key);
    if (!made) return failure(made.error());
    return EncryptedFile(std::move(key_line), std::move(*made));
}

Result<EncryptedFile> EncryptedFile::open(std::string_view text, const EncryptionKey& key) {
    if (text.size() > kEncryptedFileBytesMax) return broken();
    std::string_view rest = text;
    if (take_line(rest) != kFirstLine) return broken();
    const std::string_view key_line = take_line(rest);
    auto made = key_for(key_line, key);
    if (!made) return failure(made.error());
    EncryptedFile file{std::string(key_line), std::move(*made)};
    if (auto read = file.read_lines(rest, text); !read) return failure(read.error());
    return file;
}

Result<void> EncryptedFile::read_lines(std::string_view text, std::string_view whole) {
    while (text.starts_with("entry ")) {
        const auto words = words_of(take_line(text));
        if (words.size() != 4 || !is_entry_name(words[1]) || entries_.size() >= kEncryptedEntriesMax) return broken();
        auto nonce = from_base64(words[2]);
        auto bytes = from_base64(words[3]);
        if (!nonce || !bytes) return broken();
        if (!entries_.emplace(words[1], Entry{std::move(*nonce), std::move(*bytes)}).second) return broken();
    }
    const std::string_view sealed = whole.substr(0, whole.size() - text.size());
    const auto words = words_of(take_line(text));
    if (words.size() != 3 || words[0] != "seal" || !text.empty()) return broken();
    const auto nonce = from_base64(words[1]);
    const auto tag = from_base64(words[2]);
    if (!nonce || !tag || tag->size() != kTagBytes) return broken();
    if (decrypt(key_.reveal(), *nonce, sealed, *tag)) return {};
    return unavailable("another key, or the file was changed by somebody who does not have it");
}

std::vector<std::string> EncryptedFile::names() const {
    std::vector<std::string> names;
    for (const auto& [name, entry] : entries_) names.push_back(name);
    return names;
}

Result<SecretString> EncryptedFile::get(std::string_view name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end()) return unavailable("there is no entry of this name");
    auto value = decrypt(key_.reveal(), found->second.nonce, data_of(name), found->second.bytes);
    if (!value) return broken();
    return std::move(*value);
}

Result<void> EncryptedFile::set(std::string_view name, std::string_view value, Random& random) {
    if (!is_entry_name(name)) return failure(ErrorCode::config_invalid, "a name is 1 to 128 of A-Z, a-z, 0-9, '.', '_', '/' and '-'");
    if (!has(name) && entries_.size() >= kEncryptedEntriesMax) return failure(ErrorCode::config_invalid, "there are 4096 entries at most");
    Entry entry;
    entry.nonce = random_bytes(kNonceBytes, random);
    entry.bytes = encrypt(key_.reveal(), entry.nonce, data_of(name), value);
    entries_.insert_or_assign(std::string(name), std::move(entry));
    return {};
}

bool EncryptedFile::remove(std::string_view name) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) return false;
    entries_.erase(found);
    return true;
}

std::string EncryptedFile::unsealed_text() const {
    std::string text = std::string(kFirstLine) + "\n" + key_line_ + "\n";
    for (const auto& [name, entry] : entries_) {
        text += data_of(name) + " " + base64(entry.nonce) + " " + base64(entry.bytes) + "\n";
    }
    return text;
}

std::string EncryptedFile::text(Random& random) const {
    const std::string unsealed = unsealed_text();
    const std::string nonce = random_bytes(kNonceBytes, random);
    return unsealed + "seal " + base64(nonce) + " " + base64(encrypt(key_.reveal(), nonce, unsealed, "")) + "\n";
}

}  // namespace sallyport::secrets
