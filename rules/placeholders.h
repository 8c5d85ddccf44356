// What stands for secrets inside a sandbox: random texts, one for each credential that has one, known by a mark that no
// other text has. They are no secrets (the sandbox has them), but each is worth something only in its own sandbox and in
// the places that its credential names. Made when a sandbox is opened; a new one of the same name gets new ones.
// Immutable once published: `const` calls are safe from any thread.
//
//   sk-ant-sallyp0x7rk2…   the credential's prefix, the mark, and at least 26 of [a-z2-7]: 130 bits
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "http/message.h"

namespace sallyport::rules {

// It begins nowhere inside itself, and holds letters that what follows cannot.
inline constexpr std::string_view kPlaceholderMark = "sallyp0x";
inline constexpr std::size_t kPlaceholderRandomMin = 26;
// Where the secret's length is not known.
inline constexpr std::size_t kPlaceholderRandomDefault = 40;
inline constexpr std::size_t kPlaceholderBytesMax = 8192;

// prefix + mark + random, `size` bytes if that is room enough for all of it.
std::string make_placeholder(std::string_view prefix, std::size_t size, Random& random);

// The mark with what belongs to it, at its first place in `text` from `from` on; empty for none.
std::string_view find_placeholder(std::string_view text, std::size_t from = 0);
inline bool mentions_placeholder(std::string_view text) { return text.find(kPlaceholderMark) != text.npos; }
// In the target, in a field's name or value, or in what a Basic or Digest-like value has encoded.
bool mentions_placeholder(const http::RequestHead& head);
// placeholder_misused where one is mentioned: asked of every head as it is about to leave.
Result<void> refuse_placeholders(const http::RequestHead& head);

struct PlaceholderNeed {
    std::string credential;
    std::string variable;  // of the sandbox's environment
    std::string prefix;
    std::size_t secret_size = 0;  // 0: not known
};

class Placeholders final {
public:
    struct Entry {
        std::string variable;
        std::string text;
    };

    // As `earlier` (null for none) has them, and new ones for the rest.
    static std::shared_ptr<const Placeholders> make(std::span<const PlaceholderNeed> needs, const Placeholders* earlier,
                                                    Random& random);

    // Empty for none. Valid as long as this.
    std::string_view of(std::string_view credential) const;
    // By credential.
    const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }

private:
    std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace sallyport::rules
