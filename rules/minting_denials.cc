#include "rules/minting_denials.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "rules/fields.h"

namespace sallyport::rules {
namespace {

bool is_below(const std::string& name, const std::string& suffix) {
    return suffix.empty() || name == suffix || name.ends_with('.' + suffix);
}

// The names that both patterns match; of two wildcards, those of the narrower one, which may be more. Nothing for none.
std::optional<HostPattern> common(const HostPattern& first, const HostPattern& second) {
    if (!first.has_wildcard()) return matches(second, first.suffix) ? std::optional(first) : std::nullopt;
    if (!second.has_wildcard()) return matches(first, second.suffix) ? std::optional(second) : std::nullopt;
    if (is_below(first.suffix, second.suffix)) return first;
    return is_below(second.suffix, first.suffix) ? std::optional(second) : std::nullopt;
}

// "a.b.c", "b.c", "c".
template <class Visit>
void each_suffix(std::string_view name, Visit visit) {
    while (!name.empty()) {
        visit(std::string(name));
        const auto dot = name.find('.');
        name = dot == name.npos ? std::string_view() : name.substr(dot + 1);
    }
}

Node text_node(std::string text) {
    Node node;
    node.kind = NodeKind::scalar;
    node.text = std::move(text);
    node.is_plain = true;
    return node;
}

Node list_of(const std::vector<std::string>& texts) {
    Node node;
    node.kind = NodeKind::list;
    for (const std::string& text : texts) node.items.push_back(text_node(text));
    return node;
}

void set_place(Node& node, Place place) {
    node.place = place;
    for (Node& item : node.items) set_place(item, place);
    for (Entry& entry : node.entries) {
        entry.place = place;
        set_place(entry.value, place);
    }
}

// One denial at all hosts where a list needs it.
struct Needed {
    const Node* conditions = nullptr;
    std::vector<std::string> hosts;
    Place place;  // of the first rule that needs it
};

class NeededDenials {
public:
    // In the list's order.
    // `type`: of its credential.
    void take(const Rule& rule, std::string_view type, const MintingDenials& denials) {
        // With `upstream`, it is the destination that may be the provider's; rules see what the sandbox asks for.
        if (rule.upstream != nullptr) {
            const HostPattern destination{rule.upstream->authority.host, 0, false};
            denials.find(destination, [&](const MintingDenials::Denial& denial) {
                if (is_needless(denial, type) || !common(denial.host, destination)) return;
                for (const HostPattern& host : rule.hosts) note(denial, host, rule.place);
            });
            return;
        }
        for (const HostPattern& host : rule.hosts) {
            denials.find(host, [&](const MintingDenials::Denial& denial) {
                const auto both = is_needless(denial, type) ? std::nullopt : common(denial.host, host);
                if (both) note(denial, *both, rule.place);
            });
        }
    }

    std::vector<Node> as_rules() const {
        std::vector<Node> rules;
        for (const auto& [name, needed] : needed_) rules.push_back(as_rule(name, needed));
        return rules;
    }

private:
    static bool is_needless(const MintingDenials::Denial& denial, std::string_view type) {
        return !denial.rule->except.empty() && denial.rule->except == type;
    }

    void note(const MintingDenials::Denial& denial, const HostPattern& host, Place place) {
        Needed& needed = needed_[denial.name];
        if (needed.conditions == nullptr) needed = {&denial.rule->conditions, {}, place};
        needed.place = std::min(needed.place, place);
        std::string text = to_string(host);
        if (std::find(needed.hosts.begin(), needed.hosts.end(), text) == needed.hosts.end())
            needed.hosts.push_back(std::move(text));
    }

    static Node as_rule(const std::string& name, const Needed& needed) {
        Node rule;
        rule.kind = NodeKind::map;
        rule.entries.push_back({"name", {}, text_node(name)});
        rule.entries.push_back({"host", {}, list_of(needed.hosts)});
        for (const Entry& entry : needed.conditions->entries) {
            if (entry.key != "host") rule.entries.push_back(entry);
        }
        rule.entries.push_back({"deny", {}, text_node("true")});
        set_place(rule, needed.place);
        return rule;
    }

    std::map<std::string, Needed> needed_;
};

MintingDenials make_shipped_denials() {
    MintingDenials denials;
    for (const auto& [name, pack] : shipped_packs()) {
        PackValues values;
        for (const auto& [key, about] : pack.keys) {
            if (!about.otherwise.empty()) values.emplace(key, about.otherwise);
        }
        denials.add(pack, values);
    }
    return denials;
}

}  // namespace

void MintingDenials::add(const Pack& pack, const PackValues& values) {
    PackValues all = values;
    for (const auto& [key, about] : pack.keys) {
        if (!about.every.empty()) all[key] = about.every;
    }
    for (const PackRule& rule : pack.deny) {
        for (const Node& host : fill_in(*rules::find(rule.conditions, "host"), all, {}).items) {
            // What is no host is reported where the pack's rules are read.
            if (auto pattern = parse_host_pattern(host.text))
                add_denial({pack.name + '/' + rule.name, &rule, std::move(*pattern)});
        }
    }
}

void MintingDenials::add_denial(Denial denial) {
    const std::size_t at = denials_.size();
    std::vector<std::size_t>& same_name = by_name_[denial.host.suffix];
    // A list may use a pack many times.
    const auto is_same = [&](std::size_t known) {
        return denials_[known].name == denial.name && denials_[known].host == denial.host;
    };
    if (std::any_of(same_name.begin(), same_name.end(), is_same)) return;
    same_name.push_back(at);
    each_suffix(denial.host.suffix, [&](std::string suffix) {
        if (suffix != denial.host.suffix) above_[std::move(suffix)].push_back(at);
    });
    denials_.push_back(std::move(denial));
}

void MintingDenials::find(const HostPattern& pattern, const std::function<void(const Denial&)>& visit) const {
    const auto visit_all = [&](const Spots& spots, const std::string& name) {
        const auto found = spots.find(name);
        if (found == spots.end()) return;
        for (const std::size_t at : found->second) visit(denials_[at]);
    };
    each_suffix(pattern.suffix, [&](const std::string& suffix) { visit_all(by_name_, suffix); });
    if (pattern.has_wildcard()) visit_all(above_, pattern.suffix);
}

const MintingDenials& shipped_denials() {
    static const MintingDenials kDenials = make_shipped_denials();
    return kDenials;
}

std::vector<Node> denials_for(const std::vector<Rule>& rules, const std::vector<CredentialSpec>& credentials,
                              const MintingDenials& own) {
    NeededDenials needed;
    for (const Rule& rule : rules) {
        if (rule.credential < 0 || rule.allow_minting) continue;
        const CredentialSpec& credential = credentials[static_cast<std::size_t>(rule.credential)];
        const std::string_view type = credential.kind != nullptr ? credential.kind->type() : std::string_view();
        needed.take(rule, type, shipped_denials());
        needed.take(rule, type, own);
    }
    return needed.as_rules();
}

}  // namespace sallyport::rules
