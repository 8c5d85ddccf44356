// A sandbox's Range, and an origin's Content-Range, in two lines: what the client gets is never more than it asked for, never
// from an edge that was not looked through, and as long as its head says. The third line is the margin.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "proxy/range_trim.h"

namespace sallyport::proxy {
namespace {

std::string_view take_line(std::string_view& rest) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return line;
}

void check(std::string_view input) {
    const auto range = take_line(input);
    const auto content_range = take_line(input);
    const std::size_t margin = std::min<std::size_t>(input.size(), 500);
    auto trim = RangeTrim::parse(range, margin);
    if (!trim) return;
    // What is asked for is a range again, and no smaller.
    SALLYPORT_CHECK(RangeTrim::parse(trim->widened(), 0).has_value());
    http::ResponseHead head;
    head.status = 206;
    head.headers.add("Content-Range", content_range);
    head.body.kind = http::BodyKind::chunked;
    if (!trim->fit_head(head)) return;
    SALLYPORT_CHECK(head.body.kind == http::BodyKind::length && (head.status == 206 || head.body.length_bytes == 0));
    if (head.body.length_bytes > 4096) return;
    std::size_t left = head.body.length_bytes + 2 * margin + 1;
    std::size_t got = 0;
    for (std::size_t piece = 1; left > 0; piece = piece * 2 + 1) {
        const std::string bytes(std::min(piece, left), 'x');
        left -= bytes.size();
        got += trim->trim(bytes).size();
    }
    SALLYPORT_CHECK(got <= head.body.length_bytes);
    if (trim->finish()) SALLYPORT_CHECK(got == head.body.length_bytes);
}

}  // namespace
}  // namespace sallyport::proxy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sallyport::proxy::check({reinterpret_cast<const char*>(data), size});
    return 0;
}
