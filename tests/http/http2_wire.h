// HTTP/2 frames by hand, as a hostile peer would write them, and read back.
#pragma once

#include <nghttp2/nghttp2.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/http2.h"

namespace sallyport::http::wire {

enum Type : unsigned char {
    kData, kHeaders, kPriority, kRstStream, kSettings, kPushPromise, kPing, kGoaway, kWindowUpdate, kContinuation
};
inline constexpr unsigned char kEndStream = 0x1, kAck = 0x1, kEndHeaders = 0x4, kPadded = 0x8;
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string number(std::uint32_t value, int bytes = 4) {
    std::string text;
    for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
    return text;
}

inline std::string frame(unsigned char type, unsigned char flags, Http2StreamId stream, std::string_view payload = "") {
    return number(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) + static_cast<char>(flags) +
           number(static_cast<std::uint32_t>(stream)) + std::string(payload);
}

// RFC 7541 section 5.1.
inline std::string hpack_number(unsigned char first, int prefix_bits, std::size_t value) {
    const std::size_t limit = (std::size_t{1} << prefix_bits) - 1;
    if (value < limit) return std::string(1, static_cast<char>(first | value));
    std::string text(1, static_cast<char>(first | limit));
    for (value -= limit; value >= 128; value /= 128) text += static_cast<char>(value % 128 + 128);
    return text + static_cast<char>(value);
}

inline std::string hpack_string(std::string_view text) { return hpack_number(0, 7, text.size()) + std::string(text); }

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Each a literal that is not indexed.
inline std::string block(Fields fields) {
    std::string text;
    for (const auto& [name, value] : fields) text += std::string(1, '\0') + hpack_string(name) + hpack_string(value);
    return text;
}

inline std::string headers(Http2StreamId stream, Fields fields, unsigned char flags = kEndStream) {
    return frame(kHeaders, flags | kEndHeaders, stream, block(fields));
}
inline std::string data(Http2StreamId stream, std::string_view bytes, unsigned char flags = 0) {
    return frame(kData, flags, stream, bytes);
}
inline std::string get(Http2StreamId stream, std::string_view path = "/", unsigned char flags = kEndStream) {
    return headers(stream, {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.com"}, {":path", path}}, flags);
}
inline std::string post(Http2StreamId stream) {
    return headers(stream, {{":method", "POST"}, {":scheme", "https"}, {":authority", "a.com"}, {":path", "/"}}, 0);
}
inline std::string settings(std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> entries = {}) {
    std::string payload;
    for (const auto& [id, value] : entries) payload += number(id, 2) + number(value);
    return frame(kSettings, 0, 0, payload);
}
inline std::string window_update(Http2StreamId stream, std::uint32_t more) {
    return frame(kWindowUpdate, 0, stream, number(more));
}
inline std::string rst_stream(Http2StreamId stream, Http2Error error) {
    return frame(kRstStream, 0, stream, number(static_cast<std::uint32_t>(error)));
}
inline std::string goaway(Http2StreamId last, Http2Error error = Http2Error::no_error) {
    return frame(kGoaway, 0, 0, number(static_cast<std::uint32_t>(last)) + number(static_cast<std::uint32_t>(error)));
}
inline std::string ping(unsigned char flags = 0) { return frame(kPing, flags, 0, "12345678"); }
inline std::string repeat(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
}
// What a client says first.
inline std::string greeting() { return std::string(kPreface) + settings(); }

struct Frame {
    unsigned char type;
    unsigned char flags;
    Http2StreamId stream;
    std::string payload;

    bool ends_stream() const { return (type == kData || type == kHeaders) && (flags & kEndStream) != 0; }
    // Of RST_STREAM, or of GOAWAY.
    Http2Error error() const {
        const std::size_t at = type == kGoaway ? 4 : 0;
        std::uint32_t value = 0;
        for (std::size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<unsigned char>(payload[i]);
        return static_cast<Http2Error>(value);
    }
};

inline std::vector<Frame> frames(std::string_view bytes) {
    if (bytes.starts_with(kPreface)) bytes.remove_prefix(kPreface.size());
    std::vector<Frame> all;
    const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
    while (bytes.size() >= 9) {
        const std::size_t size = at(0) << 16 | at(1) << 8 | at(2);
        const auto stream = static_cast<Http2StreamId>(at(5) << 24 | at(6) << 16 | at(7) << 8 | at(8));
        all.push_back({static_cast<unsigned char>(at(3)), static_cast<unsigned char>(at(4)), stream,
                       std::string(bytes.substr(9, size))});
        bytes.remove_prefix(std::min(bytes.size(), 9 + size));
    }
    return all;
}

// Those of one type, and of one stream where that is not -1.
inline std::vector<Frame> frames_of(std::string_view bytes, unsigned char type, Http2StreamId stream = -1) {
    std::vector<Frame> some;
    for (auto& frame : frames(bytes)) {
        if (frame.type == type && (stream == -1 || frame.stream == stream)) some.push_back(std::move(frame));
    }
    return some;
}

// Decodes the heads of one connection, in order.
class Inflater {
public:
    Inflater() { nghttp2_hd_inflate_new(&inflater_); }
    ~Inflater() { nghttp2_hd_inflate_del(inflater_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    // "name: [value]", with a "!" in front of those that may never be indexed.
    std::string fields(std::string_view block) {
        std::string text;
        while (true) {
            nghttp2_nv field;
            int flags = 0;
            const auto* bytes = reinterpret_cast<const std::uint8_t*>(block.data());
            const auto taken = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, bytes, block.size(), 1);
            if (taken < 0) return text + "error\n";
            block.remove_prefix(static_cast<std::size_t>(taken));
            if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
                if ((field.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0) text += "!";
                text += std::string(reinterpret_cast<const char*>(field.name), field.namelen) + ": [" +
                        std::string(reinterpret_cast<const char*>(field.value), field.valuelen) + "]\n";
            }
            if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
        }
        nghttp2_hd_inflate_end_headers(inflater_);
        return text;
    }

private:
    nghttp2_hd_inflater* inflater_ = nullptr;
};

}  // namespace sallyport::http::wire
