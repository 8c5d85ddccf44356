// Says of refusals which go to the audit log, so that whoever is refused cannot fill it. Owned by the server; the time is
// passed in.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::admin {

class Refusals final {
public:
    // What to record as the reason, or nothing: there were enough in this minute. The first one of a later minute says how
    // many were left out.
    std::optional<std::string> admit(std::string_view why, std::chrono::steady_clock::time_point now);

private:
    std::optional<std::chrono::steady_clock::time_point> minute_;
    std::size_t recorded_ = 0;
    std::size_t left_out_ = 0;
};

}  // namespace sallyport::admin
