#include "rules/language.h"

#include <algorithm>
#include <unordered_set>

#include "rules/text_universe.h"

namespace sallyport::rules {
namespace {

constexpr std::uint32_t kNoState = ~std::uint32_t{0};

// What a set of patterns has read so far, all of them at once.
class Automaton {
public:
    Automaton(Universe universe, const std::vector<TextCondition>& conditions)
        : universe_(universe), conditions_(conditions) {
        for (const TextCondition& condition : conditions) {
            for (const Glob& glob : condition.globs) words_ += glob.state_words();
        }
    }

    // Of one state, as words: the universe's, then each pattern's.
    std::size_t words() const { return words_; }

    void start(std::uint64_t* state) const {
        *state++ = start_of(universe_).packed();
        each_glob([&](const Glob& glob) { store(glob, glob.start(), state); });
    }

    // False where no text of the set begins so.
    bool step(const std::uint64_t* from, const Symbol& symbol, std::uint64_t* to) const {
        UniverseState place = UniverseState::unpacked(*from++);
        if (!advance(universe_, place, symbol)) return false;
        *to++ = place.packed();
        for (const TextCondition& condition : conditions_) {
            bool may_match = false;
            for (const Glob& glob : condition.globs) {
                Glob::States states = load(glob, from);
                bool is_alive = true;
                for (const char c : symbol.text()) is_alive = is_alive && glob.advance(states, c);
                if (!is_alive) states = {};
                if (!condition.wanted && glob.accepts_any_rest(states)) return false;
                may_match |= is_alive;
                store(glob, states, to);
            }
            if (condition.wanted && !may_match) return false;
        }
        return true;
    }

    bool accepts(const std::uint64_t* state) const {
        if (!may_end(universe_, UniverseState::unpacked(*state++))) return false;
        for (const TextCondition& condition : conditions_) {
            bool matches = false;
            for (const Glob& glob : condition.globs) matches |= glob.accepts(load(glob, state));
            if (matches != condition.wanted) return false;
        }
        return true;
    }

private:
    template <class Visit>
    void each_glob(Visit visit) const {
        for (const TextCondition& condition : conditions_) {
            for (const Glob& glob : condition.globs) visit(glob);
        }
    }

    static Glob::States load(const Glob& glob, const std::uint64_t*& from) {
        Glob::States states{};
        std::copy_n(from, glob.state_words(), states.begin());
        from += glob.state_words();
        return states;
    }
    static void store(const Glob& glob, const Glob::States& states, std::uint64_t*& to) {
        to = std::copy_n(states.begin(), glob.state_words(), to);
    }

    Universe universe_;
    const std::vector<TextCondition>& conditions_;
    std::size_t words_ = 1;
};

// Breadth first, so that the first text found is a shortest one.
class TextSearch {
public:
    TextSearch(const Automaton& automaton, std::vector<Symbol> symbols, Budget& budget)
        : automaton_(automaton), symbols_(std::move(symbols)), budget_(budget), seen_(64, Hash{this}, Same{this}) {}

    FoundText run() {
        automaton_.start(grow());
        keep({kNoState, 0});
        for (std::uint32_t at = 0; at < steps_.size(); ++at) {
            if (automaton_.accepts(state(at))) return {Search::found, text_to(at)};
            if (!expand(at)) return {Search::gave_up, {}};
        }
        return {Search::none, {}};
    }

private:
    // How a state was reached first.
    struct Step {
        std::uint32_t from;
        std::uint32_t symbol;
    };
    struct Hash {
        const TextSearch* search;
        std::size_t operator()(std::uint32_t index) const {
            std::uint64_t hash = 1469598103934665603u;
            const std::uint64_t* words = search->state(index);
            for (std::size_t i = 0; i < search->automaton_.words(); ++i) {
                hash = (hash ^ words[i]) * 1099511628211u;
                hash ^= hash >> 29;
            }
            return hash;
        }
    };
    struct Same {
        const TextSearch* search;
        bool operator()(std::uint32_t a, std::uint32_t b) const {
            return std::equal(search->state(a), search->state(a) + search->automaton_.words(), search->state(b));
        }
    };

    const std::uint64_t* state(std::uint32_t index) const { return states_.data() + index * automaton_.words(); }

    // Room for one more state, which keep() makes one of ours, or drop() gives back.
    std::uint64_t* grow() {
        states_.resize(states_.size() + automaton_.words());
        return states_.data() + states_.size() - automaton_.words();
    }
    void drop() { states_.resize(states_.size() - automaton_.words()); }
    void keep(Step step) {
        const auto index = static_cast<std::uint32_t>(steps_.size());
        if (!seen_.insert(index).second) return drop();
        steps_.push_back(step);
    }

    bool expand(std::uint32_t at) {
        for (std::uint32_t i = 0; i < symbols_.size(); ++i) {
            if (!budget_.spend(automaton_.words())) return false;
            std::uint64_t* next = grow();
            if (automaton_.step(state(at), symbols_[i], next)) {
                keep({at, i});
            } else {
                drop();
            }
        }
        return true;
    }

    std::string text_to(std::uint32_t at) const {
        std::vector<std::string_view> parts;
        for (; steps_[at].from != kNoState; at = steps_[at].from) parts.push_back(symbols_[steps_[at].symbol].text());
        std::string text;
        for (auto part = parts.rbegin(); part != parts.rend(); ++part) text += *part;
        return text;
    }

    const Automaton& automaton_;
    std::vector<Symbol> symbols_;
    Budget& budget_;
    std::vector<std::uint64_t> states_;
    std::vector<Step> steps_;
    std::unordered_set<std::uint32_t, Hash, Same> seen_;
};

Characters characters_of(const std::vector<TextCondition>& conditions) {
    Characters named;
    for (const TextCondition& condition : conditions) {
        for (const Glob& glob : condition.globs) {
            for (const char c : glob.text()) named[static_cast<unsigned char>(c)] = c != '*';
        }
    }
    return named;
}

// The pattern with `filling` for each star.
std::string filled_in(const Glob& glob, std::string_view filling) {
    std::string text;
    for (const char c : glob.text()) {
        if (c != '*') {
            text += c;
        } else if (text.empty() || !text.ends_with(filling)) {
            text += filling;
        }
    }
    return text;
}

// Most questions have an easy answer: a wanted pattern's own text.
std::optional<std::string> guess(Universe universe, const std::vector<TextCondition>& conditions, Budget& budget) {
    const auto wanted =
        std::find_if(conditions.begin(), conditions.end(), [](const TextCondition& each) { return each.wanted; });
    const auto fits = [&](const std::string& text) {
        budget.spend(conditions.size());
        return is_in(universe, text) && meets(text, conditions);
    };
    if (wanted == conditions.end()) {
        for (std::string text : {"/", "/x", "x", ""}) {
            if (fits(text)) return text;
        }
        return std::nullopt;
    }
    for (const Glob& glob : wanted->globs) {
        for (const std::string_view filling : {"x", "xyz"}) {
            if (auto text = filled_in(glob, filling); fits(text)) return text;
        }
    }
    return std::nullopt;
}

}  // namespace

bool meets(std::string_view text, const std::vector<TextCondition>& conditions) {
    return std::all_of(conditions.begin(), conditions.end(), [&](const TextCondition& condition) {
        const auto matches = [&](const Glob& glob) { return glob.matches(text); };
        return std::any_of(condition.globs.begin(), condition.globs.end(), matches) == condition.wanted;
    });
}

FoundText find_text(Universe universe, const std::vector<TextCondition>& conditions, Budget& budget) {
    if (budget.is_used_up()) return {Search::gave_up, {}};
    if (auto text = guess(universe, conditions, budget)) return {Search::found, std::move(*text)};
    const Automaton automaton(universe, conditions);
    return TextSearch(automaton, symbols_of(universe, characters_of(conditions)), budget).run();
}

}  // namespace sallyport::rules
