#include "rules/host_index.h"

namespace sallyport::rules {

void HostIndex::add(const HostPattern& pattern, std::uint32_t rule) {
    std::uint32_t at = 0;
    for (std::string_view name = pattern.suffix; !name.empty();) {
        const std::string label(pop_label(name));
        const auto next = static_cast<std::uint32_t>(spots_.size());
        const auto [child, is_new] = spots_[at].children.try_emplace(label, next);
        at = child->second;
        if (is_new) spots_.emplace_back();
    }
    spots_[at].matches.push_back({rule, static_cast<std::uint32_t>(pattern.wildcards), pattern.is_open});
}

}  // namespace sallyport::rules
