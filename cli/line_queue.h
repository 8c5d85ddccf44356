// Hands lines of the access log over to the control thread. Bounded: where requests come faster than they can be told to
// those who watch, lines are dropped, and it is said how many bytes. The log itself loses none.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <string_view>

#include "net/loop.h"

namespace sallyport::cli {

inline constexpr std::size_t kQueuedLineBytesMax = 1024 * 1024;

class LineQueue final {
public:
    // `take` is called on the loop's thread, as long as this lives.
    LineQueue(net::Loop& loop, std::function<void(std::string_view lines)> take);

    // Any thread.
    void push(std::string_view lines);

private:
    net::Loop& loop_;
    std::function<void(std::string_view)> take_;
    std::atomic<std::size_t> waiting_{0};
    std::atomic<std::size_t> dropped_{0};
};

}  // namespace sallyport::cli
