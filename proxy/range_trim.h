// A request for part of a representation (RFC 9110 section 14), beside a credential: a secret that is cut at the part's edge
// could not be found. So it is not asked for at all, or with enough around it, which is cut off again once it has been
// looked through. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "rules/exchange_options.h"

namespace sallyport::proxy {

// One range of bytes that a client asked for, from the request to the last byte of the answer.
class RangeTrim final {
public:
    // A Range field's value that names one range of bytes; nullopt for any other, which a server may pass over. No needle
    // is longer than `margin_bytes`.
    static std::optional<RangeTrim> parse(std::string_view range, std::size_t margin_bytes);

    // The Range to send instead.
    std::string widened() const;
    // Of a 206: checks that it is what was asked for, and rewrites it to what the client asked for. Where there is nothing of
    // that it becomes a 416. origin_bad_response for anything else.
    Result<void> fit_head(http::ResponseHead& head);
    // What of the next piece of the body, scrubbed, is for the client. The view is of `piece`.
    std::string_view trim(std::string_view piece);
    // The body is complete. origin_bad_response where there is less of it than its head said.
    Result<void> finish() const;

private:
    // What a Content-Range says.
    struct Part {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::uint64_t complete = 0;  // length of the whole
    };
    static std::optional<Part> parse_part(std::string_view content_range);
    static void refuse(http::ResponseHead& head, std::uint64_t complete);
    std::uint64_t widened_first(std::uint64_t complete) const;
    std::uint64_t widened_last(std::uint64_t complete) const;
    std::uint64_t first_in(std::uint64_t complete) const;
    std::uint64_t last_in(std::uint64_t complete) const;

    std::uint64_t margin_ = 0;
    bool is_suffix_ = false;
    std::uint64_t first_ = 0;                // of a suffix: how many bytes
    std::optional<std::uint64_t> last_;      // to the end where there is none
    std::uint64_t skip_bytes_ = 0;           // of the body: before what is wanted
    std::uint64_t wanted_bytes_ = 0;         // still to come
    std::uint64_t rest_bytes_ = 0;           // behind it
};

// What a request may say of parts: nothing (`strip`), or it is range_refused (`refuse`), or one range of bytes, widened
// (`scan`), and then no coding, because what is cut out of something coded cannot be read. Returns what the answer has to
// be cut to; nullopt where no part is asked for.
Result<std::optional<RangeTrim>> take_range(http::RequestHead& head, rules::RangeUse use, std::size_t margin_bytes);

}  // namespace sallyport::proxy
