// Looks for several sets of needles in one text, one set after the other: those of a policy's secrets, of a cookie jar, of
// tokens that were taken out of earlier answers. Of each it does what rules::Scrubber does. Owned by a ResponseFilter;
// lives on one worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "rules/scrubber.h"

namespace sallyport::proxy {

class ScrubChain final {
public:
    // Null, and a set of nothing, change nothing. In the middle of a text it is looked for in the rest
    // of it.
    void add(std::shared_ptr<const rules::NeedleSet> needles);

    void feed(std::string_view bytes, Buffer& out);
    void finish(Buffer& out);
    void pause(Buffer& out);
    // Of several: see rules::Scrubber.
    void end_message(Buffer& out);
    void abandon();
    bool empty() const { return links_.empty(); }
    // Of a text that is there as a whole. True if there was something in it.
    bool scrub_whole(std::string& text);

    std::size_t held_bytes() const;
    // No occurrence of anything is longer.
    std::size_t longest_bytes() const;
    // How many needles were found so far, in all texts.
    std::uint64_t found() const;
    // How many parts of needles; see rules::NeedleScan.
    std::uint64_t parts() const;

private:
    struct Link {
        explicit Link(std::shared_ptr<const rules::NeedleSet> needles);
        ~Link() { clean.wipe(); }

        std::shared_ptr<const rules::NeedleSet> needles;
        rules::Scrubber scrubber;
        Buffer clean;  // of this link's needles, on its way to the next
    };
    void feed_from(std::size_t index, std::string_view bytes, Buffer& out);
    // What the link lets go of goes through those behind it.
    template <class Release>
    void release_from_each(Buffer& out, Release release);

    std::vector<std::unique_ptr<Link>> links_;
    std::uint64_t found_in_whole_ = 0;
    std::uint64_t parts_in_whole_ = 0;
};

}  // namespace sallyport::proxy
