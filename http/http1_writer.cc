#include "http/http1_writer.h"

#include <charconv>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace sallyport::http {
namespace {

constexpr std::string_view kChunkedField = "Transfer-Encoding: chunked\r\n";
constexpr std::string_view kLengthField = "Content-Length: ";
constexpr std::size_t kNumberBytesMax = std::numeric_limits<std::uint64_t>::digits10 + 1;
constexpr std::string_view kConnectionTe = "Connection: TE\r\n";
constexpr std::size_t kHeadRestBytesMax = 64 + kConnectionTe.size() + kLengthField.size() + kNumberBytesMax;

// Writes into one reserved piece of a Buffer, so that a head costs one check of the room and not one for each part.
class Pen {
public:
    Pen(Buffer& out, std::size_t size_max)
        : out_(out),
          begin_(out.reserve(size_max)),
          at_(begin_),
          end_(begin_ + size_max) {}
    Pen(const Pen&) = delete;
    Pen& operator=(const Pen&) = delete;
    ~Pen() {
        SALLYPORT_CHECK(at_ <= end_);
        out_.commit(at_ - begin_);
    }

    Pen& operator<<(std::string_view bytes) {
        std::memcpy(at_, bytes.data(), bytes.size());
        at_ += bytes.size();
        return *this;
    }
    Pen& number(std::uint64_t value, int base = 10) {
        at_ = std::to_chars(at_, end_, value, base).ptr;
        return *this;
    }

private:
    Buffer& out_;
    char* begin_;
    char* at_;
    char* end_;
};

void write_fields(Pen& pen, const HeaderMap& headers) {
    for (const auto [name, value] : headers) pen << name << ": " << value << "\r\n";
}

void write_framing(Pen& pen, const BodyFraming& body) {
    if (body.kind == BodyKind::chunked) pen << kChunkedField;
    if (body.kind == BodyKind::length) (pen << kLengthField).number(body.length_bytes) << "\r\n";
}

}  // namespace

void write_request_head(Buffer& out, const RequestHead& head) {
    SALLYPORT_CHECK(head.body.kind != BodyKind::until_close);
    Pen pen(out, head.method.size() + head.target.size() + head.headers.wire_size() + kHeadRestBytesMax);
    pen << head.method << " " << head.target << " HTTP/1.1\r\n";
    write_fields(pen, head.headers);
    // Of a client over HTTP/2, where the one does without the other (RFC 9113 section 8.2.2).
    if (head.version_major == 2 && head.headers.has("TE")) pen << kConnectionTe;
    write_framing(pen, head.body);
    pen << "\r\n";
}

void write_response_head(Buffer& out, const ResponseHead& head) {
    Pen pen(out, head.reason.size() + head.headers.wire_size() + kHeadRestBytesMax);
    (pen << "HTTP/1.1 ").number(static_cast<std::uint64_t>(head.status)) << " " << head.reason << "\r\n";
    write_fields(pen, head.headers);
    write_framing(pen, head.body);
    pen << "\r\n";
}

void write_chunk(Buffer& out, std::string_view bytes) {
    if (bytes.empty()) return;
    Pen pen(out, bytes.size() + kNumberBytesMax + 4);
    pen.number(bytes.size(), 16) << "\r\n" << bytes << "\r\n";
}

void write_last_chunk(Buffer& out, const HeaderMap& trailers) {
    Pen pen(out, trailers.wire_size() + 5);
    pen << "0\r\n";
    write_fields(pen, trailers);
    pen << "\r\n";
}

void Http1RequestWriter::write_head(const RequestHead& head) {
    body_ = head.body.kind;
    write_request_head(out_, head);
}

void Http1RequestWriter::write_body(std::string_view bytes) {
    if (body_ == BodyKind::chunked) return write_chunk(out_, bytes);
    out_.append(bytes);
}

void Http1RequestWriter::write_end(const HeaderMap& trailers) {
    if (body_ == BodyKind::chunked) write_last_chunk(out_, trailers);
}

void Http1ResponseWriter::write_interim(const ResponseHead& head) { write_response_head(out_, head); }

void Http1ResponseWriter::write_head(const ResponseHead& head) {
    body_ = head.body.kind;
    write_response_head(out_, head);
}

void Http1ResponseWriter::write_body(std::string_view bytes) {
    if (body_ == BodyKind::chunked) return write_chunk(out_, bytes);
    out_.append(bytes);
}

void Http1ResponseWriter::write_end(const HeaderMap& trailers) {
    if (body_ == BodyKind::chunked) write_last_chunk(out_, trailers);
}

}  // namespace sallyport::http
