// The texts that a part of a request may be, as a small automaton: which characters there are, and what may follow
// what. For rules/language.h only.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/language.h"

namespace sallyport::rules {

// What is added to a text in one go: a character, or in a path also a percent-encoded one.
struct Symbol {
    std::array<char, 3> bytes{};
    std::uint8_t size = 1;

    std::string_view text() const { return {bytes.data(), size}; }
};

// How far a text is, for what may come next.
struct UniverseState {
    std::uint8_t segment = 0;  // of a path
    std::uint8_t percent = 0;  // hexadecimal digits since "%25"
    std::uint8_t missing = 0;  // bytes of an encoded character
    std::uint8_t low = 0x80;   // the next one's bounds
    std::uint8_t high = 0xbf;

    // Fits in one word.
    std::uint64_t packed() const;
    static UniverseState unpacked(std::uint64_t word);
};

using Characters = std::bitset<256>;

// The symbols that matter where patterns name the characters `named`: these, and one that stands for all the others.
// The order is that in which texts are tried.
std::vector<Symbol> symbols_of(Universe universe, const Characters& named);

UniverseState start_of(Universe universe);
// False where no text of the universe begins so.
bool advance(Universe universe, UniverseState& state, const Symbol& symbol);
// Whether a text may end here.
bool may_end(Universe universe, const UniverseState& state);

// The same for a whole text, by the code that judges requests.
bool is_in(Universe universe, std::string_view text);

}  // namespace sallyport::rules
