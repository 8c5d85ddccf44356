#include "rules/host_index.h"

namespace sallyport::rules {

void HostIndex::add(const HostPattern& pattern, std::uint32_t rule) {
    std::uint32_t at = 0;
    for (std::string_view name = pattern.suffix; !name.empty();) {
        const std::string label(pop_label(name));
        const auto next = static_cast<std::uint32_t>(nodes_.size());
        const auto [child, is_new] = nodes_[at].children.try_emplace(label, next);
        at = child->second;
        if (is_new) nodes_.emplace_back();
    }
    nodes_[at].matches.push_back({rule, static_cast<std::uint32_t>(pattern.wildcards), pattern.is_open});
}

}  // namespace sallyport::rules
