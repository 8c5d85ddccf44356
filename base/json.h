// Appends JSON to a string, without a tree in between: log lines and local replies. Every byte that is not printable
// ASCII is escaped, so that no value can end a line, colour a terminal or break the document; invalid UTF-8 becomes
// \ufffd.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport {

// "…" with quotes.
void append_json_string(std::string& out, std::string_view value);

// One flat JSON object, in the order of the calls. `close()` once.
class JsonLine {
public:
    explicit JsonLine(std::string& out) : out_(out) { out_ += '{'; }
    JsonLine& field(std::string_view key, std::string_view value);
    JsonLine& field(std::string_view key, const char* value) { return field(key, std::string_view(value)); }
    JsonLine& field(std::string_view key, std::uint64_t value);
    JsonLine& field(std::string_view key, bool value);
    // `json` is JSON already.
    JsonLine& raw(std::string_view key, std::string_view json);
    void close() { out_ += '}'; }

private:
    void key(std::string_view name);
    std::string& out_;
    bool first_ = true;
};

}  // namespace sallyport
