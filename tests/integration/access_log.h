// Reads the access log's lines: flat JSON objects.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::integration {

// Values as text: strings without quotes (escapes left as they are), numbers and booleans as written.
struct LogLine {
    std::map<std::string, std::string> fields;
    // Empty where there is none.
    std::string operator[](const std::string& key) const {
        auto found = fields.find(key);
        return found == fields.end() ? std::string() : found->second;
    }
    bool has(const std::string& key) const { return fields.contains(key); }
};

std::vector<LogLine> parse_access_log(std::string_view text);

}  // namespace sallyport::integration
