#include "rules/rule_pairs.h"

#include <algorithm>
#include <map>
#include <string>

#include "rules/mismatch_text.h"

namespace sallyport::rules {
namespace {

using nlohmann::ordered_json;
using Indices = std::vector<std::optional<std::size_t>>;

constexpr std::size_t kShownMax = 200;

// Pairs what has the same key, in order; rules without one are left.
template <class KeyOf>
void pair_by(const ordered_json& before, const ordered_json& after, Indices& of_after, std::vector<bool>& taken,
             KeyOf key_of) {
    std::multimap<std::string, std::size_t> open;
    for (std::size_t i = 0; i < before.size(); ++i) {
        const std::string key = key_of(before[i]);
        if (!taken[i] && !key.empty()) open.emplace(key, i);
    }
    for (std::size_t i = 0; i < after.size(); ++i) {
        if (of_after[i]) continue;
        const auto found = open.find(key_of(after[i]));
        if (found == open.end()) continue;
        of_after[i] = found->second;
        taken[found->second] = true;
        open.erase(found);
    }
}

std::string text_at(const ordered_json& rule, const char* key) {
    if (!rule.is_object() || !rule.contains(key)) return {};
    return rule[key].is_string() ? rule[key].get<std::string>() : rule[key].dump();
}

std::string name_of(const ordered_json& rule) { return text_at(rule, "name"); }
std::string all_of(const ordered_json& rule) { return name_of(rule).empty() ? rule.dump() : std::string(); }
std::string target_of(const ordered_json& rule) {
    if (!name_of(rule).empty()) return {};
    return text_at(rule, "host") + '\n' + text_at(rule, "tcp") + '\n' +
           (rule.contains("host") ? "" : text_at(rule, "cidr"));
}

// Those outside of a longest run that kept its order.
std::vector<bool> moved(const Indices& of_after) {
    std::vector<std::size_t> tails;  // positions in of_after
    std::vector<std::size_t> previous(of_after.size(), of_after.size());
    for (std::size_t i = 0; i < of_after.size(); ++i) {
        if (!of_after[i]) continue;
        const auto at = std::lower_bound(tails.begin(), tails.end(), *of_after[i],
                                         [&](std::size_t tail, std::size_t index) { return *of_after[tail] < index; });
        if (at != tails.begin()) previous[i] = *(at - 1);
        if (at == tails.end()) {
            tails.push_back(i);
        } else {
            *at = i;
        }
    }
    std::vector<bool> is_moved(of_after.size(), true);
    for (std::size_t i = tails.empty() ? of_after.size() : tails.back(); i < of_after.size(); i = previous[i])
        is_moved[i] = false;
    return is_moved;
}

std::string value_text(const ordered_json& value) {
    std::string text;
    if (value.is_array()) {
        for (const auto& item : value) text += (text.empty() ? "" : ", ") + value_text(item);
    } else {
        text = value.is_string() ? shown(value.get<std::string>())
                                 : value.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
    }
    if (text.empty()) return "\"\"";
    return text.size() <= kShownMax ? text : text.substr(0, kShownMax) + "…";
}

std::string value_at(const ordered_json& map, const std::string& key) {
    return map.contains(key) ? value_text(map[key]) : "not set";
}

}  // namespace

std::vector<RulePair> pair_rules(const ordered_json& before, const ordered_json& after) {
    Indices of_after(after.size());
    std::vector<bool> taken(before.size());
    pair_by(before, after, of_after, taken, name_of);
    pair_by(before, after, of_after, taken, all_of);
    pair_by(before, after, of_after, taken, target_of);
    const auto is_moved = moved(of_after);
    std::vector<RulePair> pairs;
    for (std::size_t i = 0; i < after.size(); ++i) pairs.push_back({of_after[i], i, of_after[i] && is_moved[i]});
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (!taken[i]) pairs.push_back({i, std::nullopt, false});
    }
    return pairs;
}

std::string difference(const ordered_json& before, const ordered_json& after) {
    std::string text;
    const auto compare = [&](const std::string& key) {
        if (before.contains(key) && after.contains(key) && before[key] == after[key]) return;
        const std::string was = value_at(before, key);
        const std::string is = value_at(after, key);
        text += (text.empty() ? "" : "; ") + shown(key) + ": " + (was == is ? "changed" : was + " → " + is);
    };
    if (!before.is_object() || !after.is_object()) return before == after ? "" : "changed";
    for (const auto& [key, value] : before.items()) compare(key);
    for (const auto& [key, value] : after.items()) {
        if (!before.contains(key)) compare(key);
    }
    return text;
}

}  // namespace sallyport::rules
