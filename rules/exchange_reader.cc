#include "rules/exchange_reader.h"

#include <algorithm>
#include <array>
#include <span>

#include "rules/condition_reader.h"
#include "rules/fields.h"
#include "rules/token_swap.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 3> kCookieUses{"jar", "drop", "pass"};
constexpr std::array<std::string_view, 3> kRangeUses{"strip", "refuse", "scan"};

// Its place in `choices`.
std::optional<std::size_t> read_choice(const Node& node, std::string_view key,
                                       std::span<const std::string_view> choices, Reporter& reporter) {
    const auto text = read_text(node, key, reporter);
    if (!text) return std::nullopt;
    const auto found = std::find(choices.begin(), choices.end(), *text);
    if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
    std::string all;
    for (const auto choice : choices) all.append(all.empty() ? "" : ", ").append(choice);
    reporter.error(node.place, quote(key) + " must be one of " + all + ", not " + quote(*text) +
                                   reporter.suggest(*text, choices));
    return std::nullopt;
}

void read_selector(const Node& node, Rule& rule, Reporter& reporter) {
    const std::size_t before = rule.headers.size();
    read_header_conditions(node, "selector", rule, reporter);
    for (std::size_t i = before; i < rule.headers.size(); ++i) {
        rule.exchange.selector_fields.push_back(rule.headers[i].name);
    }
}

}  // namespace

void read_exchange(const Node& node, Rule& rule, Reporter& reporter) {
    const bool has_credential = find(node, "credential") != nullptr;
    for (const char* key : {"cookies", "ranges", "selector"}) {
        const Node* value = find(node, key);
        if (value != nullptr && !has_credential) reporter.error(value->place, quote(key) + " needs \"credential\"");
    }
    if (const Node* value = find(node, "cookies")) {
        if (const auto choice = read_choice(*value, "cookies", kCookieUses, reporter)) {
            rule.exchange.cookies = static_cast<CookieUse>(*choice);
        }
    }
    if (const Node* value = find(node, "ranges")) {
        if (const auto choice = read_choice(*value, "ranges", kRangeUses, reporter)) {
            rule.exchange.ranges = static_cast<RangeUse>(*choice);
        }
    }
    if (const Node* value = find(node, "tokens")) rule.exchange.tokens = read_token_swap(*value, reporter);
    if (const Node* value = find(node, "selector")) read_selector(*value, rule, reporter);
}

}  // namespace sallyport::rules
