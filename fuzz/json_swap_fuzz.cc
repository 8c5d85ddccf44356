// A body in which a byte 01 is the placeholder, and one of another sandbox's a byte 02: at any split it is rewritten the same;
// what goes out whole is JSON, and the secret is nowhere but in the strings at the declared places.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/check.h"
#include "rules/json_swap.h"

namespace sallyport::rules {
namespace {

const std::string kPlaceholder = "sk-sallyp0xabcdefghijklmnopqrstuvwxyz";
const std::string kForeign = "sk-sallyp0xzyxwvutsrqponmlkjihgfedcba";
const std::string kSecret = "mArKeR";

struct Outcome {
    bool is_whole = false;
    std::string text;
};

Outcome rewrite(const std::vector<JsonPlace>& places, const SwapPattern& pattern, std::string_view body, std::size_t piece) {
    JsonSwap swap(places, pattern, kSecret, 3);
    Buffer out;
    while (!body.empty()) {
        const auto bytes = body.substr(0, piece);
        if (!swap.feed(bytes, out)) return {false, std::string(out.view())};
        body.remove_prefix(bytes.size());
    }
    const bool is_whole = swap.finish(out).has_value();
    return {is_whole, std::string(out.view())};
}

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++found;
    return found;
}

std::size_t count_in(const nlohmann::json& json) { return json.is_string() ? count(json.get<std::string>(), kSecret) : 0; }

// In what the declared places hold, read by another parser.
std::size_t count_declared(const nlohmann::json& json) {
    std::size_t found = 0;
    if (json.is_object() && json.contains("a") && json["a"].is_object() && json["a"].contains("t")) found += count_in(json["a"]["t"]);
    if (json.is_object() && json.contains("l") && json["l"].is_array()) {
        for (const auto& item : json["l"]) found += count_in(item);
    }
    return found;
}

void check(std::string_view input, std::size_t piece) {
    std::string body;
    for (const char c : input) body += c == '\x01' ? kPlaceholder : c == '\x02' ? kForeign : std::string(1, c);
    if (body.find(kSecret) != body.npos) return;
    const std::vector<JsonPlace> places{{"a", "t"}, {"l", "*"}};
    SwapPattern pattern(kPlaceholder);
    const Outcome whole = rewrite(places, pattern, body, body.size() + 1);
    for (const std::size_t size : {std::size_t{1}, piece}) {
        const Outcome pieces = rewrite(places, pattern, body, size);
        SALLYPORT_CHECK(pieces.is_whole == whole.is_whole && pieces.text == whole.text);
    }
    if (!whole.is_whole || body.empty()) return;
    const auto json = nlohmann::json::parse(whole.text, nullptr, false);
    // The other parser refuses two things more: numbers that no double holds, and half a surrogate pair.
    if (json.is_discarded()) {
        const bool may_be_large = whole.text.size() > 300 || whole.text.find_first_of("eE") != whole.text.npos;
        SALLYPORT_CHECK(may_be_large || whole.text.find("\\u") != whole.text.npos);
        return;
    }
    SALLYPORT_CHECK(count(whole.text, kSecret) == count_declared(json));
    SALLYPORT_CHECK(count(whole.text, kSecret) <= 3);
}

}  // namespace
}  // namespace sallyport::rules

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    sallyport::rules::check({reinterpret_cast<const char*>(data) + 1, size - 1}, 1 + data[0] % 64);
    return 0;
}
