// Where in a text a needle may begin, quickly: of every four bytes it says "no" or "perhaps". First 32 places at a time
// by sets of half bytes in 24 groups (the method is known as Teddy), where the processor has AVX2; what passes, and
// every place without AVX2, by one bit of a hash table. Letters are compared without their case. Immutable; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "rules/locked_array.h"

namespace sallyport::rules {

inline constexpr std::size_t kStartBytes = 4;

// The four bytes at `bytes`, the first one lowest, without case: also what the filter takes for the same.
inline std::uint32_t folded_start(const char* bytes) {
    std::uint32_t start = 0;
    for (std::size_t i = 0; i < kStartBytes; ++i) {
        start |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return start | 0x20202020u;
}

class StartFilter final {
public:
    enum class Speed { best, portable };

    StartFilter() = default;
    // `starts` folded and each once.
    explicit StartFilter(std::span<const std::uint32_t> starts, Speed speed = Speed::best);
    StartFilter(StartFilter&&) = default;
    StartFilter& operator=(StartFilter&&) = default;
    ~StartFilter();

    // Never false for one of `starts`.
    bool may_be(std::uint32_t folded) const {
        const std::uint32_t bit = folded * kMultiplier >> shift_;
        return (bits_[bit / 32] >> (bit % 32) & 1) != 0;
    }

    // The first place at or after `from` that may be a start, of those that have four bytes before `size`; if there is
    // none, the first that has fewer, which is `size` at most.
    std::size_t find(const char* bytes, std::size_t from, std::size_t size) const;

private:
    static constexpr std::uint32_t kMultiplier = 0x9e3779b1u;
    static constexpr std::size_t kOctets = 3;
    static constexpr std::size_t kGroups = 8 * kOctets;

    // From half a byte to the groups of starts that have it there, eight groups a byte.
    struct Masks {
        alignas(16) std::uint8_t low[kOctets][kStartBytes][16];
        alignas(16) std::uint8_t high[kOctets][kStartBytes][16];
    };

    void add_bits(std::span<const std::uint32_t> starts);
    void add_masks(std::span<const std::uint32_t> starts);
    void add_mask(std::uint32_t start, std::size_t group);
    std::size_t find_by_masks(const char* bytes, std::size_t from, std::size_t end) const;
    std::size_t find_by_bits(const char* bytes, std::size_t from, std::size_t end) const;

    LockedArray<std::uint32_t> bits_;
    Masks masks_{};
    unsigned shift_ = 0;
    bool has_masks_ = false;
};

}  // namespace sallyport::rules
