#include "rules/limit_reader.h"

#include <array>

#include "rules/fields.h"
#include "rules/quantity.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 4> kKeys{"requests", "bytes_out", "concurrency", "url_entropy"};
constexpr std::uint64_t kConcurrencyMax = 100'000;

std::optional<Rate> read_rate(const Node& node, std::string_view key, RateOf what, Reporter& reporter) {
    const auto text = read_text(node, key, reporter);
    const auto rate = text ? parse_rate(*text, what) : std::nullopt;
    if (rate || !text) return rate;
    reporter.error(node.place, quote(key) + (what == RateOf::count
                                                 ? " must be a number and a period (s, m, h or d), such as 60/m"
                                                 : " must be a size (B, KB, MB, GB, KiB, MiB, GiB) and a period (s, m, "
                                                   "h or d), such as 10MB/h"));
    return std::nullopt;
}

}  // namespace

std::shared_ptr<const LimitSpec> read_limit(const Node& node, Reporter& reporter) {
    if (!expect_map(node, "\"limit\"", {kKeys}, reporter)) return nullptr;
    LimitSpec limit;
    const auto rate = [&](std::string_view key, RateOf what, std::optional<Rate>& out) {
        if (const Node* value = find(node, key)) out = read_rate(*value, key, what, reporter);
    };
    rate("requests", RateOf::count, limit.requests);
    rate("bytes_out", RateOf::bytes, limit.bytes_out);
    rate("url_entropy", RateOf::bytes, limit.url_entropy);
    if (const Node* value = find(node, "concurrency")) {
        const auto number = read_number(*value, "concurrency", 1, kConcurrencyMax, reporter);
        if (number) limit.concurrency = static_cast<std::uint32_t>(*number);
    }
    return limit.is_empty() ? nullptr : std::make_shared<const LimitSpec>(limit);
}

}  // namespace sallyport::rules
