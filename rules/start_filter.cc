#include "rules/start_filter.h"

#include <algorithm>
#include <bit>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sallyport::rules {
namespace {

constexpr unsigned kBitsLog2Min = 12;
constexpr unsigned kBitsLog2Max = 23;
// One bit in this many is set: a place that passes by chance costs as much as hundreds that do not.
constexpr std::size_t kBitsPerStart = 64;

unsigned log2_of_bits(std::size_t starts) {
    return std::clamp<unsigned>(std::bit_width(starts * kBitsPerStart), kBitsLog2Min, kBitsLog2Max);
}

std::uint8_t byte_of(std::uint32_t start, std::size_t i) { return static_cast<std::uint8_t>(start >> (8 * i)); }

bool is_hex_digit(std::uint8_t byte) { return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f'); }

bool is_other_escape(std::uint8_t byte) {
    return byte == '%' || byte == '&' || byte == ('\n' | 32) || byte == ('\r' | 32);
}

// Starts that differ from what text is made of share a group, each kind its own, so that its sets stay small and the
// groups of the others stay free of it. Bytes are folded: a space may be NUL.
constexpr std::size_t kSpecialGroups = 10;
std::size_t special_group(std::uint32_t start) {
    std::uint8_t byte[kStartBytes];
    for (std::size_t i = 0; i < kStartBytes; ++i) byte[i] = byte_of(start, i);
    for (std::size_t i = 0; i < kStartBytes; ++i) {
        const bool is_backslash = byte[i] == ('\\' | 32);
        if (is_backslash || is_other_escape(byte[i])) return i == 0 ? 0 : 2 * i - (is_backslash ? 0 : 1);
    }
    if (byte[0] == ' ' && byte[2] == ' ') return 7;  // UTF-16
    if (byte[1] == ' ' && byte[3] == ' ') return 8;
    return std::all_of(byte, byte + kStartBytes, is_hex_digit) ? 9 : kSpecialGroups;
}

bool has_avx2() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") != 0;
#else
    return false;
#endif
}

}  // namespace

StartFilter::StartFilter(std::span<const std::uint32_t> starts, Speed speed)
    : has_masks_(speed == Speed::best && has_avx2()) {
    add_bits(starts);
    if (has_masks_) add_masks(starts);
}

StartFilter::~StartFilter() { wipe_bytes(&masks_, sizeof masks_); }

void StartFilter::add_bits(std::span<const std::uint32_t> starts) {
    const unsigned log2 = log2_of_bits(starts.size());
    shift_ = 32 - log2;
    WipedVector<std::uint32_t> words((std::size_t{1} << log2) / 32);
    for (const std::uint32_t start : starts) {
        const std::uint32_t bit = start * kMultiplier >> shift_;
        words[bit / 32] |= 1u << (bit % 32);
    }
    bits_ = LockedArray<std::uint32_t>(words);
}

// Neighbours by their second byte go into one group: what begins with the end of something else differs in the first.
void StartFilter::add_masks(std::span<const std::uint32_t> starts) {
    WipedVector<std::uint32_t> plain;
    for (const std::uint32_t start : starts) {
        const std::size_t group = special_group(start);
        if (group < kSpecialGroups) {
            add_mask(start, group);
        } else {
            plain.push_back(std::rotr(start, 8));
        }
    }
    const auto by_second_byte = [](std::uint32_t a, std::uint32_t b) {
        return __builtin_bswap32(a) < __builtin_bswap32(b);
    };
    std::sort(plain.begin(), plain.end(), by_second_byte);
    for (std::size_t i = 0; i < plain.size(); ++i) {
        add_mask(std::rotl(plain[i], 8), kSpecialGroups + i * (kGroups - kSpecialGroups) / plain.size());
    }
}

void StartFilter::add_mask(std::uint32_t start, std::size_t group) {
    const auto bit = static_cast<std::uint8_t>(1u << (group % 8));
    for (std::size_t i = 0; i < kStartBytes; ++i) {
        masks_.low[group / 8][i][byte_of(start, i) & 15] |= bit;
        masks_.high[group / 8][i][byte_of(start, i) >> 4] |= bit;
    }
}

std::size_t StartFilter::find(const char* bytes, std::size_t from, std::size_t size) const {
    const std::size_t end = size < kStartBytes ? 0 : size - kStartBytes + 1;
    if (from >= end) return from;
    return has_masks_ ? find_by_masks(bytes, from, end) : find_by_bits(bytes, from, end);
}

std::size_t StartFilter::find_by_bits(const char* bytes, std::size_t from, std::size_t end) const {
    while (from < end && !may_be(folded_start(bytes + from))) ++from;
    return from;
}

#if defined(__x86_64__)
namespace {

__attribute__((target("avx2"))) inline __m256i twice(const std::uint8_t (&set)[16]) {
    return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(set)));
}

}  // namespace

__attribute__((target("avx2"))) std::size_t StartFilter::find_by_masks(const char* bytes, std::size_t from,
                                                                       std::size_t end) const {
    const __m256i nibble = _mm256_set1_epi8(15);
    const __m256i fold = _mm256_set1_epi8(32);
    // The last place of a block reads up to three bytes behind it, which are before `end` plus three.
    for (; from + 32 <= end; from += 32) {
        __m256i groups[kOctets];
        for (std::size_t i = 0; i < kStartBytes; ++i) {
            const __m256i text =
                _mm256_or_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + from + i)), fold);
            const __m256i low = _mm256_and_si256(text, nibble);
            const __m256i high = _mm256_and_si256(_mm256_srli_epi16(text, 4), nibble);
            for (std::size_t octet = 0; octet < kOctets; ++octet) {
                const __m256i fitting = _mm256_and_si256(_mm256_shuffle_epi8(twice(masks_.low[octet][i]), low),
                                                         _mm256_shuffle_epi8(twice(masks_.high[octet][i]), high));
                groups[octet] = i == 0 ? fitting : _mm256_and_si256(groups[octet], fitting);
            }
        }
        __m256i any = groups[0];
        for (std::size_t octet = 1; octet < kOctets; ++octet) any = _mm256_or_si256(any, groups[octet]);
        const __m256i none = _mm256_cmpeq_epi8(any, _mm256_setzero_si256());
        for (auto places = ~static_cast<std::uint32_t>(_mm256_movemask_epi8(none)); places != 0; places &= places - 1) {
            const std::size_t at = from + static_cast<std::size_t>(std::countr_zero(places));
            if (may_be(folded_start(bytes + at))) return at;
        }
    }
    return find_by_bits(bytes, from, end);
}
#else
std::size_t StartFilter::find_by_masks(const char* bytes, std::size_t from, std::size_t end) const {
    return find_by_bits(bytes, from, end);
}
#endif

}  // namespace sallyport::rules
