// One content coding undone, piece by piece: an interface over zlib, brotli and zstd. Owned by a ContentDecoder.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace sallyport::http {

class DecoderStage {
public:
    virtual ~DecoderStage() = default;

    // Takes from the front of `input` and writes up to `room` bytes, which is not 0. Returns how many it wrote: with
    // none written, all input is taken and more is needed. origin_bad_response for what is not of this coding and for
    // bytes after its end; afterwards nothing may be called.
    virtual Result<std::size_t> decode(std::string_view& input, char* to, std::size_t room) = 0;
    // Whether it may end here: nothing was begun, or all that was begun is complete.
    virtual bool is_complete() const = 0;
};

// Where one is made: gzip is any number of members (RFC 1952), deflate with the header of zlib (RFC 1950) or, as some
// servers have it, without.
enum class InflateFormat { gzip, deflate };
std::unique_ptr<DecoderStage> make_inflate_stage(InflateFormat format);
// RFC 7932; windows to 16 MiB.
std::unique_ptr<DecoderStage> make_brotli_stage();
// Any number of frames (RFC 8878); windows to 8 MiB, as RFC 9659 has it for HTTP.
std::unique_ptr<DecoderStage> make_zstd_stage();

}  // namespace sallyport::http
