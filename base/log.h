// Operator messages: one JSON object per line on standard error, or plain text where a person watches. Never the access
// log (proxy/access_log.h), never a secret. Safe from any thread: a line is one write(2).
#pragma once

#include <string_view>

namespace sallyport {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };

// Set once by main before threads start.
void set_log(LogLevel least, LogFormat format);
// `message` may hold anything: what is not printable is escaped.
void log(LogLevel level, std::string_view message);

}  // namespace sallyport
