#include "secrets/expiry.h"

#include <algorithm>
#include <charconv>

namespace sallyport::secrets {
namespace {

constexpr std::chrono::seconds kMarginMax{60};
constexpr int kYearMin = 1970;
constexpr int kYearMax = 2200;

std::optional<std::int64_t> digits(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// `size` digits at the beginning of `text`, which they are taken off; -1 where there are none.
int take_digits(std::string_view& text, std::size_t size) {
    if (text.size() < size) return -1;
    int number = 0;
    for (std::size_t i = 0; i < size; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        number = number * 10 + (text[i] - '0');
    }
    text.remove_prefix(size);
    return number;
}

bool take(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == any_of.npos) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
    const int year = take_digits(text, 4);
    const bool first = take(text, "-");
    const int month = take_digits(text, 2);
    const bool second = take(text, "-");
    const int day = take_digits(text, 2);
    if (year < kYearMin || month < 0 || day < 0 || !first || !second) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) return std::nullopt;
    return std::min(std::chrono::sys_days(date), std::chrono::sys_days(std::chrono::year(kYearMax) / 1 / 1));
}

// "22:14" and, where `with_seconds`, ":10" and a fraction, which is not counted.
std::optional<std::chrono::seconds> take_clock(std::string_view& text, bool with_seconds) {
    const int hours = take_digits(text, 2);
    const bool colon = take(text, ":");
    const int minutes = take_digits(text, 2);
    if (!colon || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
    const std::chrono::seconds clock = std::chrono::hours(hours) + std::chrono::minutes(minutes);
    if (!with_seconds) return clock;
    if (!take(text, ":")) return std::nullopt;
    const int seconds = take_digits(text, 2);
    if (seconds < 0 || seconds > 60) return std::nullopt;
    if (take(text, ".") && take_digits(text, 1) < 0) return std::nullopt;
    while (take(text, "0123456789")) continue;
    return clock + std::chrono::seconds(seconds);
}

std::optional<std::chrono::seconds> take_offset(std::string_view& text) {
    if (take(text, "Zz")) return std::chrono::seconds(0);
    const bool is_west = text.starts_with('-');
    if (!take(text, "+-")) return std::nullopt;
    const auto clock = take_clock(text, false);
    if (!clock) return std::nullopt;
    return is_west ? -*clock : *clock;
}

}  // namespace

WallClock::time_point usable_until(WallClock::time_point asked_at, std::chrono::seconds lifetime) {
    return asked_at + lifetime - std::min(kMarginMax, lifetime / 10);
}

Result<WallClock::time_point> usable_until_moment(WallClock::time_point asked_at, WallClock::time_point end) {
    const auto left = std::chrono::floor<std::chrono::seconds>(end - asked_at);
    if (left.count() > 0) return usable_until(asked_at, left);
    return failure(ErrorCode::secret_unavailable, "the answer's value has expired already");
}

Result<std::chrono::seconds> read_lifetime(const JsonValue& value, std::string_view what) {
    auto number = value.whole_number();
    if (const auto text = value.text()) number = digits(text->reveal());
    if (number && *number > 0 && *number <= kSecondsMax) return std::chrono::seconds(*number);
    return failure(ErrorCode::secret_unavailable, "the answer's \"" + std::string(what) + "\" is not a time to live");
}

std::optional<WallClock::time_point> parse_time(std::string_view text) {
    const auto date = take_date(text);
    if (!date || !take(text, "Tt ")) return std::nullopt;
    const auto clock = take_clock(text, true);
    if (!clock) return std::nullopt;
    const auto offset = take_offset(text);
    if (!offset || !text.empty()) return std::nullopt;
    return WallClock::time_point(*date + *clock - *offset);
}

}  // namespace sallyport::secrets
