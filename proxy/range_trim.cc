#include "proxy/range_trim.h"

#include <algorithm>
#include <charconv>

namespace sallyport::proxy {
namespace {

constexpr std::string_view kUnit = "bytes";
// Apache still reads the first, Azure's storage the second.
constexpr std::string_view kOtherRangeFields[] = {"Request-Range", "X-Ms-Range"};
// Far more than anything that is stored, and sums of two of them do not overflow.
constexpr std::uint64_t kPositionMax = std::uint64_t{1} << 60;

std::string_view trim_spaces(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

std::optional<std::uint64_t> parse_position(std::string_view digits) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    if (value > kPositionMax) return std::nullopt;
    return value;
}

// "bytes=…", "bytes …": what is behind the unit.
std::optional<std::string_view> behind_unit(std::string_view value, char separator) {
    value = trim_spaces(value);
    if (value.size() <= kUnit.size() || value[kUnit.size()] != separator) return std::nullopt;
    if (!http::equals_ignoring_case(value.substr(0, kUnit.size()), kUnit)) return std::nullopt;
    return trim_spaces(value.substr(kUnit.size() + 1));
}

bool asks_for_part(const http::HeaderMap& headers) {
    return headers.has("Range") ||
           std::any_of(std::begin(kOtherRangeFields), std::end(kOtherRangeFields),
                       [&](std::string_view name) { return headers.has(name); });
}

void remove_range(http::HeaderMap& headers) {
    headers.remove("Range");
    headers.remove("If-Range");
    for (const std::string_view name : kOtherRangeFields) headers.remove(name);
}

Error not_asked_for() { return {ErrorCode::origin_bad_response, "another part than was asked for"}; }

}  // namespace

std::optional<RangeTrim> RangeTrim::parse(std::string_view range, std::size_t margin_bytes) {
    const auto set = behind_unit(range, '=');
    const std::size_t dash = set ? set->find('-') : std::string_view::npos;
    if (dash == std::string_view::npos) return std::nullopt;
    const auto left = set->substr(0, dash);
    const auto right = set->substr(dash + 1);
    RangeTrim trim;
    trim.margin_ = margin_bytes;
    trim.is_suffix_ = left.empty();
    const auto first = parse_position(trim.is_suffix_ ? right : left);
    // The last zero bytes are no range that can be satisfied.
    if (!first || (trim.is_suffix_ && *first == 0)) return std::nullopt;
    trim.first_ = *first;
    if (trim.is_suffix_ || right.empty()) return trim;
    trim.last_ = parse_position(right);
    if (!trim.last_ || *trim.last_ < trim.first_) return std::nullopt;
    return trim;
}

std::string RangeTrim::widened() const {
    std::string value(kUnit);
    if (is_suffix_) return value.append("=-").append(std::to_string(first_ + margin_));
    value.append("=").append(std::to_string(first_ - std::min(first_, margin_))).append("-");
    if (last_) value += std::to_string(*last_ + margin_);
    return value;
}

std::uint64_t RangeTrim::widened_first(std::uint64_t complete) const {
    if (is_suffix_) return complete - std::min(complete, first_ + margin_);
    return first_ - std::min(first_, margin_);
}

std::uint64_t RangeTrim::widened_last(std::uint64_t complete) const {
    return last_ ? std::min(*last_ + margin_, complete - 1) : complete - 1;
}

std::uint64_t RangeTrim::first_in(std::uint64_t complete) const {
    return is_suffix_ ? complete - std::min(complete, first_) : first_;
}

std::uint64_t RangeTrim::last_in(std::uint64_t complete) const {
    return last_ ? std::min(*last_, complete - 1) : complete - 1;
}

// "bytes 0-9/100". Without the whole's length nobody knows whether the end of it is that of the part.
std::optional<RangeTrim::Part> RangeTrim::parse_part(std::string_view content_range) {
    const auto text = behind_unit(content_range, ' ');
    const std::size_t dash = text ? text->find('-') : std::string_view::npos;
    const std::size_t slash = text ? text->find('/') : std::string_view::npos;
    if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) return std::nullopt;
    const auto first = parse_position(text->substr(0, dash));
    const auto last = parse_position(text->substr(dash + 1, slash - dash - 1));
    const auto complete = parse_position(text->substr(slash + 1));
    if (!first || !last || !complete || *first > *last || *last >= *complete) return std::nullopt;
    return Part{*first, *last, *complete};
}

Result<void> RangeTrim::fit_head(http::ResponseHead& head) {
    http::HeaderMap& headers = head.headers;
    const auto part = headers.count("Content-Range") == 1 ? parse_part(*headers.get("Content-Range")) : std::nullopt;
    if (!part) return failure(not_asked_for());
    const std::uint64_t complete = part->complete;
    // All that was asked for, or an edge may have cut a secret in two.
    if (part->first != widened_first(complete) || part->last != widened_last(complete)) return failure(not_asked_for());
    const std::uint64_t size = part->last - part->first + 1;
    const bool has_its_length = head.body.kind != http::BodyKind::length || head.body.length_bytes == size;
    if (!has_its_length || head.body.kind == http::BodyKind::none) return failure(not_asked_for());
    const std::uint64_t first = first_in(complete);
    if (first >= complete) {
        rest_bytes_ = size;
        refuse(head, complete);
        return {};
    }
    const std::uint64_t last = last_in(complete);
    skip_bytes_ = first - part->first;
    wanted_bytes_ = last - first + 1;
    rest_bytes_ = part->last - last;
    headers.set("Content-Range", "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + std::to_string(complete));
    // They are of what came, and not of what goes on.
    headers.remove("Content-Digest");
    headers.remove("Content-MD5");
    head.body = {http::BodyKind::length, wanted_bytes_};
    return {};
}

void RangeTrim::refuse(http::ResponseHead& head, std::uint64_t complete) {
    head.status = 416;
    head.reason = "Range Not Satisfiable";
    head.headers.remove_if([](const http::HeaderMap::Field& field) {
        return http::equals_ignoring_case(field.name.substr(0, 8), "Content-");
    });
    head.headers.set("Content-Range", "bytes */" + std::to_string(complete));
    head.body = {http::BodyKind::length, 0};
}

std::string_view RangeTrim::trim(std::string_view piece) {
    const std::uint64_t skipped = std::min<std::uint64_t>(skip_bytes_, piece.size());
    skip_bytes_ -= skipped;
    piece.remove_prefix(skipped);
    const std::string_view wanted = piece.substr(0, wanted_bytes_);
    wanted_bytes_ -= wanted.size();
    rest_bytes_ -= std::min<std::uint64_t>(rest_bytes_, piece.size() - wanted.size());
    return wanted;
}

Result<void> RangeTrim::finish() const {
    if (skip_bytes_ == 0 && wanted_bytes_ == 0 && rest_bytes_ == 0) return {};
    return failure(ErrorCode::origin_bad_response, "less than the part that was announced");
}

Result<std::optional<RangeTrim>> take_range(http::RequestHead& head, rules::RangeUse use, std::size_t margin_bytes) {
    http::HeaderMap& headers = head.headers;
    if (!asks_for_part(headers)) {
        // Says something about a Range only.
        headers.remove("If-Range");
        return std::nullopt;
    }
    if (use == rules::RangeUse::refuse) return failure(ErrorCode::range_refused);
    // Only GET has parts (RFC 9110 section 14.2).
    const bool is_single = headers.count("Range") == 1 && head.method == "GET";
    auto trim = use == rules::RangeUse::scan && is_single ? RangeTrim::parse(*headers.get("Range"), margin_bytes) : std::nullopt;
    if (!trim) {
        remove_range(headers);
        return std::nullopt;
    }
    for (const std::string_view name : kOtherRangeFields) headers.remove(name);
    headers.set("Range", trim->widened());
    headers.set("Accept-Encoding", "identity");
    return trim;
}

}  // namespace sallyport::proxy
