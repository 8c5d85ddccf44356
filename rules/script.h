// A policy's script as it was found to be: its text, and what it exports. Rules decide by the exports; the code itself
// runs elsewhere. Immutable.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "rules/actions.h"
#include "rules/host_index.h"
#include "rules/host_pattern.h"

namespace sallyport::rules {

// As the handler host reports it.
struct ScriptExports {
    std::vector<std::string> hosts;            // the keys of outboundByHost, in the script's order
    std::set<std::string, std::less<>> named;  // of outboundHandlers
    bool outbound = false;
};

class Script final {
public:
    // config_invalid where a key of outboundByHost is not a host or a pattern; the detail says which.
    static Result<std::shared_ptr<const Script>> create(std::string path, std::string text, ScriptExports exports);

    const std::string& path() const { return path_; }
    const std::string& text() const { return text_; }
    const ScriptExports& exports() const { return exports_; }
    // The file's name without its folder and ending: "vcs" for handlers/vcs.js.
    std::string_view stem() const;

    // The handler for a canonical name: exact, then the first wildcard in the script's order. Null for none.
    const HandlerRef* by_host(std::string_view host) const;
    // Whether by_host() has something for each name that the pattern matches.
    bool covers(const HostPattern& pattern) const;
    // Null where the script has no `outbound`.
    const HandlerRef* outbound() const;
    // What decisions call a handler of by_host() or outbound(): "outboundByHost[x.dev]", "outbound".
    std::string_view label(const HandlerRef& handler) const;

private:
    Script() = default;

    std::string path_;
    std::string text_;
    ScriptExports exports_;
    Result<void> index_hosts();

    std::vector<HandlerRef> by_host_;  // in the script's order
    std::vector<std::string> labels_;  // of by_host_
    std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> exact_;
    HostIndex wildcards_;
    HandlerRef outbound_;
};

}  // namespace sallyport::rules
