#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "http/decoder_stage.h"

namespace sallyport::http {
namespace {

constexpr int kGzipWindow = 15 + 16;
constexpr int kZlibWindow = 15;
constexpr int kRawWindow = -15;

unsigned bounded(std::size_t size) {
    return static_cast<unsigned>(std::min<std::size_t>(size, std::numeric_limits<unsigned>::max()));
}

class InflateStage final : public DecoderStage {
public:
    explicit InflateStage(InflateFormat format) : format_(format) {}
    InflateStage(const InflateStage&) = delete;
    InflateStage& operator=(const InflateStage&) = delete;
    ~InflateStage() override {
        if (state_ != State::untouched) inflateEnd(&zlib_);
    }

    bool is_complete() const override { return state_ != State::within; }

    Result<std::size_t> decode(std::string_view& input, char* to, std::size_t room) override {
        std::size_t written = 0;
        while (written == 0) {
            if (state_ != State::within) {
                if (input.empty()) return std::size_t{0};
                if (auto begun = begin(input.front()); !begun) return failure(begun.error());
            }
            const std::size_t before = input.size();
            const auto step = inflate_some(input, to, room);
            if (!step) return step;
            written = *step;
            if (written == 0 && state_ == State::within && input.size() == before) {
                SALLYPORT_CHECK(input.empty());
                return std::size_t{0};
            }
        }
        return written;
    }

private:
    enum class State { untouched, within, ended };

    Result<void> begin(char first) {
        if (state_ == State::ended && format_ != InflateFormat::gzip) {
            return failure(ErrorCode::origin_bad_response, "bytes after the end of deflate");
        }
        const int ready = state_ == State::ended ? inflateReset(&zlib_) : inflateInit2(&zlib_, window_for(first));
        SALLYPORT_CHECK(ready == Z_OK);
        state_ = State::within;
        return {};
    }

    // zlib's first byte says method 8 and a window of at most 32 KiB. Raw deflate would begin like this only with a
    // stored block whose padding is not zero, which nobody writes.
    int window_for(char first) const {
        if (format_ == InflateFormat::gzip) return kGzipWindow;
        return (static_cast<unsigned char>(first) & 0x8f) == 8 ? kZlibWindow : kRawWindow;
    }

    Result<std::size_t> inflate_some(std::string_view& input, char* to, std::size_t room) {
        zlib_.next_in = reinterpret_cast<const Bytef*>(input.data());
        zlib_.avail_in = bounded(input.size());
        zlib_.next_out = reinterpret_cast<Bytef*>(to);
        zlib_.avail_out = bounded(room);
        const unsigned in = zlib_.avail_in;
        const unsigned out = zlib_.avail_out;
        const int status = inflate(&zlib_, Z_NO_FLUSH);
        input.remove_prefix(in - zlib_.avail_in);
        if (status == Z_STREAM_END) {
            state_ = State::ended;
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            return failure(ErrorCode::origin_bad_response,
                           format_ == InflateFormat::gzip ? "not well-formed gzip" : "not well-formed deflate");
        }
        return out - zlib_.avail_out;
    }

    InflateFormat format_;
    State state_ = State::untouched;
    z_stream zlib_{};
};

}  // namespace

std::unique_ptr<DecoderStage> make_inflate_stage(InflateFormat format) {
    return std::make_unique<InflateStage>(format);
}

}  // namespace sallyport::http
