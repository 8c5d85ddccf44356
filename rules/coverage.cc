#include "rules/coverage.h"

#include <algorithm>

namespace sallyport::rules {
namespace {

// More than these are not tried one by one.
constexpr std::size_t kMinimizedMax = 12;

bool contains(const std::vector<const Rule*>& rules, const Rule* rule) {
    return std::find(rules.begin(), rules.end(), rule) != rules.end();
}

void add(std::vector<const Rule*>& rules, const Rule* rule) {
    if (!contains(rules, rule)) rules.push_back(rule);
}

}  // namespace

std::vector<Origin> origins_of(const Rule& rule, const std::string& host, bool is_address) {
    std::vector<Origin> origins;
    for (const http::Scheme scheme : {http::Scheme::https, http::Scheme::http}) {
        std::vector<std::uint16_t> ports = rule.ports;
        if (ports.empty()) ports.push_back(http::default_port(scheme));
        for (const std::uint16_t port : ports) {
            const bool is_raw = rule.tcp && scheme == http::Scheme::https;
            if (is_raw || matches_endpoint(rule, scheme, port)) origins.push_back({scheme, host, is_address, port});
        }
    }
    return origins;
}

Covered Coverage::of(std::uint32_t index, Budget& budget) const {
    const Rule& rule = policy_.rules[index];
    Covered covered = find_cover(rule, nullptr, budget);
    if (covered.outcome != Search::none || covered.by.size() > kMinimizedMax) return covered;
    // Not all of those that had a part in it are needed to say why.
    for (std::size_t i = 0; i < covered.by.size();) {
        Rules fewer = covered.by;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
        if (find_cover(rule, &fewer, budget).outcome == Search::none) {
            covered.by = std::move(fewer);
        } else {
            ++i;
        }
    }
    return covered;
}

std::string Coverage::sample(const HostPattern& pattern) const {
    if (!pattern.has_wildcard()) return pattern.suffix;
    std::string first;
    hosts().each(pattern, [&](const std::string& host) {
        first = host;
        return false;
    });
    return first;
}

const SampleHosts& Coverage::hosts() const {
    if (hosts_ == nullptr) {
        std::vector<HostPattern> patterns;
        for (const Rule& rule : policy_.rules) patterns.insert(patterns.end(), rule.hosts.begin(), rule.hosts.end());
        hosts_ = std::make_unique<SampleHosts>(patterns);
    }
    return *hosts_;
}

Covered Coverage::find_cover(const Rule& rule, const Rules* only, Budget& budget) const {
    // Networks are not sampled.
    if (rule.is_for_networks_alone()) return {Search::gave_up, {}};
    Covered covered{Search::none, {}};
    const auto visit = [&](const std::string& host, bool is_address) {
        for (const Origin& origin : origins_of(rule, host, is_address)) {
            covered.outcome = search_at(rule, origin, only, budget, covered.by);
            if (covered.outcome != Search::none) return false;
        }
        return true;
    };
    for (const std::string& address : rule.addresses) {
        if (!visit(address, true)) return covered;
    }
    for (const HostPattern& pattern : rule.hosts) {
        if (!pattern.has_wildcard()) {
            visit(pattern.suffix, false);
        } else {
            hosts().each(pattern, [&](const std::string& host) { return visit(host, false); });
        }
        if (covered.outcome != Search::none) return covered;
    }
    std::sort(covered.by.begin(), covered.by.end());
    return covered;
}

Search Coverage::search_at(const Rule& rule, const Origin& origin, const Rules* only, Budget& budget, Rules& by) const {
    if (!budget.spend()) return Search::gave_up;
    const Search connection = search_connection(rule, origin, only, by);
    if (connection == Search::none || rule.tcp || rule.passthrough) return connection;
    const SearchQuestion question{origin, {&rule}, around(rule, origin, only), {}};
    if (question.blocking.empty()) return Search::found;
    if (!budget.spend(question.blocking.size())) return Search::gave_up;
    const SearchResult result = find_request(question, budget);
    for (const Rule* each : result.in_the_way) add(by, each);
    return result.outcome;
}

// Whether there is a connection on which the rule may be asked.
Search Coverage::search_connection(const Rule& rule, const Origin& origin, const Rules* only, Rules& by) const {
    const auto traffic = rule.tcp                               ? Traffic::raw
                         : origin.scheme == http::Scheme::https ? Traffic::https
                                                                : Traffic::http;
    const auto found = look_up_endpoint(policy_, traffic, origin.host, origin.is_address, origin.port);
    const bool is_raw = rule.tcp || rule.passthrough;
    const Rule* stops = found.denying;
    if (stops == nullptr && is_raw) stops = found.denying_some;
    const bool handles = !policy_.script_file.empty() || !policy_.handler_socket.empty();
    const bool is_other_first = found.matching != nullptr && found.matching != &rule;
    // Handlers make connections of their own to what is passed through.
    if (stops == nullptr && is_other_first && (is_raw || (found.matching->passthrough && !handles)))
        stops = found.matching;
    if (stops == nullptr) return Search::found;
    if (only != nullptr && !contains(*only, stops)) return Search::gave_up;
    add(by, stops);
    return Search::none;
}

Coverage::Rules Coverage::around(const Rule& rule, const Origin& origin, const Rules* only) const {
    Rules rules;
    find_rules(policy_, origin.host, origin.is_address, [&](std::uint32_t index) {
        const Rule& other = policy_.rules[index];
        if (&other == &rule || !(other.deny || &other < &rule)) return;
        if (only == nullptr || contains(*only, &other)) rules.push_back(&other);
    });
    std::sort(rules.begin(), rules.end());
    rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
    return rules;
}

}  // namespace sallyport::rules
