#include <zstd.h>

#include <memory>

#include "base/check.h"
#include "http/decoder_stage.h"

namespace sallyport::http {
namespace {

constexpr int kWindowLog2Max = 23;

struct FreeContext {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdStage final : public DecoderStage {
public:
    ZstdStage() : zstd_(ZSTD_createDCtx()) {
        SALLYPORT_CHECK(zstd_ != nullptr);
        SALLYPORT_CHECK(!ZSTD_isError(ZSTD_DCtx_setParameter(zstd_.get(), ZSTD_d_windowLogMax, kWindowLog2Max)));
    }

    bool is_complete() const override { return !is_within_frame_; }

    Result<std::size_t> decode(std::string_view& input, char* to, std::size_t room) override {
        ZSTD_outBuffer out{to, room, 0};
        while (out.pos == 0) {
            // Between two frames it would say how much it wants of the next.
            if (input.empty() && !is_within_frame_) return std::size_t{0};
            ZSTD_inBuffer in{input.data(), input.size(), 0};
            const std::size_t status = ZSTD_decompressStream(zstd_.get(), &out, &in);
            input.remove_prefix(in.pos);
            if (ZSTD_isError(status) != 0) return failure(ErrorCode::origin_bad_response, "not well-formed zstd");
            is_within_frame_ = status != 0;
            if (in.pos == 0 && out.pos == 0) break;
        }
        return out.pos;
    }

private:
    std::unique_ptr<ZSTD_DCtx, FreeContext> zstd_;
    bool is_within_frame_ = false;
};

}  // namespace

std::unique_ptr<DecoderStage> make_zstd_stage() { return std::make_unique<ZstdStage>(); }

}  // namespace sallyport::http
