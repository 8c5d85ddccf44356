#include "cli/handler_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"

namespace sallyport::cli {
namespace {

// Shorter ones would mask half of what is printed, and are no secrets.
constexpr std::size_t kMaskedBytesMin = 4;

using Marks = std::vector<bool>;  // for each byte, whether it is part of a value

void mark(std::string_view text, std::string_view value, Ending ending, Marks& marks) {
    if (value.empty()) return;
    for (std::size_t at = text.find(value); at != std::string_view::npos; at = text.find(value, at + 1)) {
        std::fill_n(marks.begin() + static_cast<std::ptrdiff_t>(at), value.size(), true);
    }
    if (ending == Ending::complete) return;
    std::size_t beginning = std::min(text.size(), value.size() - 1);
    while (beginning > 0 && !text.ends_with(value.substr(0, beginning))) --beginning;
    std::fill(marks.end() - static_cast<std::ptrdiff_t>(beginning), marks.end(), true);
}

}  // namespace

std::string mask_values(std::string_view text, const std::vector<SecretString>& values, Ending ending) {
    Marks marks(text.size());
    for (const SecretString& value : values) mark(text, value.reveal(), ending, marks);
    std::string masked;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!marks[i]) {
            masked += text[i];
        } else if (i == 0 || !marks[i - 1]) {
            masked += "***";
        }
    }
    return masked;
}

HandlerOutput::HandlerOutput(net::Loop& loop, UniqueFd pipe, std::string sandbox)
    : pipe_(std::move(pipe)), sandbox_(std::move(sandbox)), watch_(loop, pipe_.get(), [this](int) { (void)read_some(); }) {
    fcntl(pipe_.get(), F_SETFL, fcntl(pipe_.get(), F_GETFL) | O_NONBLOCK);
    watch_.want(net::FdWatch::kRead);
}

void HandlerOutput::mask(std::string_view value) {
    const auto same = [&](const SecretString& other) { return other.reveal() == value; };
    if (value.size() < kMaskedBytesMin || std::any_of(values_.begin(), values_.end(), same)) return;
    values_.emplace_back(value);
}

bool HandlerOutput::read_some() {
    char block[4096];
    const ssize_t got = read(pipe_.get(), block, sizeof block);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return false;
    if (got <= 0) {
        watch_.want(net::FdWatch::kNone);
        return false;
    }
    text_.append(block, static_cast<std::size_t>(got));
    take_lines();
    return true;
}

void HandlerOutput::take_lines() {
    for (std::size_t end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
        if (!is_cut_) print(std::string_view(text_).substr(0, end), Ending::complete);
        is_cut_ = false;
        text_.erase(0, end + 1);
    }
    if (text_.size() <= kHandlerLineBytesMax) return;
    if (!is_cut_) print(text_, Ending::torn);
    is_cut_ = true;
    text_.clear();
}

void HandlerOutput::finish() {
    // Not for ever: whoever writes may still do so.
    for (int i = 0; i < 64 && (watch_.wanted() & net::FdWatch::kRead) != 0 && read_some(); ++i) {
    }
    if (!text_.empty() && !is_cut_) print(text_, Ending::torn);
    text_.clear();
}

void HandlerOutput::print(std::string_view line, Ending ending) {
    const auto now = net::Clock::now();
    if (now - second_ >= std::chrono::seconds(1)) {
        second_ = now;
        lines_ = 0;
    }
    if (++lines_ > kHandlerLinesPerSecondMax) return;
    const bool is_last = lines_ == kHandlerLinesPerSecondMax;
    // Masked before it is cut: half a value would not be recognised.
    std::string text = mask_values(line, values_, ending);
    text.resize(std::min(text.size(), kHandlerLineBytesMax));
    log(LogLevel::info, "handler of " + sandbox_ + ": " + (is_last ? "(more lines in this second are dropped)" : text));
}

}  // namespace sallyport::cli
