// A Content-Encoding value, a line end, and a body: whatever they are, decoding ends, within the limits, and says the
// same however the body is cut. The value is also read as Accept-Encoding.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/content_decoder.h"

namespace sallyport::http {
namespace {

constexpr DecodeLimits kLimits{.ratio_max = 20, .free_bytes = 4096};
constexpr std::size_t kBlockBytes = 16 * 1024;

struct Outcome {
    std::string text;
    std::string error;
};

Outcome decode(const std::vector<ContentCoding>& codings, std::string_view body, std::size_t piece_bytes,
               std::size_t bytes_max) {
    ContentDecoder decoder(codings, kLimits);
    Buffer out;
    while (!body.empty()) {
        std::string_view piece = body.substr(0, piece_bytes);
        body.remove_prefix(piece.size());
        while (true) {
            const auto written = decoder.decode(piece, out, bytes_max);
            if (!written) return {std::string(out.view()), written.error().detail};
            SALLYPORT_CHECK(*written <= bytes_max);
            if (*written < bytes_max) break;
        }
        SALLYPORT_CHECK(piece.empty());
    }
    const auto finished = decoder.finish();
    return {std::string(out.view()), finished ? "" : finished.error().detail};
}

void check_body(const std::vector<ContentCoding>& codings, std::string_view body) {
    const Outcome whole = decode(codings, body, std::max<std::size_t>(body.size(), 1), kBlockBytes);
    if (!codings.empty()) {
        SALLYPORT_CHECK(whole.text.size() <= kLimits.free_bytes + (body.size() + 1) * kLimits.ratio_max + kBlockBytes);
    }
    for (const std::size_t piece_bytes : {1u, 13u}) {
        const Outcome cut = decode(codings, body, piece_bytes, 97);
        // Of what is in error, more may come out before it is seen; and a limit may be met earlier.
        SALLYPORT_CHECK(cut.text.starts_with(whole.text) || whole.text.starts_with(cut.text));
        if (whole.error.empty() && cut.error.empty()) SALLYPORT_CHECK(cut.text == whole.text);
        const std::string_view limit = "the content expands beyond the limit";
        if (whole.error == limit || cut.error == limit) continue;
        SALLYPORT_CHECK(whole.error.empty() == cut.error.empty());
    }
}

}  // namespace
}  // namespace sallyport::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::http;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto end = std::min(input.find('\n'), input.size());
    const auto value = input.substr(0, end);
    const std::string narrow = narrow_accept_encoding(value);
    SALLYPORT_CHECK(narrow_accept_encoding(narrow) == narrow);
    const auto codings = parse_content_encoding(value);
    if (!codings) return 0;
    SALLYPORT_CHECK(codings->size() <= kCodingsMax);
    check_body(*codings, input.substr(std::min(end + 1, input.size())));
    return 0;
}
