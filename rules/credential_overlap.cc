#include "rules/credential_overlap.h"

#include <algorithm>

namespace sallyport::rules {
namespace {

constexpr std::uint64_t kStepsMax = 20'000;  // for one pair

bool is_about(const Rule& rule, const HostPattern& pattern) {
    return std::find(rule.hosts.begin(), rule.hosts.end(), pattern) != rule.hosts.end();
}

}  // namespace

std::string place_of(const Rule& rule) {
    std::string text = quote(rule.label);
    if (rule.place.line > 0) text += " (line " + std::to_string(rule.place.line) + ")";
    return text;
}

Overlap compare(const Rule& first, const Rule& second, const std::string& host, Budget& budget) {
    Overlap overlap;
    const auto exists = [&](const Origin& origin, std::vector<const Rule*> matching,
                            std::vector<const Rule*> blocking) {
        const auto outcome = find_request({origin, std::move(matching), std::move(blocking), {}}, budget).outcome;
        overlap.is_certain = overlap.is_certain && outcome != Search::gave_up;
        return outcome == Search::found;
    };
    for (const Origin& origin : origins_of(second, host, false)) {
        if (!matches_endpoint(first, origin.scheme, origin.port)) {
            overlap.second_alone = true;
            continue;
        }
        overlap.shared = overlap.shared || exists(origin, {&first, &second}, {});
        overlap.second_alone = overlap.second_alone || exists(origin, {&second}, {&first});
        overlap.first_alone = overlap.first_alone || exists(origin, {&first}, {&second});
    }
    for (const Origin& origin : origins_of(first, host, false)) {
        if (!matches_endpoint(second, origin.scheme, origin.port)) overlap.first_alone = true;
    }
    return overlap;
}

void OverlapCheck::take(std::uint32_t index) {
    const Rule& rule = policy_.rules[index];
    if (rule.credential < 0 || pairs_left_ == 0) return;
    for (const HostPattern& pattern : rule.hosts) {
        std::vector<std::uint32_t> earlier;
        find_rules(policy_, coverage_.sample(pattern), false, [&](std::uint32_t other) {
            const int credential = policy_.rules[other].credential;
            if (other < index && credential >= 0 && credential != rule.credential) earlier.push_back(other);
        });
        std::sort(earlier.begin(), earlier.end());
        earlier.erase(std::unique(earlier.begin(), earlier.end()), earlier.end());
        for (const std::uint32_t other : earlier) {
            if (pairs_left_ == 0) return;
            --pairs_left_;
            if (reports(rule, pattern, policy_.rules[other])) return;
        }
    }
}

bool OverlapCheck::reports(const Rule& rule, const HostPattern& pattern, const Rule& earlier) {
    Budget budget(kStepsMax);
    const Overlap overlap = compare(earlier, rule, coverage_.sample(pattern), budget);
    if (!overlap.is_certain || !overlap.shared) return false;
    const bool is_same_pattern = is_about(earlier, pattern);
    if (is_same_pattern && !overlap.first_alone && !overlap.second_alone) {
        reporter_.error(rule.place, "ambiguous credential: " + credential_of(rule) + " here and " +
                                        credential_of(earlier) + " in " + place_of(earlier) +
                                        " are for the same requests");
        return true;
    }
    // The narrower one first is how one says what differs; the wider one first leaves nothing, which is said elsewhere.
    const bool is_narrower = is_same_pattern && !overlap.first_alone;
    if (is_narrower || !overlap.second_alone) return false;
    reporter_.warning(rule.place, "requests that match " + place_of(earlier) + " too get " + credential_of(earlier) +
                                      ", not " + credential_of(rule) + ": that rule comes first");
    return true;
}

std::string OverlapCheck::credential_of(const Rule& rule) const {
    return quote(policy_.credentials[static_cast<std::size_t>(rule.credential)].name);
}

}  // namespace sallyport::rules
