#include "base/log.h"

#include <unistd.h>

#include <string>

#include "base/json.h"

namespace sallyport {
namespace {

LogLevel g_least = LogLevel::info;
LogFormat g_format = LogFormat::text;

std::string_view name(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return "debug";
        case LogLevel::info: return "info";
        case LogLevel::warning: return "warning";
        case LogLevel::error: return "error";
    }
    return "error";
}

std::string text_line(LogLevel level, std::string_view message) {
    std::string line = "sallyport: ";
    if (level != LogLevel::info) line.append(name(level)).append(": ");
    std::string escaped;
    append_json_string(escaped, message);
    // The escapes without the quotes: readable, and still one line.
    for (std::size_t i = 1; i + 1 < escaped.size(); ++i) {
        const bool quoted = escaped[i] == '\\' && (escaped[i + 1] == '"' || escaped[i + 1] == '\\');
        if (quoted) ++i;
        line += escaped[i];
    }
    return line;
}

}  // namespace

void set_log(LogLevel least, LogFormat format) {
    g_least = least;
    g_format = format;
}

void log(LogLevel level, std::string_view message) {
    if (level < g_least) return;
    std::string line;
    if (g_format == LogFormat::json) {
        JsonLine json(line);
        json.field("level", name(level)).field("message", message).close();
    } else {
        line = text_line(level, message);
    }
    line += '\n';
    (void)!write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace sallyport
