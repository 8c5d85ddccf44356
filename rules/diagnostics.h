// Collects what is wrong with one file, in words for the person who wrote it. Text from the file is quoted and escaped,
// so that it cannot pass for a message or colour a terminal.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/policy_file.h"

namespace sallyport::rules {

// Where in the file, both from 1; 0 for the whole file.
struct Place {
    int line = 0;
    int column = 0;

    friend auto operator<=>(const Place&, const Place&) = default;
};

class Reporter final {
public:
    explicit Reporter(std::string_view file) : file_(file) {}

    void error(Place place, std::string message);
    void warning(Place place, std::string message);
    bool has_errors() const { return has_errors_; }
    const std::string& file() const { return file_; }
    // As did_you_mean(), while there are few enough messages for anyone to read them.
    std::string suggest(std::string_view word, std::span<const std::string_view> candidates) const;
    // In the order of the file, the same thing at the same place once; at most 100, then a last one says that there are more.
    std::vector<Diagnostic> take();

private:
    void add(Severity severity, Place place, std::string message);

    std::string file_;
    std::vector<Diagnostic> diagnostics_;
    bool has_errors_ = false;
};

// In double quotes, escaped, cut where it is long.
std::string quote(std::string_view text);

// `, did you mean "host"?` where one of `candidates` is near `word`; else nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace sallyport::rules
