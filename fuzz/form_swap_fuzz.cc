// A form in which a byte 01 is the placeholder: at any split it is rewritten the same, and the secret is nowhere but in the
// values of the declared field, which occurs once, whether ';' ends a field or not.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "rules/form_swap.h"
#include "rules/percent.h"

namespace sallyport::rules {
namespace {

const std::string kPlaceholder = "sk-sallyp0xabcdefghijklmnopqrstuvwxyz";
const std::string kSecret = "mArKeR";

struct Outcome {
    bool is_whole = false;
    std::string text;
};

Outcome rewrite(const SwapPattern& pattern, std::string_view body, std::size_t piece) {
    static const std::vector<std::string> kFields{"client_secret"};
    FormSwap swap(kFields, pattern, kSecret, 3);
    Buffer out;
    while (!body.empty()) {
        const auto bytes = body.substr(0, piece);
        if (!swap.feed(bytes, out)) return {false, std::string(out.view())};
        body.remove_prefix(bytes.size());
    }
    const bool is_whole = swap.finish(out).has_value();
    return {is_whole, std::string(out.view())};
}

std::string decoded(std::string_view raw) {
    std::string text;
    PercentReader read(raw, Plus::space);
    for (int c = read(); c >= 0; c = read()) text += static_cast<char>(c);
    return text;
}

void check_places(std::string_view form, std::string_view separators) {
    while (true) {
        const auto end = std::min(form.find_first_of(separators), form.size());
        const auto pair = form.substr(0, end);
        const auto equals = std::min(pair.find('='), pair.size());
        if (pair.find(kSecret) != pair.npos) {
            SALLYPORT_CHECK(decoded(pair.substr(0, equals)) == "client_secret");
            SALLYPORT_CHECK(pair.substr(0, equals).find(kSecret) == pair.npos);
        }
        if (end == form.size()) return;
        form.remove_prefix(end + 1);
    }
}

void check(std::string_view input, std::size_t piece) {
    std::string body;
    for (const char c : input) body += c == '\x01' ? kPlaceholder : std::string(1, c);
    if (body.find(kSecret) != body.npos) return;
    const SwapPattern pattern(kPlaceholder);
    const Outcome whole = rewrite(pattern, body, body.size() + 1);
    for (const std::size_t size : {std::size_t{1}, piece}) {
        const Outcome pieces = rewrite(pattern, body, size);
        SALLYPORT_CHECK(pieces.is_whole == whole.is_whole && pieces.text == whole.text);
    }
    if (!whole.is_whole) return;
    check_places(whole.text, "&");
    check_places(whole.text, "&;");
}

}  // namespace
}  // namespace sallyport::rules

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    sallyport::rules::check({reinterpret_cast<const char*>(data) + 1, size - 1}, 1 + data[0] % 64);
    return 0;
}
