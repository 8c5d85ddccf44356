// What must not come back through one credential's responses: its secrets and what was rendered from them, each in
// every form of rules/needle.h, compiled so that a scan seldom has to look twice. Made once per snapshot and
// credential, when the first response needs it; shared by the streams. Its memory holds secrets: locked, not dumped,
// wiped. Immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/secret_string.h"
#include "rules/locked_array.h"
#include "rules/needle.h"
#include "rules/start_filter.h"

namespace sallyport::rules {

// A shorter value is not looked for: it would be found all over in what has nothing to do with it.
inline constexpr std::size_t kNeedleBytesMin = 4;
inline bool can_be_needle(std::string_view value) { return value.size() >= kNeedleBytesMin; }

// What tells the needles apart that may begin here: the first four bytes, or behind "\u00", which in JSON begins every
// other letter of some languages, the four digits; only the first byte where that is all there is to go by.
inline constexpr std::uint32_t kUnicodeStart = 0x3030757c;  // folded
inline std::uint32_t start_key(std::string_view text) {
    const std::uint32_t first_byte = static_cast<unsigned char>(text[0]);
    if (text.size() < kStartBytes) return first_byte;
    const std::uint32_t start = folded_start(text.data());
    if (start != kUnicodeStart) return start;
    return text.size() < kStartBytes + 2 ? first_byte : folded_start(text.data() + 2) & ~0x20000000u;
}

class NeedleSet final {
public:
    // `secrets` are values as they are; `rendered` are whole field values, query values and the like as they were sent.
    // One in which a secret stands as it is needs no needle of its own: what is around it may be seen. Of another, the
    // word that names the scheme ("Basic ") and the padding may be seen. The views need not outlive the call.
    static std::shared_ptr<const NeedleSet> compile(std::span<const std::string_view> secrets,
                                                    std::span<const std::string_view> rendered = {},
                                                    StartFilter::Speed speed = StartFilter::Speed::best);

    bool empty() const { return needles_.empty(); }
    std::span<const Needle> needles() const { return needles_; }
    // No occurrence of any of them is longer. Only what is a beginning of a needle is ever held back, so that in
    // practice it is a few bytes.
    std::size_t longest_bytes() const { return longest_bytes_; }
    // What replaces each byte of a needle: '*', or where that is part of a value, something else that is not.
    char fill() const { return fill_; }
    const StartFilter& filter() const { return filter_; }

    struct Start {
        std::uint32_t key = 0;  // start_key()
        std::uint32_t needle = 0;

        friend auto operator<=>(const Start&, const Start&) = default;
    };
    std::span<const Start> starting_with(std::uint32_t key) const;

private:
    void add_needles(std::span<const std::string_view> texts);
    void add_starts(StartFilter::Speed speed);

    SecretString texts_;
    std::vector<Needle> needles_;
    LockedArray<Start> starts_;
    StartFilter filter_;
    std::size_t longest_bytes_ = 0;
    char fill_ = '*';
};

}  // namespace sallyport::rules
