#include "access_log.h"

#include <regex>

#include "files.h"

namespace sallyport::integration {
namespace {

LogLine parse_line(const std::string& line) {
    static const std::regex field(R"re("([^"]+)":(?:"((?:[^"\\]|\\.)*)"|([^,}]+)))re");
    LogLine parsed;
    for (std::sregex_iterator at(line.begin(), line.end(), field), end; at != end; ++at) {
        parsed.fields[(*at)[1]] = (*at)[3].matched ? (*at)[3].str() : (*at)[2].str();
    }
    return parsed;
}

}  // namespace

std::vector<LogLine> parse_access_log(std::string_view text) {
    std::vector<LogLine> log;
    for (const auto& line : lines(text)) log.push_back(parse_line(line));
    return log;
}

}  // namespace sallyport::integration
