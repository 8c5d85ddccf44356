// How long what a store or token endpoint has answered may be used. Their clock and ours differ and answers take time, so
// that a value is given up somewhat before its time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "secrets/json_value.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

// A hundred years: whatever is over it is a mistake or a lie, and sums of it stay far from overflow.
inline constexpr std::int64_t kSecondsMax = 100LL * 366 * 24 * 3600;
// A token whose answer says nothing of its end.
inline constexpr std::chrono::seconds kTokenLifetimeDefault = std::chrono::minutes(10);

// `asked_at` + `lifetime`, less a tenth of it or a minute, whichever is less.
WallClock::time_point usable_until(WallClock::time_point asked_at, std::chrono::seconds lifetime);
// The same for a moment at which it ends. secret_unavailable where that is past.
Result<WallClock::time_point> usable_until_moment(WallClock::time_point asked_at, WallClock::time_point end);

// A number of seconds, or a string of digits as some servers write it. secret_unavailable for anything else, for what is
// not positive, and for over a hundred years. `what` names it: "expires_in".
Result<std::chrono::seconds> read_lifetime(const JsonValue& value, std::string_view what);

// "2016-07-11T22:14:10Z", also with a fraction or an offset (RFC 3339). From 2200 on: the beginning of that year, for a clock in
// nanoseconds ends soon after. Nothing for anything else, and before 1970.
std::optional<WallClock::time_point> parse_time(std::string_view text);

}  // namespace sallyport::secrets
