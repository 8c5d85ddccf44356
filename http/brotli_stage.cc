#include <brotli/decode.h>

#include <memory>

#include "base/check.h"
#include "http/decoder_stage.h"

namespace sallyport::http {
namespace {

struct DestroyState {
    void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
};

class BrotliStage final : public DecoderStage {
public:
    BrotliStage() : brotli_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
        SALLYPORT_CHECK(brotli_ != nullptr);
    }

    bool is_complete() const override { return !is_begun_ || BrotliDecoderIsFinished(brotli_.get()) != 0; }

    Result<std::size_t> decode(std::string_view& input, char* to, std::size_t room) override {
        if (!is_begun_ && input.empty()) return std::size_t{0};
        is_begun_ = true;
        auto* next = reinterpret_cast<const std::uint8_t*>(input.data());
        auto* out = reinterpret_cast<std::uint8_t*>(to);
        std::size_t left = input.size();
        std::size_t free = room;
        const auto status = BrotliDecoderDecompressStream(brotli_.get(), &left, &next, &free, &out, nullptr);
        input.remove_prefix(input.size() - left);
        if (status == BROTLI_DECODER_RESULT_ERROR) {
            return failure(ErrorCode::origin_bad_response, "not well-formed brotli");
        }
        if (status == BROTLI_DECODER_RESULT_SUCCESS && !input.empty()) {
            return failure(ErrorCode::origin_bad_response, "bytes after the end of brotli");
        }
        return room - free;
    }

private:
    std::unique_ptr<BrotliDecoderState, DestroyState> brotli_;
    bool is_begun_ = false;
};

}  // namespace

std::unique_ptr<DecoderStage> make_brotli_stage() { return std::make_unique<BrotliStage>(); }

}  // namespace sallyport::http
