// Follows every needle through one text that comes in pieces, and overwrites what it finds. A byte is overwritten when
// it is part of an occurrence, however occurrences overlap. Constant memory: the attempts that are under way, of which
// none equals another. Owned by a Scrubber. Lives on one worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "rules/needle_edges.h"
#include "rules/needle_set.h"

namespace sallyport::rules {

// The public beginning of a token is shorter than that, or than half of it.
inline constexpr std::uint32_t kPartUnitsMin = 8;

class NeedleScan final {
public:
    // `needles` outlives this.
    explicit NeedleScan(const NeedleSet& needles) : needles_(needles) {}

    // Goes through window[from, size). The window begins `origin` bytes after the beginning of the text; what is before
    // `from` was gone through already, and is there because the last call wanted it kept; where it is not there any
    // more, the needle is overwritten as far as it is. Returns how much of the window is settled: the rest may be part
    // of a needle that is not whole yet.
    std::size_t run(char* window, std::size_t from, std::size_t size, std::uint64_t origin);

    // How many bytes before `end`, which is the end of what was gone through, the first attempt under way began.
    std::uint64_t longest_attempt(std::uint64_t end) const {
        return attempts_.empty() ? 0 : end - attempts_.front().begin;
    }

    // Occurrences, each form for itself.
    std::uint64_t found() const { return found_; }
    // How often half of a needle was there, kPartUnitsMin units at least, and then something else: an origin may show a
    // secret in parts.
    std::uint64_t parts() const { return parts_; }
    // Forgets what is under way: another text begins.
    void reset();

private:
    struct Attempt {
        std::uint64_t begin = 0;  // in the text
        std::uint32_t needle = 0;
        NeedleState state;
    };

    void begin_at(const char* window, std::size_t at, std::size_t size, std::uint64_t origin);
    void step(char* window, std::size_t at, std::uint64_t origin);
    void step_plainly(char* window, std::size_t at, std::uint64_t origin, std::uint8_t byte);
    void step_any(char* window, std::size_t at, std::uint64_t origin, std::uint8_t byte);
    void note_end(const Attempt& attempt);
    void overwrite(char* window, const Attempt& attempt, std::size_t end, std::uint64_t origin);
    bool is_under_way(std::uint32_t needle, const NeedleState& state) const;

    const NeedleSet& needles_;
    // In the order of their begin.
    std::vector<Attempt> attempts_;
    std::vector<Attempt> next_;
    std::uint64_t found_ = 0;
    std::uint64_t found_end_ = 0;  // in the text: behind the last occurrence
    std::uint64_t parts_ = 0;
};

}  // namespace sallyport::rules
