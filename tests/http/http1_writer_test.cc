#include "http/http1_writer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/http/transcript.h"

namespace sallyport::http {
namespace {

std::string text_of(const RequestHead& head) {
    Buffer out;
    write_request_head(out, head);
    return std::string(out.view());
}

std::string text_of(const ResponseHead& head) {
    Buffer out;
    write_response_head(out, head);
    return std::string(out.view());
}

TEST(Http1Writer, WritesRequestHeadsWithTheirFraming) {
    RequestHead head;
    head.method = "POST";
    head.target = "/a?b";
    head.version_minor = 0;
    head.headers.add("Host", "x");
    head.headers.add("E", "");
    EXPECT_EQ(text_of(head), "POST /a?b HTTP/1.1\r\nHost: x\r\nE: \r\n\r\n");
    head.body = {BodyKind::length, 18446744073709551615u};
    EXPECT_EQ(text_of(head), "POST /a?b HTTP/1.1\r\nHost: x\r\nE: \r\nContent-Length: 18446744073709551615\r\n\r\n");
    head.body = {BodyKind::chunked, 0};
    EXPECT_EQ(text_of(head), "POST /a?b HTTP/1.1\r\nHost: x\r\nE: \r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(Http1Writer, WritesResponseHeadsWithTheirFraming) {
    ResponseHead head;
    head.status = 200;
    head.reason = "OK";
    head.version_minor = 0;
    head.headers.add("A", "b");
    EXPECT_EQ(text_of(head), "HTTP/1.1 200 OK\r\nA: b\r\n\r\n");
    head.body = {BodyKind::until_close, 0};
    EXPECT_EQ(text_of(head), "HTTP/1.1 200 OK\r\nA: b\r\n\r\n");
    head.body = {BodyKind::length, 0};
    EXPECT_EQ(text_of(head), "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\n\r\n");
    head.body = {BodyKind::chunked, 0};
    head.reason.clear();
    EXPECT_EQ(text_of(head), "HTTP/1.1 200 \r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(Http1Writer, KeepsTheLengthOfAnAnswerWithoutBody) {
    ResponseHead head;
    head.status = 304;
    head.reason = "Not Modified";
    head.headers.add("Content-Length", "5");
    EXPECT_EQ(text_of(head), "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
}

TEST(Http1Writer, WritesChunks) {
    Buffer out;
    write_chunk(out, "hello");
    write_chunk(out, "");
    write_chunk(out, std::string(26, 'x'));
    HeaderMap trailers;
    trailers.add("T", "1");
    write_last_chunk(out, trailers);
    EXPECT_EQ(out.view(), "5\r\nhello\r\n1a\r\n" + std::string(26, 'x') + "\r\n0\r\nT: 1\r\n\r\n");
    out.clear();
    write_last_chunk(out, {});
    EXPECT_EQ(out.view(), "0\r\n\r\n");
}

// Random messages: what is written and read again is what was there.
class Messages {
public:
    explicit Messages(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t limit) { return random_() % limit; }
    std::string text(std::string_view alphabet, std::size_t min, std::size_t max) {
        std::string text(min + below(max - min + 1), ' ');
        for (char& c : text) c = alphabet[below(alphabet.size())];
        return text;
    }
    HeaderMap fields() {
        HeaderMap headers;
        for (std::size_t i = below(8); i > 0; --i) {
            const std::string value = text("abc \t,;=\"\xc3\xa4:{}()", 0, 20);
            headers.add("X-" + text("ABCdef019-_.!~|", 1, 12), "v" + value + "v");
        }
        return headers;
    }
    BodyKind kind() { return static_cast<BodyKind>(below(3)); }

private:
    std::minstd_rand random_;
};

void write_body(Buffer& out, Messages& messages, const BodyFraming& framing, std::string_view body,
                const HeaderMap& trailers) {
    if (framing.kind == BodyKind::none) return;
    if (framing.kind != BodyKind::chunked) return out.append(body);
    while (!body.empty()) {
        const std::size_t size = 1 + messages.below(body.size());
        write_chunk(out, body.substr(0, size));
        body.remove_prefix(size);
    }
    write_last_chunk(out, trailers);
}

// Adds what the writer adds, so that both transcripts show the same fields.
template <class Head>
void add_framing_field(Head& head) {
    if (head.body.kind == BodyKind::chunked) head.headers.add("Transfer-Encoding", "chunked");
    if (head.body.kind == BodyKind::length) head.headers.add("Content-Length", std::to_string(head.body.length_bytes));
}

template <class Head>
std::string body_for(Messages& messages, Head& head, HeaderMap& trailers) {
    head.headers = messages.fields();
    head.body.kind = messages.kind();
    if (head.body.kind == BodyKind::chunked) trailers = messages.fields();
    if (head.body.kind == BodyKind::none) return "";
    const std::string body = messages.text("0a\r\n;\xff", 0, 300);
    if (head.body.kind == BodyKind::length) head.body.length_bytes = body.size();
    return body;
}

TEST(Http1Writer, WritesRequestsThatAreReadAsTheyWere) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        Messages messages(seed);
        static constexpr const char* kMethods[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"};
        RequestHead head;
        head.method = kMethods[messages.below(std::size(kMethods))];
        head.target = "/" + messages.text("ab/%?=&.;~{}", 0, 30);
        HeaderMap trailers;
        const std::string body = body_for(messages, head, trailers);
        Buffer out;
        write_request_head(out, head);
        write_body(out, messages, head.body, body, trailers);

        Transcript expected(false);
        add_framing_field(head);
        expected.on_request_head(head);
        expected.on_body(body);
        expected.on_message_end(trailers);
        expected.line("finished");
        ASSERT_EQ(request_transcript(out.view(), at_random(seed, 1 + seed % 97)), expected.text()) << out.view();
    }
}

TEST(Http1Writer, WritesResponsesThatAreReadAsTheyWere) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        Messages messages(seed);
        ResponseHead head;
        head.status = static_cast<int>(200 + messages.below(3));
        head.reason = messages.below(2) == 0 ? "" : "a " + messages.text("OKok \t\xff", 0, 9) + "z";
        HeaderMap trailers;
        const std::string body = body_for(messages, head, trailers);
        const std::string method = head.body.kind == BodyKind::none ? "HEAD" : "GET";
        Buffer out;
        write_response_head(out, head);
        write_body(out, messages, head.body, body, trailers);

        Transcript expected(false);
        add_framing_field(head);
        expected.on_response_head(head);
        expected.on_body(body);
        expected.on_message_end(trailers);
        expected.line("finished");
        ASSERT_EQ(response_transcript(out.view(), at_random(seed, 1 + seed % 97), method), expected.text())
            << out.view();
    }
}

}  // namespace
}  // namespace sallyport::http
