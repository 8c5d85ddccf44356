// Takes secrets out of what flows towards the sandbox: every byte of an occurrence of a needle becomes '*', all others
// and all lengths stay. Bytes that may be the beginning of a needle wait for those that decide, and nothing else does.
// There is no size beyond which it stops looking. One Scrubber per part of a message (a body, one direction of a
// WebSocket); header values, reason phrases and the like, which arrive whole, go through scrub_text(). Owned by a
// stream; lives on its worker.
//
// A response is clean when its status line's reason, every header's and trailer's name and value, those of 1xx
// responses, and the body after http::ContentDecoder have been through one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "rules/needle_scan.h"
#include "rules/needle_set.h"

namespace sallyport::rules {

inline constexpr std::size_t kPausedBytesMax = 3;
// So many bytes of a needle tell more than that there may be one.
inline constexpr std::size_t kTellingBytesMin = 8;

class Scrubber final {
public:
    explicit Scrubber(std::shared_ptr<const NeedleSet> needles);
    Scrubber(const Scrubber&) = delete;
    Scrubber& operator=(const Scrubber&) = delete;
    ~Scrubber();

    // Appends to `out` what is settled of all that has been fed.
    void feed(std::string_view bytes, Buffer& out);
    // The part is complete: appends the rest. Afterwards another part may begin.
    void finish(Buffer& out);
    // Nothing more comes for now, and the sandbox may be waiting for what is held: lets go of it if that is no more
    // than kPausedBytesMax bytes of any needle. One that goes on afterwards is overwritten from there.
    void pause(Buffer& out);
    // A message of several in one direction is complete, and cannot wait for the next: lets go of what is held,
    // overwritten where that is kTellingBytesMin bytes or more of a needle. One that goes on in the next message is
    // overwritten from there, so that a secret that is cut into messages does not come through either.
    void end_message(Buffer& out);
    // The part broke off: the rest, which nobody can judge any more, is dropped. Afterwards another part may begin.
    void abandon();

    // Less than needles->longest_bytes().
    std::size_t held_bytes() const { return held_.size(); }
    // How many needles were found so far, those in several forms at once counted for each.
    std::uint64_t found() const { return scan_.found(); }
    // How many parts of needles; see NeedleScan.
    std::uint64_t parts() const { return scan_.parts(); }

private:
    std::shared_ptr<const NeedleSet> needles_;
    NeedleScan scan_;
    Buffer held_;
    std::uint64_t released_bytes_ = 0;
};

// True if there was a needle in it.
bool scrub_text(const NeedleSet& needles, std::string& text);

}  // namespace sallyport::rules
