#include "http/content_decoder.h"

#include <algorithm>

namespace sallyport::http {
namespace {

constexpr std::size_t kBlockBytes = 16 * 1024;

std::unique_ptr<DecoderStage> make_stage(ContentCoding coding) {
    switch (coding) {
        case ContentCoding::gzip: return make_inflate_stage(InflateFormat::gzip);
        case ContentCoding::deflate: return make_inflate_stage(InflateFormat::deflate);
        case ContentCoding::br: return make_brotli_stage();
        case ContentCoding::zstd: return make_zstd_stage();
    }
    return nullptr;
}

}  // namespace

// The coding that was applied last is undone first.
ContentDecoder::ContentDecoder(std::span<const ContentCoding> codings, const DecodeLimits& limits) : limits_(limits) {
    for (auto coding = codings.rbegin(); coding != codings.rend(); ++coding) {
        Step step{make_stage(*coding), nullptr, {}};
        if (!steps_.empty()) step.block = std::make_unique_for_overwrite<char[]>(kBlockBytes);
        steps_.push_back(std::move(step));
    }
}

Result<std::size_t> ContentDecoder::decode(std::string_view& input, Buffer& out, std::size_t bytes_max) {
    SALLYPORT_CHECK(bytes_max > 0);
    std::size_t total = 0;
    while (total < bytes_max) {
        const std::size_t room = std::min(bytes_max - total, kBlockBytes);
        char* to = out.reserve(room);
        std::size_t size = 0;
        if (steps_.empty()) {
            size = std::min(room, input.size());
            if (size > 0) std::memcpy(to, input.data(), size);
            input.remove_prefix(size);
        } else {
            const auto written = decode_step(steps_.size() - 1, input, to, room);
            if (!written) return written;
            size = *written;
        }
        if (size == 0) break;
        out.commit(size);
        total += size;
    }
    return total;
}

// Up to `room` bytes out of one step, which draws on the one before; 0 when all input is taken.
Result<std::size_t> ContentDecoder::decode_step(std::size_t index, std::string_view& input, char* to,
                                                std::size_t room) {
    Step& step = steps_[index];
    while (true) {
        if (index > 0 && step.input.empty()) {
            const auto drawn = decode_step(index - 1, input, step.block.get(), kBlockBytes);
            if (!drawn) return drawn;
            step.input = {step.block.get(), *drawn};
        }
        std::string_view& source = index == 0 ? input : step.input;
        const std::size_t before = source.size();
        const auto written = step.stage->decode(source, to, room);
        if (!written) return written;
        if (index == 0) taken_bytes_ += before - source.size();
        if (auto counted = count(step, *written); !counted) return failure(counted.error());
        if (*written > 0 || before == 0) return written;
    }
}

Result<void> ContentDecoder::count(Step& step, std::size_t size) {
    step.written_bytes += size;
    if (step.written_bytes <= limits_.free_bytes || step.written_bytes / limits_.ratio_max <= taken_bytes_) return {};
    return failure(ErrorCode::origin_bad_response, "the content expands beyond the limit");
}

Result<void> ContentDecoder::finish() const {
    const bool is_complete =
        std::all_of(steps_.begin(), steps_.end(), [](const Step& step) { return step.stage->is_complete(); });
    if (!is_complete) return failure(ErrorCode::origin_bad_response, "the content is cut off");
    return {};
}

}  // namespace sallyport::http
