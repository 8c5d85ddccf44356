#include "rules/script.h"

#include <limits>
#include <set>
#include <utility>

#include "base/check.h"
#include "rules/diagnostics.h"
#include "rules/host_pattern.h"

namespace sallyport::rules {

Result<std::shared_ptr<const Script>> Script::create(std::string path, std::string text, ScriptExports exports) {
    std::shared_ptr<Script> script(new Script);
    script->path_ = std::move(path);
    script->text_ = std::move(text);
    script->exports_ = std::move(exports);
    if (auto indexed = script->index_hosts(); !indexed) return failure(std::move(indexed.error()));
    return script;
}

Result<void> Script::index_hosts() {
    std::set<HostPattern> known;
    for (const std::string& host : exports_.hosts) {
        const auto pattern = parse_host_pattern(host);
        if (!pattern) return failure(ErrorCode::config_invalid, path_ + ": outboundByHost: " + pattern.error().detail);
        if (!known.insert(*pattern).second) {
            return failure(ErrorCode::config_invalid, path_ + ": outboundByHost: " + quote(host) + " is there twice");
        }
        const std::size_t at = by_host_.size();
        by_host_.push_back({HandlerKind::by_host, host, ""});
        labels_.push_back("outboundByHost[" + host + "]");
        if (pattern->has_wildcard()) {
            wildcards_.add(*pattern, static_cast<std::uint32_t>(at));
        } else {
            exact_.emplace(pattern->suffix, at);
        }
    }
    return {};
}

std::string_view Script::stem() const {
    std::string_view name = path_;
    if (const auto slash = name.rfind('/'); slash != name.npos) name.remove_prefix(slash + 1);
    return name.substr(0, name.rfind('.'));
}

const HandlerRef* Script::by_host(std::string_view host) const {
    if (const auto exact = exact_.find(host); exact != exact_.end()) return &by_host_[exact->second];
    constexpr auto kNone = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t first = kNone;
    wildcards_.find(host, [&](std::uint32_t at) { first = std::min(first, at); });
    return first == kNone ? nullptr : &by_host_[first];
}

bool Script::covers(const HostPattern& pattern) const {
    if (!pattern.has_wildcard()) return by_host(pattern.suffix) != nullptr;
    bool is_covered = false;
    wildcards_.find_covering(pattern, [&](std::uint32_t) { is_covered = true; });
    return is_covered;
}

const HandlerRef* Script::outbound() const { return exports_.outbound ? &outbound_ : nullptr; }

std::string_view Script::label(const HandlerRef& handler) const {
    if (&handler == &outbound_) return "outbound";
    const auto at = static_cast<std::size_t>(&handler - by_host_.data());
    SALLYPORT_CHECK(at < labels_.size());
    return labels_[at];
}

}  // namespace sallyport::rules
