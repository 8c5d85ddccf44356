#include "rules/aws_chunks.h"

#include <algorithm>

#include "http/characters.h"
#include "http/header_map.h"
#include "secrets/digest.h"

namespace sallyport::rules {
namespace {

using secrets::AwsVersion;
using secrets::DigestKind;

constexpr std::string_view kSignatureMark = ";chunk-signature=";
constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature";
constexpr std::size_t kHmacDigits = 64;
// An ECDSA signature may be shorter; '*' fills it up.
constexpr std::size_t kEcdsaDigits = 144;
constexpr std::size_t kSizeDigitsMax = 8;
constexpr std::size_t kLineBytesMax = kAwsTrailerBytesMax;

tl::unexpected<Error> unreadable(const char* why) { return failure(ErrorCode::body_unreadable, why); }

std::string hash_of(std::string_view bytes) { return secrets::to_hex(secrets::digest(DigestKind::sha256, bytes).view()); }

std::string to_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    return out;
}

}  // namespace

AwsChunkRewriter::AwsChunkRewriter(AwsChunkSeed seed) : seed_(std::move(seed)) {}

Result<void> AwsChunkRewriter::feed(std::string_view bytes, Buffer& out) {
    while (!bytes.empty()) {
        if (state_ == State::done) return unreadable("there are bytes after the last chunk");
        auto taken = state_ == State::chunk_bytes ? take_chunk_bytes(bytes) : take_line(bytes, out);
        if (!taken) return taken;
    }
    return {};
}

Result<void> AwsChunkRewriter::finish(Buffer& /*out*/) {
    if (state_ != State::done) return unreadable("the body ends before its last chunk does");
    return {};
}

Result<void> AwsChunkRewriter::take_line(std::string_view& bytes, Buffer& out) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, end == bytes.npos ? bytes.size() : end + 1);
    if (line_.size() + part.size() > kLineBytesMax) return unreadable("a line of the chunked body is too long");
    line_.append(part);
    bytes.remove_prefix(part.size());
    if (end == bytes.npos && !line_.view().ends_with('\n')) return {};
    const std::string line(line_.view());
    line_.clear();
    return on_line(line, out);
}

Result<void> AwsChunkRewriter::take_chunk_bytes(std::string_view& bytes) {
    const auto part = bytes.substr(0, std::min<std::uint64_t>(missing_, bytes.size()));
    chunk_.append(part);
    bytes.remove_prefix(part.size());
    missing_ -= part.size();
    if (missing_ == 0) state_ = State::chunk_end;
    return {};
}

// `line` with its end.
Result<void> AwsChunkRewriter::on_line(std::string_view line, Buffer& out) {
    if (state_ == State::trailer_line) return on_trailer_line(line, out);
    if (!line.ends_with("\r\n")) return unreadable("a line of the chunked body does not end in CRLF");
    if (state_ == State::chunk_line) return begin_chunk(line.substr(0, line.size() - 2), out);
    if (line != "\r\n") return unreadable("a chunk is longer than it says");
    if (state_ == State::chunk_end) {
        end_chunk(out);
    } else {
        out.append(line);
        state_ = State::done;
    }
    return {};
}

Result<void> AwsChunkRewriter::begin_chunk(std::string_view line, Buffer& out) {
    const auto mark = line.find(kSignatureMark);
    if (mark == line.npos || mark == 0 || mark > kSizeDigitsMax) return unreadable("a chunk has no size or signature");
    size_ = line.substr(0, mark);
    missing_ = 0;
    for (const char c : size_) {
        if (http::hex_value(c) < 0) return unreadable("a chunk's size is not a number");
        missing_ = missing_ * 16 + static_cast<unsigned>(http::hex_value(c));
    }
    if (!is_signature(line.substr(mark + kSignatureMark.size()))) return unreadable("a chunk's signature has another form");
    if (missing_ > kAwsChunkBytesMax) return failure(ErrorCode::body_too_large, "a chunk is over 2 MiB");
    if (missing_ == 0) return begin_last_chunk(out);
    state_ = State::chunk_bytes;
    return {};
}

Result<void> AwsChunkRewriter::begin_last_chunk(Buffer& out) {
    write_chunk_line(out);
    state_ = seed_.trailers == AwsTrailers::none ? State::last_end : State::trailer_line;
    return {};
}

void AwsChunkRewriter::write_chunk_line(Buffer& out) {
    seed_.signature =
        seed_.key->sign(secrets::chunk_string_to_sign(seed_.scope, seed_.signature, hash_of(chunk_.view())));
    out.append(size_);
    out.append(kSignatureMark);
    out.append(padded_signature());
    out.append("\r\n");
}

void AwsChunkRewriter::end_chunk(Buffer& out) {
    write_chunk_line(out);
    out.append(chunk_.view());
    out.append("\r\n");
    chunk_.clear();
    state_ = State::chunk_line;
}

// Some clients end these lines in LF alone, and leave one empty before the signature.
Result<void> AwsChunkRewriter::on_trailer_line(std::string_view line, Buffer& out) {
    const auto text = line.substr(0, line.find_last_not_of("\r\n") + 1);
    if (text.empty() && !has_gap_ && !trailers_.empty()) {
        has_gap_ = true;
        out.append(line);
        return {};
    }
    const auto colon = text.find(':');
    if (colon == text.npos || !http::is_token(text.substr(0, colon))) return unreadable("a trailer is not name:value");
    if (http::equals_ignoring_case(text.substr(0, colon), kTrailerSignature)) return sign_trailers(line, colon, out);
    if (has_gap_) return unreadable("there are trailers after an empty line");
    return add_trailer(line, colon, out);
}

Result<void> AwsChunkRewriter::add_trailer(std::string_view line, std::size_t colon, Buffer& out) {
    const auto end = line.find_last_not_of("\r\n") + 1;
    const auto value = http::trim(line.substr(colon + 1, end - colon - 1));
    if (!http::is_field_value(value)) return unreadable("a trailer holds control characters");
    if (trailers_.size() == kAwsTrailersMax) return unreadable("there are too many trailers");
    trailers_.emplace_back(to_lower(line.substr(0, colon)), value);
    out.append(line);
    return {};
}

Result<void> AwsChunkRewriter::sign_trailers(std::string_view line, std::size_t colon, Buffer& out) {
    const auto signature = line.substr(colon + 1, line.size() - colon - 3);
    if (!line.ends_with("\r\n") || !is_signature(signature)) return unreadable("the trailers' signature has another form");
    std::stable_sort(trailers_.begin(), trailers_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string text;
    for (const auto& [name, value] : trailers_) text.append(name).append(":").append(value).append("\n");
    seed_.signature = seed_.key->sign(secrets::trailer_string_to_sign(seed_.scope, seed_.signature, hash_of(text)));
    out.append(line.substr(0, colon + 1));
    out.append(padded_signature());
    out.append("\r\n");
    state_ = State::end_line;
    return {};
}

bool AwsChunkRewriter::is_signature(std::string_view text) const {
    const bool is_ecdsa = seed_.scope.version == AwsVersion::v4a;
    return text.size() == (is_ecdsa ? kEcdsaDigits : kHmacDigits) && std::all_of(text.begin(), text.end(), [&](char c) {
               return http::hex_value(c) >= 0 || (is_ecdsa && c == '*');
           });
}

std::string AwsChunkRewriter::padded_signature() const {
    auto text = seed_.signature;
    if (seed_.scope.version == AwsVersion::v4a) text.resize(kEcdsaDigits, '*');
    return text;
}

}  // namespace sallyport::rules
