#include "rules/pack_paths.h"

#include "http/path.h"
#include "rules/request_search.h"

namespace sallyport::rules {
namespace {

constexpr std::uint64_t kStepsMax = 100'000;  // for one path

Rule rule_with(const Node& paths) {
    Rule rule;
    for (const Node& path : paths.items) {
        if (auto glob = Glob::compile(path.text, GlobKind::path)) rule.paths.push_back(std::move(*glob));
    }
    return rule;
}

bool is_path_pattern(const Node& node) {
    const auto target = node.kind == NodeKind::scalar ? http::canonical_target(node.text)
                                                      : failure(ErrorCode::bad_path, "no text");
    return target && !target->ambiguous && !target->has_query;
}

bool is_within(const Node& path, const Rule& pack) {
    if (!is_path_pattern(path)) return false;
    Node alone;
    alone.items.push_back(path);
    const Rule rule = rule_with(alone);
    if (rule.paths.empty()) return false;
    Budget budget(kStepsMax);
    const Origin origin{http::Scheme::https, "pack.invalid", false, 443};
    return find_request({origin, {&rule}, {&pack}, {}}, budget).outcome == Search::none;
}

}  // namespace

Node paths_within(const Node& own, const Node& pack, std::set<std::string, std::less<>>& found) {
    const Rule rule = rule_with(pack);
    Node within = own;
    std::erase_if(within.items, [&](const Node& path) { return !is_within(path, rule); });
    for (const Node& path : within.items) found.insert(path.text);
    return within;
}

}  // namespace sallyport::rules
