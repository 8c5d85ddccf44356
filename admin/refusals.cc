#include "admin/refusals.h"

#include <utility>

#include "admin/limits.h"

namespace sallyport::admin {

std::optional<std::string> Refusals::admit(std::string_view why, std::chrono::steady_clock::time_point now) {
    if (!minute_ || now - *minute_ >= std::chrono::minutes(1)) {
        minute_ = now;
        recorded_ = 0;
    }
    if (recorded_ == kRefusalsPerMinuteMax) {
        ++left_out_;
        return std::nullopt;
    }
    ++recorded_;
    std::string text(why);
    if (const std::size_t others = std::exchange(left_out_, 0); others > 0) {
        text += " (" + std::to_string(others) + " others were not recorded)";
    }
    return text;
}

}  // namespace sallyport::admin
