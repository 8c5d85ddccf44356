#include "cli/line_queue.h"

#include <string>
#include <utility>

#include "base/log.h"

namespace sallyport::cli {

LineQueue::LineQueue(net::Loop& loop, std::function<void(std::string_view)> take)
    : loop_(loop), take_(std::move(take)) {}

void LineQueue::push(std::string_view lines) {
    if (waiting_.fetch_add(lines.size()) + lines.size() > kQueuedLineBytesMax) {
        waiting_ -= lines.size();
        dropped_ += lines.size();
        return;
    }
    loop_.post([this, text = std::string(lines)] {
        take_(text);
        waiting_ -= text.size();
        if (const std::size_t lost = dropped_.exchange(0); lost > 0) {
            log(LogLevel::warning, "events of requests are dropped: " + std::to_string(lost) + " bytes");
        }
    });
}

}  // namespace sallyport::cli
