// Secrets, each ended by a line end, an empty line, and a text: scrubbed at once, byte by byte, in pieces and with the
// portable filter it becomes the same, nothing else but needles changes, and what is short is compared with trying
// everything. The first byte says how the text is cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "rules/scrubber.h"
#include "tests/rules/slow_scrub.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kSecretsMax = 6;
constexpr std::size_t kSlowTextBytesMax = 120;
constexpr std::size_t kSlowSecretBytesMax = 24;

std::string scrub(const std::shared_ptr<const NeedleSet>& needles, std::string_view text, std::size_t piece_bytes) {
    Scrubber scrubber(needles);
    Buffer out;
    while (!text.empty()) {
        scrubber.feed(text.substr(0, piece_bytes), out);
        text.remove_prefix(std::min(piece_bytes, text.size()));
        SALLYPORT_CHECK(scrubber.held_bytes() == 0 || scrubber.held_bytes() < needles->longest_bytes());
    }
    scrubber.finish(out);
    return std::string(out.view());
}

// At most its first bytes may be seen of a secret that was paused in.
void check_paused(const std::shared_ptr<const NeedleSet>& needles, std::string_view text, std::string_view expected) {
    Scrubber scrubber(needles);
    Buffer out;
    for (const char c : text) {
        scrubber.feed({&c, 1}, out);
        scrubber.pause(out);
    }
    scrubber.finish(out);
    SALLYPORT_CHECK(out.size() == expected.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = out.view()[i];
        SALLYPORT_CHECK(c == expected[i] || c == text[i]);
    }
}

bool is_slow_enough(const std::vector<std::string>& secrets, std::string_view text) {
    const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    return text.size() <= kSlowTextBytesMax &&
           std::all_of(secrets.begin(), secrets.end(), [&](const std::string& secret) {
               return secret.size() <= kSlowSecretBytesMax && std::all_of(secret.begin(), secret.end(), is_ascii);
           });
}

void check(const std::vector<std::string>& secrets, std::string_view text, std::size_t piece_bytes) {
    const std::vector<std::string_view> views(secrets.begin(), secrets.end());
    const auto needles = NeedleSet::compile(views);
    const std::string expected = scrub(needles, text, std::max<std::size_t>(text.size(), 1));
    SALLYPORT_CHECK(expected.size() == text.size());
    SALLYPORT_CHECK(scrub(needles, text, 1) == expected);
    SALLYPORT_CHECK(scrub(needles, text, piece_bytes) == expected);
    SALLYPORT_CHECK(scrub(NeedleSet::compile(views, {}, StartFilter::Speed::portable), text, piece_bytes) == expected);
    std::string in_place(text);
    SALLYPORT_CHECK(scrub_text(*needles, in_place) == (expected != text) || in_place == text);
    SALLYPORT_CHECK(in_place == expected);
    check_paused(needles, text, expected);
    if (needles->fill() != '*' || !is_slow_enough(secrets, text)) return;
    SALLYPORT_CHECK(slow_scrub(text, secrets) == expected);
}

}  // namespace
}  // namespace sallyport::rules

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::rules;
    if (size == 0) return 0;
    const std::size_t piece_bytes = 1 + data[0] % 64;
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::vector<std::string> secrets;
    while (secrets.size() < kSecretsMax) {
        const auto end = rest.find('\n');
        if (end == rest.npos) return 0;
        const auto secret = rest.substr(0, end);
        rest.remove_prefix(end + 1);
        if (secret.empty()) break;
        if (can_be_needle(secret)) secrets.emplace_back(secret);
    }
    check(secrets, rest, piece_bytes);
    return 0;
}
