#include "proxy/max_forwards.h"

#include <charconv>
#include <cstdint>
#include <string>

namespace sallyport::proxy {

Forwarding count_forward(http::RequestHead& head) {
    if (head.method != "OPTIONS") return Forwarding::goes_on;
    const auto field = head.headers.get("Max-Forwards");
    if (!field) return Forwarding::goes_on;
    std::uint32_t left = 0;
    const auto [end, error] = std::from_chars(field->data(), field->data() + field->size(), left);
    if (error != std::errc() || end != field->data() + field->size() || head.headers.count("Max-Forwards") > 1) {
        head.headers.remove("Max-Forwards");
        return Forwarding::goes_on;
    }
    if (left == 0) return Forwarding::ends_here;
    head.headers.set("Max-Forwards", std::to_string(left - 1));
    return Forwarding::goes_on;
}

}  // namespace sallyport::proxy
