#include "rules/rule_lint.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace sallyport::rules {
namespace {

std::string place_of(const Rule& rule) {
    std::string text = quote(rule.label);
    if (rule.place.line > 0) text += " (line " + std::to_string(rule.place.line) + ")";
    return text;
}

template <class Items>
std::string joined(Items items) {
    std::sort(items.begin(), items.end());
    std::string text;
    for (const auto& item : items) text += item + '\n';
    return text + '\r';
}

template <class Items, class ToText>
std::string joined(const Items& items, ToText to_text) {
    std::vector<std::string> texts;
    for (const auto& item : items) texts.push_back(to_text(item));
    return joined(std::move(texts));
}

// Equal for two rules that match the same requests of a host. No part of a rule holds a control character.
std::string conditions_of(const Rule& rule) {
    const auto named = [](const auto& condition) { return condition.name + '\t' + condition.value.text(); };
    return std::string(rule.http ? "h" : "") + (rule.https ? "s" : "") + '\r' +
           joined(rule.ports, [](std::uint16_t port) { return std::to_string(port); }) + joined(rule.methods) +
           joined(rule.paths, [](const Glob& glob) { return glob.text(); }) + joined(rule.query, named) +
           joined(rule.headers, named) + joined(rule.network_texts);
}

std::string credential_of(const Rule& rule, const CompiledPolicy& policy) {
    return quote(policy.credentials[static_cast<std::size_t>(rule.credential)].name);
}

class AmbiguityCheck {
public:
    void take(const Rule& rule, const CompiledPolicy& policy, Reporter& reporter) {
        if (rule.credential < 0) return;
        const auto conditions = condition_ids_.try_emplace(conditions_of(rule), condition_ids_.size()).first->second;
        for (const HostPattern& host : rule.hosts) {
            const auto [first, is_new] = first_.try_emplace({host, conditions}, &rule);
            if (is_new || first->second->credential == rule.credential) continue;
            const Rule& other = *first->second;
            return reporter.error(rule.place, "ambiguous credential: " + credential_of(rule, policy) + " here and " +
                                                  credential_of(other, policy) + " in " + place_of(other) +
                                                  " are for the same requests");
        }
    }

private:
    std::map<std::string, std::size_t> condition_ids_;
    std::map<std::pair<HostPattern, std::size_t>, const Rule*> first_;
};

// Whether `wide` matches every request to a port and scheme that `rule` matches.
bool covers_endpoints(const Rule& wide, const Rule& rule) {
    if ((rule.http && !wide.http) || (rule.https && !wide.https)) return false;
    if (wide.ports.empty()) return wide.deny || rule.ports.empty();
    return !rule.ports.empty() && std::all_of(rule.ports.begin(), rule.ports.end(), [&](std::uint16_t port) {
        return std::find(wide.ports.begin(), wide.ports.end(), port) != wide.ports.end();
    });
}

class ShadowCheck {
public:
    explicit ShadowCheck(const CompiledPolicy& policy) : policy_(policy) {
        for (std::uint32_t i = 0; i < policy.rules.size(); ++i) {
            const Rule& rule = policy.rules[i];
            if (rule.is_about_requests() || !rule.networks.empty()) continue;
            for (const HostPattern& host : rule.hosts) wide_.add(host, i);
        }
    }

    void take(std::uint32_t index, Reporter& reporter) const {
        const Rule& rule = policy_.rules[index];
        if (rule.deny || rule.hosts.empty() || !rule.addresses.empty()) return;
        const Rule* shadow = nullptr;
        for (const HostPattern& host : rule.hosts) {
            shadow = find_cover(host, index);
            if (shadow == nullptr) return;
        }
        const auto* why = shadow->deny ? " denies its hosts" : " comes first and matches all of it";
        reporter.warning(rule.place, "this rule can never match: " + place_of(*shadow) + why);
    }

private:
    const Rule* find_cover(const HostPattern& host, std::uint32_t index) const {
        const Rule* cover = nullptr;
        wide_.find_covering(host, [&](std::uint32_t other) {
            const Rule& wide = policy_.rules[other];
            const bool comes_first = wide.deny || other < index;
            if (cover == nullptr && comes_first && covers_endpoints(wide, policy_.rules[index])) cover = &wide;
        });
        return cover;
    }

    const CompiledPolicy& policy_;
    HostIndex wide_;  // rules that nothing but host, port and scheme narrows
};

}  // namespace

void lint_rules(const CompiledPolicy& policy, Reporter& reporter) {
    AmbiguityCheck ambiguity;
    const ShadowCheck shadows(policy);
    for (std::uint32_t i = 0; i < policy.rules.size(); ++i) {
        ambiguity.take(policy.rules[i], policy, reporter);
        shadows.take(i, reporter);
    }
}

}  // namespace sallyport::rules
