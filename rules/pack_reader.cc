#include "rules/pack_reader.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "rules/fields.h"
#include "rules/glob.h"
#include "rules/pack_paths.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kValuesMax = 256;  // of one key: so many hosts and paths come of each rule of a pack

constexpr std::array<std::string_view, 6> kOwnKeys{"use", "name", "credential", "parts", "methods", "paths"};
// What each rule of the pack that gets the credential has as well.
constexpr std::array<std::string_view, 9> kPassedOn{"allow_minting", "cidr",   "port",     "limit", "websocket",
                                                    "cookies",       "ranges", "selector", "tokens"};

using Texts = std::vector<std::string_view>;

bool contains(const Texts& texts, std::string_view text) {
    return std::find(texts.begin(), texts.end(), text) != texts.end();
}

template <class Map>
Texts names_of(const Map& map) {
    Texts names;
    for (const auto& [name, value] : map) names.push_back(name);
    return names;
}

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Dots and hyphens only between letters and digits, so that nothing can be put around a pack's own labels.
bool are_labels(std::string_view text) {
    bool after_letter = false;
    for (const char c : text) {
        if (!is_alphanumeric(c) && !((c == '-' || c == '.') && after_letter)) return false;
        after_letter = is_alphanumeric(c) || (c == '-' && after_letter);
    }
    return after_letter && !text.ends_with('-');
}

bool is_segment(std::string_view text) {
    constexpr std::string_view kOthers = "-._~@+:*";
    const auto is_fit = [&](char c) { return is_alphanumeric(c) || kOthers.find(c) != kOthers.npos; };
    return !text.empty() && text != "." && text != ".." && text.find("**") == text.npos &&
           std::all_of(text.begin(), text.end(), is_fit);
}

// The number of segments, 0 where one of them is none.
std::size_t count_segments(std::string_view text) {
    for (std::size_t count = 1;; ++count) {
        const auto end = std::min(text.find('/'), text.size());
        if (!is_segment(text.substr(0, end))) return 0;
        if (end == text.size()) return count;
        text.remove_prefix(end + 1);
    }
}

bool has_form(std::string_view text, PackForm form) {
    switch (form) {
        case PackForm::labels:
        case PackForm::host: return are_labels(text);
        case PackForm::segment: return count_segments(text) == 1;
        case PackForm::owner_name: return count_segments(text) == 2;
        case PackForm::path: return count_segments(text) >= 1;
    }
    return false;
}

std::string_view describe(PackForm form) {
    switch (form) {
        case PackForm::labels: return "part of a host's name: letters, digits, '-' and '.'";
        case PackForm::host: return "the name of a host";
        case PackForm::segment: return "one segment of a path";
        case PackForm::owner_name: return "an owner and a name, such as \"acme/app\" or \"acme/*\"";
        case PackForm::path: return "a path without its first slash";
    }
    return {};
}

Node text_node(std::string text, Place place) {
    Node node;
    node.kind = NodeKind::scalar;
    node.place = place;
    node.text = std::move(text);
    return node;
}

class UseReader {
public:
    UseReader(const Node& node, UsedPack& used, Reporter& reporter) : node_(node), used_(used), reporter_(reporter) {}

    void read() {
        if (!find_pack() || !check_keys()) return;
        for (const auto& [name, key] : used_.pack->keys) read_values(name, key);
        read_parts();
        read_methods();
        if (const Node* name = find(node_, "name")) prefix_ = read_text(*name, "name", reporter_).value_or(prefix_);
        for (const PackRule& rule : used_.pack->allow) {
            if (is_wanted(rule)) add(rule);
        }
        report_what_is_left();
    }

private:
    bool find_pack() {
        const Node& use = *find(node_, "use");
        const auto name = read_text(use, "use", reporter_);
        if (!name) return false;
        const auto found = shipped_packs().find(*name);
        if (found != shipped_packs().end()) {
            used_.pack = &found->second;
            prefix_ = used_.pack->name;
            return true;
        }
        reporter_.error(use.place,
                        "there is no pack " + quote(*name) + reporter_.suggest(*name, names_of(shipped_packs())));
        return false;
    }

    bool check_keys() {
        Texts known(kOwnKeys.begin(), kOwnKeys.end());
        known.insert(known.end(), kPassedOn.begin(), kPassedOn.end());
        for (const auto& [name, key] : used_.pack->keys) known.push_back(name);
        return expect_map(node_, "use", {known}, reporter_);
    }

    void read_values(const std::string& name, const PackKey& key) {
        const Node* node = find(node_, name);
        std::vector<std::string> values;
        if (node == nullptr) {
            if (key.required) reporter_.error(node_.place, quote(used_.pack->name) + " needs " + quote(name));
            values = key.otherwise;
        } else {
            values = read_key(*node, name, key.form);
            said_.push_back(name);
        }
        if (!values.empty()) used_.values.emplace(name, std::move(values));
    }

    std::vector<std::string> read_key(const Node& node, const std::string& name, PackForm form) {
        std::vector<std::string> values;
        each_text(node, name, ListForm::one_or_list, reporter_, [&](const Node& item, std::string_view text) {
            if (!has_form(text, form)) {
                reporter_.error(item.place, quote(text) + " is not " + std::string(describe(form)));
            } else {
                values.emplace_back(text);
            }
        });
        if (values.size() > kValuesMax) reporter_.error(node.place, quote(name) + " has 256 values at most");
        return values;
    }

    void read_parts() {
        const Node* node = find(node_, "parts");
        if (node == nullptr) return;
        Texts known;
        for (const PackRule& rule : used_.pack->allow) known.push_back(rule.name);
        each_text(*node, "parts", ListForm::one_or_list, reporter_, [&](const Node& item, std::string_view text) {
            parts_.push_back(text);
            if (contains(known, text)) return;
            reporter_.error(item.place, quote(used_.pack->name) + " has no part " + quote(text) +
                                            reporter_.suggest(text, known));
        });
    }

    void read_methods() {
        const Node* node = find(node_, "methods");
        if (node == nullptr) return;
        each_text(*node, "methods", ListForm::list_only, reporter_, [&](const Node& item, std::string_view text) {
            methods_.push_back(text);
            const auto has = [&](const PackRule& rule) { return contains(methods_of(rule), text); };
            if (std::any_of(used_.pack->allow.begin(), used_.pack->allow.end(), has)) return;
            reporter_.error(item.place, quote(used_.pack->name) + " allows no request with method " + quote(text));
        });
    }

    static Texts methods_of(const PackRule& rule) {
        Texts methods;
        if (const Node* node = find(rule.conditions, "methods")) {
            for (const Node& item : node->items) methods.push_back(item.text);
        }
        return methods;
    }

    bool is_wanted(const PackRule& rule) const {
        if (parts_.empty()) return !rule.optional;
        return contains(parts_, rule.name);
    }

    // Leaves it out where what narrows the pack leaves nothing of it.
    void add(const PackRule& rule) {
        if (!rule.anonymous && !rule.shared && !is_about_what_is_said(rule)) return;
        Node made;
        made.kind = NodeKind::map;
        made.place = node_.place;
        put(made, "name", text_node(std::string(prefix_) + '/' + rule.name, node_.place));
        put(made, "scheme", text_node("https", node_.place));
        for (const Entry& entry : rule.conditions.entries) {
            if (!applies(entry)) continue;
            const auto value = condition(entry, rule);
            if (!value) return;
            put(made, entry.key, *value);
        }
        if (!rule.anonymous) {
            add_own_paths(made);
            pass_on(made);
        }
        used_.rules.push_back(std::move(made));
    }

    // What a pack says beside a credential is what goes without saying.
    bool applies(const Entry& entry) const {
        return entry.key != "ranges" || (find(node_, "credential") != nullptr && find(node_, "ranges") == nullptr);
    }

    // Where the rule is about every path of its hosts.
    void add_own_paths(Node& made) {
        const Node* own = find(node_, "paths");
        if (own == nullptr || find(made, "paths") != nullptr) return;
        for (const Node& path : own->items) within_.insert(path.text);
        put(made, "paths", *own);
    }

    std::optional<Node> condition(const Entry& entry, const PackRule& rule) {
        if (entry.key == "host") return filled(entry.value);
        if (entry.key == "methods") return narrowed_methods(entry.value);
        if (entry.key == "paths") return narrowed_paths(entry.value, rule);
        return moved_here(entry.value);
    }

    std::optional<Node> filled(const Node& texts) const {
        Node node = fill_in(texts, used_.values, node_.place);
        return node.items.empty() ? std::nullopt : std::optional(std::move(node));
    }

    std::optional<Node> narrowed_methods(const Node& methods) const {
        Node node = fill_in(methods, {}, node_.place);
        const auto is_left_out = [&](const Node& item) { return !methods_.empty() && !contains(methods_, item.text); };
        std::erase_if(node.items, is_left_out);
        return node.items.empty() ? std::nullopt : std::optional(std::move(node));
    }

    std::optional<Node> narrowed_paths(const Node& paths, const PackRule& rule) {
        auto node = filled(is_narrowed(rule) ? rule.narrowed : paths);
        if (!node) return std::nullopt;
        const Node* own = rule.shared ? nullptr : find(node_, "paths");
        if (own == nullptr) return node;
        Node within = paths_within(*own, *node, within_);
        return within.items.empty() ? std::nullopt : std::optional(std::move(within));
    }

    bool is_narrowed(const PackRule& rule) const {
        const auto keys = references_in(rule.narrowed);
        return std::any_of(keys.begin(), keys.end(), [&](const std::string& key) { return contains(said_, key); });
    }

    // A rule of the pack that knows nothing of what the entry narrows it by would be wider than it.
    bool is_about_what_is_said(const PackRule& rule) const {
        auto keys = references_in(rule.conditions);
        for (const std::string& key : references_in(rule.narrowed)) keys.push_back(key);
        return std::all_of(said_.begin(), said_.end(), [&](std::string_view key) {
            return std::find(keys.begin(), keys.end(), key) != keys.end();
        });
    }

    Node moved_here(Node node) const {
        node.place = node_.place;
        for (Node& item : node.items) item = moved_here(std::move(item));
        for (Entry& entry : node.entries) {
            entry.place = node_.place;
            entry.value = moved_here(std::move(entry.value));
        }
        return node;
    }

    void pass_on(Node& made) const {
        if (const Node* credential = find(node_, "credential")) put(made, "credential", *credential);
        for (const std::string_view key : kPassedOn) {
            if (const Node* value = find(node_, key)) put(made, key, *value);
        }
    }

    void put(Node& map, std::string_view key, Node value) const {
        map.entries.push_back({std::string(key), value.place, std::move(value)});
    }

    void report_what_is_left() {
        if (const Node* own = find(node_, "paths")) {
            for (const Node& path : own->items) {
                if (path.kind != NodeKind::scalar || within_.contains(path.text)) continue;
                reporter_.error(path.place, quote(path.text) + " is not inside what " + quote(used_.pack->name) +
                                                " allows");
            }
        }
        if (used_.rules.empty() && !reporter_.has_errors()) {
            reporter_.error(node_.place, "this leaves nothing of " + quote(used_.pack->name));
        }
    }

    const Node& node_;
    UsedPack& used_;
    Reporter& reporter_;
    std::string_view prefix_;
    Texts said_;  // the pack's keys that the entry has
    Texts parts_;
    Texts methods_;
    std::set<std::string, std::less<>> within_;  // the entry's paths that are inside of some rule's
};

}  // namespace

bool uses_pack(const Node& rule) { return rule.kind == NodeKind::map && find(rule, "use") != nullptr; }

UsedPack read_used_pack(const Node& node, Reporter& reporter) {
    UsedPack used;
    UseReader(node, used, reporter).read();
    return used;
}

}  // namespace sallyport::rules
