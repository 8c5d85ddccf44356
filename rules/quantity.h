// Sizes, times and rates as people write them: "10MB", "10s", "60/m". Whole numbers with a unit; nothing is rounded.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "rules/actions.h"

namespace sallyport::rules {

// B; KB, MB, GB (powers of 1000); KiB, MiB, GiB (powers of 1024). At most 10^15 bytes.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

// ms, s, m, h. At most 10^12 ms.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

enum class RateOf { count, bytes };

// A number, or a size, and a period: s, m, h or d. The amount is not 0.
std::optional<Rate> parse_rate(std::string_view text, RateOf what);

}  // namespace sallyport::rules
