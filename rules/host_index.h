// Finds the rules for a host, at a cost that depends on the host's labels and its own rules only: a trie over labels
// from the right. Filled at load, then read only; a look-up allocates nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/host_pattern.h"

namespace sallyport::rules {

// Lets a map of strings be asked with a view.
struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

class HostIndex final {
public:
    HostIndex() : spots_(1) {}

    void add(const HostPattern& pattern, std::uint32_t rule);

    // Calls `visit(rule)` for each pattern that matches the canonical name `host`, in no particular order.
    template <class Visit>
    void find(std::string_view host, Visit visit) const {
        walk(host, count_labels(host), false, visit);
    }
    // As above, for each pattern that matches every host that `pattern` matches.
    template <class Visit>
    void find_covering(const HostPattern& pattern, Visit visit) const {
        walk(pattern.suffix, count_labels(pattern.suffix) + pattern.wildcards, pattern.is_open, visit);
    }

private:
    struct Match {
        std::uint32_t rule;
        std::uint32_t wildcards;
        bool is_open;
    };
    using Children = std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>>;
    struct Spot {
        std::vector<Match> matches;
        Children children;
    };

    // Takes the last label off.
    static std::string_view pop_label(std::string_view& name) {
        const auto dot = name.rfind('.');
        const auto label = dot == name.npos ? name : name.substr(dot + 1);
        name = dot == name.npos ? std::string_view() : name.substr(0, dot);
        return label;
    }

    // `labels`: those of `name` and of wildcards before it.
    template <class Visit>
    void walk(std::string_view name, std::size_t labels, bool is_open, Visit& visit) const {
        for (const Spot* spot = &spots_[0];; --labels) {
            for (const Match& match : spot->matches) {
                const bool fits = match.is_open ? labels >= match.wildcards : labels == match.wildcards && !is_open;
                if (fits) visit(match.rule);
            }
            if (name.empty()) return;
            const auto child = spot->children.find(pop_label(name));
            if (child == spot->children.end()) return;
            spot = &spots_[child->second];
        }
    }

    std::vector<Spot> spots_;
};

}  // namespace sallyport::rules
