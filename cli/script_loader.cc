#include "cli/script_loader.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/config.h"
#include "cli/file_state.h"

namespace sallyport::cli {
namespace {

// No sandbox can be called so.
constexpr const char* kHostName = "script.check";
constexpr std::chrono::milliseconds kLoadTimeMax{5000};
constexpr std::size_t kReportBytesMax = 256 * 1024;

enum class Outcome { more, end };

Outcome read_some(int fd, std::string& text) {
    char block[4096];
    const ssize_t got = read(fd, block, sizeof block);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return Outcome::more;
    if (got <= 0) return Outcome::end;
    text.append(block, static_cast<std::size_t>(got));
    return Outcome::more;
}

// To the end of the file, or until the time is up. What the script prints is read too, as it waits otherwise; and dropped.
Result<std::string> read_report(int report, int output) {
    const auto deadline = std::chrono::steady_clock::now() + kLoadTimeMax;
    std::string text;
    pollfd ready[2] = {{report, POLLIN, 0}, {output, POLLIN, 0}};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        const int count = left.count() > 0 ? poll(ready, 2, static_cast<int>(left.count())) : 0;
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return failure(ErrorCode::config_invalid, "the script takes too long to load");
        std::string dropped;
        if (ready[1].revents != 0 && read_some(output, dropped) == Outcome::end) ready[1].fd = -1;
        if (ready[0].revents != 0 && read_some(report, text) == Outcome::end) return text;
        if (text.size() > kReportBytesMax) return failure(ErrorCode::config_invalid, "the script exports too much");
    }
}

}  // namespace

Result<rules::ScriptExports> parse_script_report(std::string_view line) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) return failure(ErrorCode::config_invalid, "the script ended before it was loaded");
    if (const auto error = json.find("error"); error != json.end() && error->is_string()) {
        return failure(ErrorCode::config_invalid, error->get<std::string>());
    }
    rules::ScriptExports exports;
    const auto each_text = [&](const char* key, auto take) {
        const auto list = json.find(key);
        if (list == json.end() || !list->is_array()) return;
        for (const auto& item : *list) {
            if (item.is_string()) take(item.get<std::string>());
        }
    };
    each_text("hosts", [&](std::string host) { exports.hosts.push_back(std::move(host)); });
    each_text("named", [&](std::string name) { exports.named.insert(std::move(name)); });
    const auto outbound = json.find("outbound");
    exports.outbound = outbound != json.end() && outbound->is_boolean() && outbound->get<bool>();
    return exports;
}

Result<std::shared_ptr<const rules::Script>> ScriptLoader::load(const std::string& path) {
    Known& known = known_[path];
    known.state = file_state(path);
    auto text = read_text_file(path, kScriptBytesMax);
    if (!text) return failure(text.error());
    if (known.script && known.script->text() == *text) return known.script;
    auto exports = describe(std::filesystem::path(path).filename(), *text);
    if (!exports) return failure(exports.error());
    auto script = rules::Script::create(path, std::move(*text), std::move(*exports));
    if (script) known.script = *script;
    return script;
}

std::vector<std::string> ScriptLoader::paths() const {
    std::vector<std::string> paths;
    for (const auto& [path, known] : known_) paths.push_back(path);
    return paths;
}

bool ScriptLoader::look_for_changes() {
    bool any = false;
    for (auto& [path, known] : known_) {
        std::string state = file_state(path);
        any |= state != known.state;
        known.state = std::move(state);
    }
    return any;
}

void ScriptLoader::keep_only(const std::set<std::string>& paths) {
    std::erase_if(known_, [&](const auto& each) { return !paths.contains(each.first); });
}

Result<rules::ScriptExports> ScriptLoader::describe(const std::string& name, const std::string& text) const {
    if (launcher_ == nullptr) return failure(ErrorCode::config_invalid, "a script can only be loaded as root");
    sandbox::HandlerSpec spec;
    spec.name = kHostName;
    spec.script = text;
    spec.script_name = name;
    auto host = launcher_->start_handler(spec);
    if (!host) return failure(ErrorCode::config_invalid, host.error().detail);
    auto report = read_report(host->report.get(), host->output.get());
    // It may have ended by itself.
    (void)launcher_->stop_handler(kHostName);
    if (!report) return failure(report.error());
    return parse_script_report(*report);
}

}  // namespace sallyport::cli
