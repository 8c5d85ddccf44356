#include "rules/sample_hosts.h"

#include <algorithm>
#include <initializer_list>

#include "http/authority.h"

namespace sallyport::rules {
namespace {

using Labels = std::set<std::string, std::less<>>;

std::string reversed(std::string_view name) { return {name.rbegin(), name.rend()}; }

void add_labels(std::string_view name, Labels& labels) {
    while (!name.empty()) {
        const auto dot = std::min(name.find('.'), name.size());
        labels.emplace(name.substr(0, dot));
        name.remove_prefix(std::min(dot + 1, name.size()));
    }
}

std::string unused(const Labels& labels, std::initializer_list<std::string_view> wishes) {
    for (const std::string_view wish : wishes) {
        if (!labels.contains(wish)) return std::string(wish);
    }
    // One more than there are labels is enough.
    for (std::size_t number = 0;; ++number) {
        std::string label;
        for (std::size_t rest = number;; rest = rest / 26 - 1) {
            label.insert(label.begin(), static_cast<char>('a' + rest % 26));
            if (rest < 26) break;
        }
        if (!labels.contains(label)) return label;
    }
}

bool is_name(const std::string& host) {
    const auto canonical = http::canonical_host(host);
    return canonical && *canonical == host;
}

}  // namespace

SampleHosts::SampleHosts(const std::vector<HostPattern>& patterns) {
    Labels labels;
    for (const HostPattern& pattern : patterns) {
        reversed_.insert(reversed(pattern.suffix));
        wildcards_max_ = std::max(wildcards_max_, pattern.wildcards);
        add_labels(pattern.suffix, labels);
    }
    label_ = unused(labels, {"other", "another"});
    short_ = unused(labels, {});
    domain_ = unused(labels, {"example", "test", "invalid"});
}

void SampleHosts::each(const HostPattern& pattern, const std::function<bool(const std::string&)>& visit) const {
    if (!pattern.has_wildcard()) {
        visit(pattern.suffix);
        return;
    }
    if (!each_below(pattern, pattern.suffix, visit)) return;
    const std::string below = pattern.is_any() ? std::string() : reversed(pattern.suffix) + '.';
    for (auto at = reversed_.lower_bound(below); at != reversed_.end() && at->starts_with(below); ++at) {
        if (!at->empty() && !each_below(pattern, reversed(*at), visit)) return;
    }
}

// Names with more labels than the most wildcards ask for are told apart no further.
bool SampleHosts::each_below(const HostPattern& pattern, std::string_view suffix,
                             const std::function<bool(const std::string&)>& visit) const {
    for (std::size_t i = 0; i <= wildcards_max_ + 1; ++i) {
        // A name of one label makes a poor example.
        const std::size_t labels = suffix.empty() && (i == 1 || i == 2) ? 3 - i : i;
        const std::string host = name_below(suffix, labels);
        if (!host.empty() && matches(pattern, host) && !visit(host)) return false;
    }
    return true;
}

// Nothing where such a name is too long.
std::string SampleHosts::name_below(std::string_view suffix, std::size_t labels) const {
    for (const std::string& label : {label_, short_}) {
        std::string host;
        for (std::size_t i = 0; i < labels; ++i) {
            const bool is_end = suffix.empty() && i + 1 == labels;
            host += (is_end ? domain_ : label) + '.';
        }
        host += suffix;
        if (host.ends_with('.')) host.pop_back();
        if (!host.empty() && is_name(host)) return host;
    }
    return {};
}

}  // namespace sallyport::rules
