#include "rules/scrubber.h"

#include <cstring>
#include <utility>

#include "base/secret_string.h"

namespace sallyport::rules {

Scrubber::Scrubber(std::shared_ptr<const NeedleSet> needles) : needles_(std::move(needles)), scan_(*needles_) {}

Scrubber::~Scrubber() { held_.wipe(); }

// The scan works in place, where the bytes are to be in the end; what has to wait is taken back from there.
void Scrubber::feed(std::string_view bytes, Buffer& out) {
    if (bytes.empty()) return;
    const std::size_t held = held_.size();
    const std::size_t size = held + bytes.size();
    char* window = out.reserve(size);
    if (held > 0) std::memcpy(window, held_.view().data(), held);
    std::memcpy(window + held, bytes.data(), bytes.size());
    const std::size_t settled = scan_.run(window, held, size, released_bytes_);
    out.commit(settled);
    released_bytes_ += settled;
    if (held > 0) held_.wipe();
    if (settled == size) return;
    held_.append({window + settled, size - settled});
    wipe_bytes(window + settled, size - settled);
}

void Scrubber::pause(Buffer& out) {
    if (scan_.longest_attempt(released_bytes_ + held_.size()) > kPausedBytesMax) return;
    out.append(held_.view());
    released_bytes_ += held_.size();
    held_.wipe();
}

void Scrubber::end_message(Buffer& out) {
    if (held_.empty()) return;
    const bool is_telling = scan_.longest_attempt(released_bytes_ + held_.size()) >= kTellingBytesMin;
    char* rest = out.reserve(held_.size());
    std::memcpy(rest, held_.view().data(), held_.size());
    if (is_telling) std::memset(rest, needles_->fill(), held_.size());
    out.commit(held_.size());
    released_bytes_ += held_.size();
    held_.wipe();
}

void Scrubber::finish(Buffer& out) {
    out.append(held_.view());
    abandon();
}

void Scrubber::abandon() {
    held_.wipe();
    scan_.reset();
    released_bytes_ = 0;
}

bool scrub_text(const NeedleSet& needles, std::string& text) {
    NeedleScan scan(needles);
    scan.run(text.data(), 0, text.size(), 0);
    return scan.found() > 0;
}

}  // namespace sallyport::rules
