#include "rules/token_swap.h"

#include <array>

#include "rules/fields.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 2> kKeys{"fields", "for"};

void read_host(const Node& item, std::string_view text, TokenSwap& swap, Reporter& reporter) {
    auto pattern = parse_host_pattern(text);
    if (!pattern) return reporter.error(item.place, pattern.error().detail);
    if (pattern->is_any()) {
        return reporter.error(item.place, "\"for\" names the hosts that may get the tokens: " + quote(text) +
                                              " is every host");
    }
    swap.hosts.push_back(std::move(*pattern));
}

}  // namespace

std::shared_ptr<const TokenSwap> read_token_swap(const Node& node, Reporter& reporter) {
    auto swap = std::make_shared<TokenSwap>();
    if (node.kind == NodeKind::scalar) {
        const auto flag = read_flag(node, "tokens", reporter);
        if (flag == false) reporter.error(node.place, "\"tokens\" is true, or says which; without it nothing is swapped");
        return flag == true ? swap : nullptr;
    }
    if (!expect_map(node, "\"tokens\"", {kKeys}, reporter)) return nullptr;
    if (const Node* fields = find(node, "fields")) {
        swap->fields.clear();
        each_text(*fields, "fields", ListForm::one_or_list, reporter,
                  [&](const Node&, std::string_view text) { swap->fields.emplace_back(text); });
    }
    if (const Node* hosts = find(node, "for")) {
        each_text(*hosts, "for", ListForm::one_or_list, reporter,
                  [&](const Node& item, std::string_view text) { read_host(item, text, *swap, reporter); });
    }
    return swap;
}

}  // namespace sallyport::rules
