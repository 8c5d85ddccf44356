// Signs a body of the form aws-chunked anew (x-amz-content-sha256: STREAMING-AWS4-…-PAYLOAD and …-PAYLOAD-TRAILER), as it
// passes: every chunk names a signature that covers it and the one before. Sizes stay as they are, so that Content-Length
// does. A chunk's signature stands before its bytes, so one chunk at a time is held back.
//
//   10000;chunk-signature=ad80c730…\r\n  65536 bytes \r\n
//   0;chunk-signature=b6c6ea8a…\r\n
//   x-amz-checksum-crc32c:sOO8/Q==\r\n  x-amz-trailer-signature:d81f82fc…\r\n     (with trailers)
//   \r\n
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/credential_action.h"
#include "secrets/aws_signing_key.h"

namespace sallyport::rules {

// SDKs make chunks of 8 KiB to 1 MiB.
inline constexpr std::size_t kAwsChunkBytesMax = 2 * 1024 * 1024;
inline constexpr std::size_t kAwsTrailersMax = 16;
inline constexpr std::size_t kAwsTrailerBytesMax = 1024;

enum class AwsTrailers { none, signed_ones };

// What the first chunk's signature goes on from.
struct AwsChunkSeed {
    secrets::AwsScope scope;
    std::shared_ptr<const secrets::AwsSigningKey> key;
    std::string signature;  // the request's
    AwsTrailers trailers = AwsTrailers::none;
};

// body_unreadable for what is not of that form, or ends too early; body_too_large for a chunk over kAwsChunkBytesMax.
class AwsChunkRewriter final : public BodyRewriter {
public:
    explicit AwsChunkRewriter(AwsChunkSeed seed);

    Result<void> feed(std::string_view bytes, Buffer& out) override;
    Result<void> finish(Buffer& out) override;

private:
    enum class State { chunk_line, chunk_bytes, chunk_end, last_end, trailer_line, end_line, done };

    Result<void> take_line(std::string_view& bytes, Buffer& out);
    Result<void> take_chunk_bytes(std::string_view& bytes);
    Result<void> on_line(std::string_view line, Buffer& out);
    Result<void> begin_chunk(std::string_view line, Buffer& out);
    Result<void> begin_last_chunk(Buffer& out);
    void write_chunk_line(Buffer& out);
    void end_chunk(Buffer& out);
    Result<void> on_trailer_line(std::string_view line, Buffer& out);
    Result<void> add_trailer(std::string_view line, std::size_t colon, Buffer& out);
    Result<void> sign_trailers(std::string_view line, std::size_t colon, Buffer& out);
    bool is_signature(std::string_view text) const;
    std::string padded_signature() const;

    AwsChunkSeed seed_;
    State state_ = State::chunk_line;
    Buffer line_;       // so far
    std::string size_;  // of this chunk, as it was written
    std::uint64_t missing_ = 0;
    Buffer chunk_;
    std::vector<std::pair<std::string, std::string>> trailers_;
    bool has_gap_ = false;
};

}  // namespace sallyport::rules
