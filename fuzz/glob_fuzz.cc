// A pattern and a text, between them a line end; the first byte chooses the kind. Against a matcher that tries
// everything where both are short, and never more than one look at each character.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "rules/glob.h"
#include "rules/percent.h"

namespace {

using namespace sallyport;

bool slow_match(std::string_view pattern, std::string_view text, bool is_path) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] != '*') {
        return !text.empty() && pattern[0] == text[0] && slow_match(pattern.substr(1), text.substr(1), is_path);
    }
    const auto stars = std::min(pattern.find_first_not_of('*'), pattern.size());
    for (std::size_t taken = 0;; ++taken) {
        if (slow_match(pattern.substr(stars), text.substr(taken), is_path)) return true;
        if (taken == text.size() || (is_path && stars == 1 && text[taken] == '/')) return false;
    }
}

bool counted_match(const rules::Glob& glob, std::string_view text) {
    std::size_t reads = 0;
    const bool matches = glob.matches_each([&] {
        const std::size_t at = reads++;
        return at < text.size() ? static_cast<int>(static_cast<unsigned char>(text[at])) : -1;
    });
    SALLYPORT_CHECK(reads <= text.size() + 1);
    return matches;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const bool is_path = (data[0] & 1) != 0;
    const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
    const auto end = input.find('\n');
    if (end == input.npos) return 0;
    const auto pattern = input.substr(0, end);
    const auto text = input.substr(end + 1);
    const auto glob = rules::Glob::compile(pattern, is_path ? rules::GlobKind::path : rules::GlobKind::text);
    if (!glob) return 0;
    SALLYPORT_CHECK(glob->text() == pattern);
    const bool matches = glob->matches(text);
    SALLYPORT_CHECK(counted_match(*glob, text) == matches);
    const bool is_short = pattern.size() <= 10 && text.size() <= 14;
    if (is_short) SALLYPORT_CHECK(slow_match(pattern, text, is_path) == matches);
    return 0;
}
