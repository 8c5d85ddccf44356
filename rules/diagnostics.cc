#include "rules/diagnostics.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/json.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kDiagnosticsMax = 100;
constexpr std::size_t kQuotedBytesMax = 80;
constexpr std::size_t kSuggestedBytesMax = 40;
constexpr std::size_t kCandidatesMax = 1000;

// How many letters must be put in, left out, changed or swapped with the next (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1])});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, above);
        std::swap(above, row);
    }
    return above[b.size()];
}

std::pair<int, int> position(const Diagnostic& diagnostic) { return {diagnostic.line, diagnostic.column}; }

// Rules that one entry stands for have the same faults at the same place.
void drop_repeated(std::vector<Diagnostic>& diagnostics) {
    std::set<std::pair<std::pair<int, int>, std::string>> known;
    std::erase_if(diagnostics, [&](const Diagnostic& each) {
        return !known.emplace(position(each), each.message).second;
    });
}

}  // namespace

void Reporter::error(Place place, std::string message) {
    has_errors_ = true;
    add(Severity::error, place, std::move(message));
}

void Reporter::warning(Place place, std::string message) { add(Severity::warning, place, std::move(message)); }

void Reporter::add(Severity severity, Place place, std::string message) {
    diagnostics_.push_back({severity, file_, place.line, place.column, std::move(message)});
}

std::string Reporter::suggest(std::string_view word, std::span<const std::string_view> candidates) const {
    return diagnostics_.size() < kDiagnosticsMax ? did_you_mean(word, candidates) : std::string();
}

std::vector<Diagnostic> Reporter::take() {
    std::stable_sort(diagnostics_.begin(), diagnostics_.end(),
                     [](const Diagnostic& a, const Diagnostic& b) { return position(a) < position(b); });
    drop_repeated(diagnostics_);
    if (diagnostics_.size() <= kDiagnosticsMax) return std::move(diagnostics_);
    const auto left = diagnostics_.size() - kDiagnosticsMax;
    diagnostics_.resize(kDiagnosticsMax);
    const auto severity = has_errors_ ? Severity::error : Severity::warning;
    diagnostics_.push_back({severity, file_, 0, 0, "and " + std::to_string(left) + " more"});
    return std::move(diagnostics_);
}

std::string quote(std::string_view text) {
    std::string quoted;
    const bool is_long = text.size() > kQuotedBytesMax;
    append_json_string(quoted, text.substr(0, kQuotedBytesMax));
    return is_long ? quoted + "..." : quoted;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
    if (word.size() > kSuggestedBytesMax) return {};
    std::size_t least = word.size() < 5 ? 2 : 3;
    std::string_view best;
    for (const std::string_view candidate : candidates.first(std::min(candidates.size(), kCandidatesMax))) {
        if (candidate.size() > kSuggestedBytesMax || candidate == word) continue;
        const std::size_t distance = edit_distance(word, candidate);
        // "a" is one letter from every other one-letter name.
        if (distance >= least || distance >= std::max(word.size(), candidate.size())) continue;
        least = distance;
        best = candidate;
    }
    return best.empty() ? std::string() : ", did you mean " + quote(best) + "?";
}

}  // namespace sallyport::rules
