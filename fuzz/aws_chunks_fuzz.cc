// A body of the form aws-chunked, or of any other, in pieces of any size: what comes out is the same however it is split, as
// long as what went in, and each signature in it is the one that a second implementation makes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "rules/aws_chunks.h"
#include "secrets/digest.h"

namespace {

using namespace sallyport;

const secrets::AwsScope kScope{secrets::AwsVersion::v4, "20130524T000000Z", "us-east-1", "s3"};
const std::string kSeed(64, '5');
const std::string kDummy(64, '0');
const auto kKey = std::make_shared<const secrets::AwsSigningKey>(secrets::AwsKeys{"ID", "SECRET"}, kScope);

struct Outcome {
    std::string bytes;
    std::optional<ErrorCode> error;

    bool operator==(const Outcome&) const = default;
};

Outcome rewrite(std::string_view body, rules::AwsTrailers trailers, std::string_view splits) {
    rules::AwsChunkRewriter rewriter({kScope, kKey, kSeed, trailers});
    Buffer out;
    Outcome outcome;
    std::size_t next = 0;
    while (!body.empty() && !outcome.error) {
        const std::size_t size = splits.empty() ? body.size() : static_cast<unsigned char>(splits[next++ % splits.size()]) % 97 + 1;
        const auto piece = body.substr(0, size);
        body.remove_prefix(piece.size());
        if (const auto fed = rewriter.feed(piece, out); !fed) outcome.error = fed.error().code;
    }
    if (!outcome.error) {
        if (const auto finished = rewriter.finish(out); !finished) outcome.error = finished.error().code;
    }
    outcome.bytes = out.view();
    return outcome;
}

std::string hash(std::string_view text) { return secrets::to_hex(secrets::digest(secrets::DigestKind::sha256, text).view()); }

std::string sign(const std::string& kind, const std::string& previous, const std::string& rest) {
    auto key = secrets::hmac(secrets::DigestKind::sha256, "AWS4SECRET", "20130524");
    for (const auto* part : {"us-east-1", "s3", "aws4_request"}) key = secrets::hmac(secrets::DigestKind::sha256, key.view(), part);
    const auto text = "AWS4-HMAC-SHA256-" + kind + "\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n" + previous + "\n" + rest;
    return secrets::to_hex(secrets::hmac(secrets::DigestKind::sha256, key.view(), text).view());
}

// A good body out of any bytes, and what it must become.
struct Body {
    std::string sent;
    std::string expected;
};

Body make_body(std::string_view bytes, rules::AwsTrailers trailers) {
    Body body;
    std::string previous = kSeed;
    const auto add = [&](std::string_view chunk) {
        char size[16];
        std::snprintf(size, sizeof size, "%zx", chunk.size());
        previous = sign("PAYLOAD", previous, hash("") + "\n" + hash(chunk));
        const auto end = std::string("\r\n") + std::string(chunk) + (chunk.empty() ? "" : "\r\n");
        body.sent += size + (";chunk-signature=" + kDummy) + end;
        body.expected += size + (";chunk-signature=" + previous) + end;
    };
    while (!bytes.empty()) {
        const auto size = std::min<std::size_t>(static_cast<unsigned char>(bytes[0]) + 1u, bytes.size());
        add(bytes.substr(0, size));
        bytes.remove_prefix(size);
    }
    add("");
    if (trailers == rules::AwsTrailers::signed_ones) {
        const std::string trailer = "x-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:";
        body.sent += trailer + kDummy + "\r\n";
        body.expected += trailer + sign("TRAILER", previous, hash("x-amz-checksum-crc32:AAAAAA==\n")) + "\r\n";
    }
    body.sent += "\r\n";
    body.expected += "\r\n";
    return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 8) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto trailers = (data[0] & 1) != 0 ? rules::AwsTrailers::signed_ones : rules::AwsTrailers::none;
    const auto splits = text.substr(1, 7);
    const auto rest = text.substr(8);

    const auto whole = rewrite(rest, trailers, "");
    SALLYPORT_CHECK(rewrite(rest, trailers, splits) == whole);
    SALLYPORT_CHECK(whole.error || whole.bytes.size() == rest.size());

    const auto body = make_body(rest, trailers);
    const auto good = rewrite(body.sent, trailers, splits);
    SALLYPORT_CHECK(!good.error && good.bytes == body.expected);
    return 0;
}
