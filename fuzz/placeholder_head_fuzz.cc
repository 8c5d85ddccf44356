// A target, a line end, and fields in lines: the placeholder (a byte 01) becomes the secret in the declared places, or the
// request is refused, or nothing of it is in what goes out.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "rules/basic_value.h"
#include "rules/placeholder_head.h"
#include "rules/placeholders.h"

namespace sallyport::rules {
namespace {

const std::string kPlaceholder = "sk-sallyp0xabcdefghijklmnopqrstuvwxyz";
const std::string kSecret = "mArKeR-x";

http::RequestHead parse(std::string_view text) {
    http::RequestHead head;
    const auto line_end = std::min(text.find('\n'), text.size());
    head.target = text.substr(0, line_end);
    text.remove_prefix(std::min(line_end + 1, text.size()));
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        const auto colon = std::min(line.find(':'), line.size());
        head.headers.add(line.substr(0, colon), line.substr(std::min(colon + 1, line.size())));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return head;
}

bool is_declared(const http::HeaderMap::Field& field) {
    return http::equals_ignoring_case(field.name, "X-Api-Key") || http::equals_ignoring_case(field.name, "Authorization");
}

void check(std::string_view input) {
    std::string text;
    for (const char c : input) text += c == '\x01' ? kPlaceholder : std::string(1, c);
    if (text.find(kSecret) != text.npos) return;
    PlaceholderPlaces places;
    places.fields = {"x-api-key"};
    places.basic_password = true;
    places.query_keys = {"key"};
    unsigned count = 3;
    http::RequestHead head = parse(text);
    if (!HeadSwap(places, kPlaceholder, kSecret, count).apply(head) || !refuse_placeholders(head)) return;
    SALLYPORT_CHECK(head.target.find(kPlaceholder) == head.target.npos);
    const auto in_target = head.target.find(kSecret);
    if (in_target != head.target.npos) SALLYPORT_CHECK(head.target[in_target - 1] == '=' && head.target.find('?') < in_target);
    for (const http::HeaderMap::Field field : head.headers) {
        SALLYPORT_CHECK(field.value.find(kPlaceholder) == field.value.npos);
        if (is_declared(field)) continue;
        SALLYPORT_CHECK(field.value.find(kSecret) == field.value.npos);
        const auto pair = read_basic(field.value);
        SALLYPORT_CHECK(!pair || pair->view().find(kSecret) == pair->view().npos);
    }
}

}  // namespace
}  // namespace sallyport::rules

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sallyport::rules::check({reinterpret_cast<const char*>(data), size});
    return 0;
}
