#include "rules/needle_scan.h"

#include <algorithm>
#include <cstring>

namespace sallyport::rules {

std::size_t NeedleScan::run(char* window, std::size_t from, std::size_t size, std::uint64_t origin) {
    for (std::size_t at = from; at < size; ++at) {
        if (attempts_.empty()) at = needles_.filter().find(window, at, size);
        if (at >= size) break;
        begin_at(window, at, size, origin);
        step(window, at, origin);
    }
    return attempts_.empty() ? size : static_cast<std::size_t>(std::max(attempts_.front().begin, origin) - origin);
}

void NeedleScan::begin_at(const char* window, std::size_t at, std::size_t size, std::uint64_t origin) {
    if (size - at >= kStartBytes && !needles_.filter().may_be(folded_start(window + at))) return;
    const std::uint32_t key = start_key({window + at, size - at});
    for (const auto& start : needles_.starting_with(key)) attempts_.push_back({origin + at, start.needle, {}});
}

void NeedleScan::step(char* window, std::size_t at, std::uint64_t origin) {
    const auto byte = static_cast<std::uint8_t>(window[at]);
    const bool is_plain = std::all_of(attempts_.begin(), attempts_.end(),
                                      [&](const Attempt& attempt) { return is_plain_step(attempt.state, byte); });
    if (is_plain) {
        step_plainly(window, at, origin, byte);
    } else {
        step_any(window, at, origin, byte);
    }
}

// Each attempt goes one unit on where it is, or ends.
void NeedleScan::step_plainly(char* window, std::size_t at, std::uint64_t origin, std::uint8_t byte) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < attempts_.size(); ++i) {
        Attempt& attempt = attempts_[i];
        const Needle& needle = needles_.needles()[attempt.needle];
        if (!leads_on(needle, attempt.state.unit, byte)) {
            note_end(attempt);
            continue;
        }
        ++attempt.state.unit;
        attempt.state.breaks = 0;
        if (is_whole(needle, attempt.state)) {
            overwrite(window, attempt, at + 1, origin);
            continue;
        }
        if (kept != i) attempts_[kept] = attempt;
        ++kept;
    }
    attempts_.resize(kept);
}

void NeedleScan::step_any(char* window, std::size_t at, std::uint64_t origin, std::uint8_t byte) {
    next_.clear();
    for (const Attempt& attempt : attempts_) {
        const Needle& needle = needles_.needles()[attempt.needle];
        bool goes_on = false;
        for_each_edge(needle, attempt.state, [&](std::uint8_t wanted, const NeedleState& state) {
            if (wanted != byte) return;
            goes_on = true;
            if (is_whole(needle, state)) overwrite(window, attempt, at + 1, origin);
            const bool is_over = is_whole(needle, state) && state.token == Token::none;
            if (is_over || is_under_way(attempt.needle, state)) return;
            next_.push_back({attempt.begin, attempt.needle, state});
        });
        if (!goes_on) note_end(attempt);
    }
    attempts_.swap(next_);
}

void NeedleScan::reset() {
    for (const Attempt& attempt : attempts_) note_end(attempt);
    attempts_.clear();
    found_end_ = 0;
}

// What begins inside of an occurrence was looked at with it.
void NeedleScan::note_end(const Attempt& attempt) {
    const std::uint32_t units = needles_.needles()[attempt.needle].units;
    const std::uint32_t unit = attempt.state.unit;
    const bool is_part = unit < units && unit >= units - unit && unit >= kPartUnitsMin;
    if (is_part && attempt.begin >= found_end_) ++parts_;
}

void NeedleScan::overwrite(char* window, const Attempt& attempt, std::size_t end, std::uint64_t origin) {
    const std::uint64_t begin = std::max(attempt.begin, origin) - origin;
    std::memset(window + begin, needles_.fill(), end - begin);
    ++found_;
    found_end_ = origin + end;
}

// Two attempts in one state end alike, and the one that began first covers the other.
bool NeedleScan::is_under_way(std::uint32_t needle, const NeedleState& state) const {
    return std::any_of(next_.begin(), next_.end(),
                       [&](const Attempt& other) { return other.needle == needle && other.state == state; });
}

}  // namespace sallyport::rules
