#include "rules/text_universe.h"

#include <gtest/gtest.h>

namespace sallyport::rules {
namespace {

// Follows the automaton; the parts are those that a search would add.
bool accepts(Universe universe, const std::vector<std::string>& parts) {
    UniverseState state = start_of(universe);
    for (const std::string& part : parts) {
        Symbol symbol;
        symbol.size = static_cast<std::uint8_t>(part.size());
        std::copy(part.begin(), part.end(), symbol.bytes.begin());
        state = UniverseState::unpacked(state.packed());
        if (!advance(universe, state, symbol)) return false;
    }
    return may_end(universe, state);
}

// All sequences of these parts, up to a length: the automaton and the code that judges requests say the same.
void compare(Universe universe, const std::vector<std::string>& parts, std::size_t count_max) {
    std::vector<std::vector<std::string>> sequences{{}};
    std::size_t accepted = 0;
    for (std::size_t at = 0; at < sequences.size(); ++at) {
        const std::vector<std::string> sequence = sequences[at];
        std::string text;
        for (const std::string& part : sequence) text += part;
        ASSERT_EQ(accepts(universe, sequence), is_in(universe, text)) << text;
        accepted += is_in(universe, text) ? 1 : 0;
        if (sequence.size() == count_max) continue;
        for (const std::string& part : parts) {
            sequences.push_back(sequence);
            sequences.back().push_back(part);
        }
    }
    EXPECT_GT(accepted, 10u);
}

TEST(TextUniverse, AgreesWithTheCanonicalFormOfPaths) {
    compare(Universe::path, {"/", ".", ";", "a", "%3B", "%25"}, 6);
    compare(Universe::path, {"/", "%25", "2", "f", "F", "g", "%20"}, 5);
}

TEST(TextUniverse, AgreesWithTheUtf8OfPaths) {
    compare(Universe::path, {"/", "a", "%C3", "%A9", "%E0", "%A0", "%80", "%ED", "%9F", "%F0", "%90", "%F4", "%8F"}, 5);
}

TEST(TextUniverse, AgreesWithTheValuesOfFields) {
    compare(Universe::field_value, {" ", "\t", "a", "\xc3"}, 6);
    EXPECT_FALSE(is_in(Universe::field_value, "a\n"));
    EXPECT_FALSE(is_in(Universe::query_value, std::string("a\0", 2)));
}

TEST(TextUniverse, OneSymbolStandsForAllThatNoPatternNames) {
    Characters named;
    named['a'] = named['x'] = named['?'] = true;
    const auto texts = [](const std::vector<Symbol>& symbols) {
        std::string text;
        for (const Symbol& symbol : symbols) text += std::string(symbol.text()) + ' ';
        return text;
    };
    // No path holds a '?'.
    EXPECT_EQ(texts(symbols_of(Universe::path, named)), "y / a x ");
    EXPECT_EQ(texts(symbols_of(Universe::query_value, named)), "y ? a x ");
    named['%'] = true;
    const auto all = symbols_of(Universe::path, named);
    EXPECT_GT(all.size(), 200u);
    for (const Symbol& symbol : all) EXPECT_NE(symbol.text(), "%2F");
    EXPECT_EQ(symbols_of(Universe::query_value, Characters().set()).size(), 255u);
}

}  // namespace
}  // namespace sallyport::rules
