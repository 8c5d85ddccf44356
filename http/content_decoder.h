// Undoes a response's content codings as its body arrives, to any length in bounded memory: it writes no more than it
// is asked for and takes no more input than that needs. Owned by a stream; lives on its worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "http/content_coding.h"
#include "http/decoder_stage.h"

namespace sallyport::http {

struct DecodeLimits {
    // How often what comes out of any coding may be longer than what came in. Text compresses to a tenth, a fiftieth at
    // best; deflate can make a thousandth of nothing but zeros, brotli a millionth.
    std::uint64_t ratio_max = 256;
    // Not looked at before that much came out: short answers may be anything.
    std::uint64_t free_bytes = 1 << 20;
};

class ContentDecoder final {
public:
    // `codings` as parse_content_encoding() returns them; none of them passes everything on.
    explicit ContentDecoder(std::span<const ContentCoding> codings, const DecodeLimits& limits = {});

    // Takes from the front of `input` and appends to `out`, up to `bytes_max` bytes, which is not 0. Returns how many:
    // fewer mean that all input is taken. origin_bad_response for what is not of the coding, for bytes after its end
    // and for more than the limits allow: then what `out` got before is right, and nothing more may be called.
    Result<std::size_t> decode(std::string_view& input, Buffer& out, std::size_t bytes_max);
    // After the body's last byte. origin_bad_response if it is cut off. An empty body is complete in every coding.
    Result<void> finish() const;

private:
    struct Step {
        std::unique_ptr<DecoderStage> stage;
        std::unique_ptr<char[]> block;   // what came out of the step before
        std::string_view input;          // what is left of it
        std::uint64_t written_bytes = 0;
    };

    Result<std::size_t> decode_step(std::size_t index, std::string_view& input, char* to, std::size_t room);
    Result<void> count(Step& step, std::size_t size);

    DecodeLimits limits_;
    std::vector<Step> steps_;
    std::uint64_t taken_bytes_ = 0;
};

}  // namespace sallyport::http
