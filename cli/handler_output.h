// What one handler host prints to its console, as lines of the daemon's log: secret values masked, long lines cut, and no
// more lines than a reader can bear.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/secret_string.h"
#include "base/unique_fd.h"
#include "net/loop.h"

namespace sallyport::cli {

inline constexpr std::size_t kHandlerLineBytesMax = 4096;
inline constexpr int kHandlerLinesPerSecondMax = 100;

// Whether a text goes on after its end, which then may be the beginning of a value.
enum class Ending { complete, torn };

// "token abc" with "abc" masked is "token ***". Values that overlap are masked as one.
std::string mask_values(std::string_view text, const std::vector<SecretString>& values, Ending ending);

class HandlerOutput final {
public:
    HandlerOutput(net::Loop& loop, UniqueFd pipe, std::string sandbox);

    // From now on; a value that was masked stays so. Values under 4 bytes are not: they would mask half of what is printed.
    void mask(std::string_view value);
    // Prints what is left.
    void finish();

private:
    // False where there is nothing to be had now.
    bool read_some();
    void take_lines();
    void print(std::string_view line, Ending ending);

    UniqueFd pipe_;
    std::string sandbox_;
    std::vector<SecretString> values_;
    std::string text_;
    bool is_cut_ = false;  // the rest of the present line is dropped
    net::Clock::time_point second_;
    int lines_ = 0;  // in that second
    net::FdWatch watch_;
};

}  // namespace sallyport::cli
