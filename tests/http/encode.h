// Content codings done, for what undoes them.
#pragma once

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/content_coding.h"

namespace sallyport::http {

enum class ZlibFormat { gzip = 15 + 16, zlib = 15, raw = -15 };

inline std::string encode_zlib(std::string_view text, ZlibFormat format) {
    z_stream zlib{};
    SALLYPORT_CHECK(deflateInit2(&zlib, 6, Z_DEFLATED, static_cast<int>(format), 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string out(deflateBound(&zlib, text.size()) + 32, '\0');
    zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    zlib.avail_in = static_cast<unsigned>(text.size());
    zlib.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib.avail_out = static_cast<unsigned>(out.size());
    SALLYPORT_CHECK(deflate(&zlib, Z_FINISH) == Z_STREAM_END);
    out.resize(zlib.total_out);
    deflateEnd(&zlib);
    return out;
}

inline std::string encode_brotli(std::string_view text) {
    std::size_t size = BrotliEncoderMaxCompressedSize(text.size()) + 16;
    std::string out(size, '\0');
    SALLYPORT_CHECK(BrotliEncoderCompress(1, 18, BROTLI_MODE_GENERIC, text.size(),
                                          reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                                          reinterpret_cast<std::uint8_t*>(out.data())) != 0);
    out.resize(size);
    return out;
}

inline std::string encode_zstd(std::string_view text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
    return out;
}

inline std::string encode(std::string_view text, ContentCoding coding) {
    switch (coding) {
        case ContentCoding::gzip: return encode_zlib(text, ZlibFormat::gzip);
        case ContentCoding::deflate: return encode_zlib(text, ZlibFormat::zlib);
        case ContentCoding::br: return encode_brotli(text);
        case ContentCoding::zstd: return encode_zstd(text);
    }
    return {};
}

inline std::string encode(std::string_view text, std::span<const ContentCoding> codings) {
    std::string out(text);
    for (const auto coding : codings) out = encode(out, coding);
    return out;
}

}  // namespace sallyport::http
