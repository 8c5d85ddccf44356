#include "rules/quantity.h"

#include <charconv>
#include <span>
#include <utility>

namespace sallyport::rules {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::uint64_t kBytesMax = 1'000'000'000'000'000;
constexpr std::uint64_t kMillisecondsMax = 1'000'000'000'000;
constexpr std::uint64_t kCountMax = 1'000'000'000'000;

constexpr Unit kSizes[] = {
    {"B", 1},         {"KB", 1000},     {"MB", 1000 * 1000}, {"GB", 1000 * 1000 * 1000},
    {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
};
constexpr Unit kTimes[] = {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}};
constexpr Unit kPeriods[] = {{"s", 1}, {"m", 60}, {"h", 60 * 60}, {"d", 24 * 60 * 60}};
constexpr Unit kCounts[] = {{"", 1}};

// A number, and one of the units right behind it.
std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units, std::uint64_t max) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const bool is_plain = error == std::errc{} && (number == 0 ? stop - text.data() == 1 : text[0] != '0');
    if (!is_plain) return std::nullopt;
    const std::string_view name(stop, static_cast<std::size_t>(end - stop));
    for (const Unit& unit : units) {
        if (unit.name == name && number <= max / unit.factor) return number * unit.factor;
    }
    return std::nullopt;
}

std::optional<std::chrono::seconds> parse_period(std::string_view text) {
    for (const Unit& unit : kPeriods) {
        if (unit.name == text) return std::chrono::seconds(unit.factor);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) { return parse(text, kSizes, kBytesMax); }

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const auto milliseconds = parse(text, kTimes, kMillisecondsMax);
    if (!milliseconds) return std::nullopt;
    return std::chrono::milliseconds(*milliseconds);
}

std::optional<Rate> parse_rate(std::string_view text, RateOf what) {
    const auto slash = text.find('/');
    if (slash == text.npos) return std::nullopt;
    const auto amount =
        what == RateOf::bytes ? parse_bytes(text.substr(0, slash)) : parse(text.substr(0, slash), kCounts, kCountMax);
    const auto period = parse_period(text.substr(slash + 1));
    if (!amount || *amount == 0 || !period) return std::nullopt;
    return Rate{*amount, *period};
}

}  // namespace sallyport::rules
