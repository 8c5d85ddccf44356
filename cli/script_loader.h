// Reads a policy's script and finds out what it exports, by loading it in a handler host of its own. A script that was
// loaded before is not run again. Control thread only.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/script.h"
#include "sandbox/launcher.h"

namespace sallyport::cli {

inline constexpr std::size_t kScriptBytesMax = 1024 * 1024;

class ScriptLoader final {
public:
    // Without a launcher no script can be loaded.
    explicit ScriptLoader(sandbox::Launcher* launcher) : launcher_(launcher) {}

    // config_invalid where the file cannot be read, the script does not load in time, or exports what is not a handler.
    Result<std::shared_ptr<const rules::Script>> load(const std::string& path);

    // The files that were asked for, whatever came of it.
    std::vector<std::string> paths() const;
    // Whether one of them is another than it was then, or when this was last asked.
    bool look_for_changes();
    // Forgets the others.
    void keep_only(const std::set<std::string>& paths);

private:
    struct Known {
        std::string state;  // of the file, before it was looked at
        std::shared_ptr<const rules::Script> script;  // null where none has been loaded
    };

    Result<rules::ScriptExports> describe(const std::string& name, const std::string& text) const;

    sandbox::Launcher* launcher_;
    std::map<std::string, Known> known_;  // by path
};

// {"hosts": […], "named": […], "outbound": true}, or {"error": "…"}.
Result<rules::ScriptExports> parse_script_report(std::string_view line);

}  // namespace sallyport::cli
