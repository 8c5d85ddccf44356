#include "http/http1_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/http/however_cut.h"

namespace sallyport::http {
namespace {

TEST(SupportedMethods, AreThoseThatCanGetThrough) {
    for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "M-SEARCH"}) {
        EXPECT_TRUE(is_supported_method(method)) << method;
    }
    for (const char* method : {"get", "QUERY", "CONNECT", "TRACE", "", "GE", "GETT"}) EXPECT_FALSE(is_supported_method(method)) << method;
    EXPECT_GT(supported_methods().size(), 30u);
    for (const std::string_view method : supported_methods()) EXPECT_TRUE(is_supported_method(method)) << method;
}

struct Case {
    const char* name;
    std::string input;
    std::string transcript;
};

const Case kRequests[] = {
    {"plain", "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n",
     "request GET /a?b 1.1\nHost: [x]\nnone 0 keep-alive\nend\nfinished\n"},
    {"nothing", "", "finished\n"},
    {"white space around values", "GET / HTTP/1.1\r\nHost: \t x \t\r\nE:\r\nF: \t\r\nG:a  b\r\n\r\n",
     "request GET / 1.1\nHost: [x]\nE: []\nF: []\nG: [a  b]\nnone 0 keep-alive\nend\nfinished\n"},
    {"obs-text in a value", "GET / HTTP/1.1\r\nA: caf\xc3\xa9\r\n\r\n",
     "request GET / 1.1\nA: [caf\xc3\xa9]\nnone 0 keep-alive\nend\nfinished\n"},
    {"a body", "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello",
     "request POST / 1.1\ncontent-length: [5]\nlength 5 keep-alive\nbody [hello]\nend\nfinished\n"},
    {"an empty body", "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
     "request POST / 1.1\nContent-Length: [0]\nlength 0 keep-alive\nend\nfinished\n"},
    {"chunks", "PUT / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n00B\r\n and\r\nagain\r\n0\r\n\r\n",
     "request PUT / 1.1\nTransfer-Encoding: [Chunked]\nchunked 0 keep-alive\nbody [hello and\r\nagain]\nend\nfinished\n"},
    {"trailers", "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1 \r\nY:\r\n\r\n",
     "request PUT / 1.1\nTransfer-Encoding: [chunked]\nchunked 0 keep-alive\nX: [1]\nY: []\nend\nfinished\n"},
    {"a pipeline", "GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\n\r\n",
     "request GET /1 1.1\nnone 0 keep-alive\nend\nrequest POST /2 1.1\nContent-Length: [3]\nlength 3 keep-alive\n"
     "body [abc]\nend\nrequest GET /3 1.1\nnone 0 keep-alive\nend\nfinished\n"},
    {"a request after close", "GET /1 HTTP/1.1\r\nConnection: x, Close\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
     "request GET /1 1.1\nConnection: [x, Close]\nnone 0 close\nend\nrequest GET /2 1.1\nnone 0 keep-alive\nend\nfinished\n"},
    {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "request GET / 1.0\nnone 0 close\nend\nfinished\n"},
    {"HTTP/1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
     "request GET / 1.0\nConnection: [Keep-Alive]\nnone 0 keep-alive\nend\nfinished\n"},
    {"one empty line before", "\r\nGET / HTTP/1.1\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n\r\n",
     "request GET / 1.1\nnone 0 keep-alive\nend\nrequest GET / 1.1\nnone 0 keep-alive\nend\nfinished\n"},
    {"Expect", "PUT / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
     "request PUT / 1.1\nexpects continue\nExpect: [100-Continue]\nContent-Length: [1]\nlength 1 keep-alive\nbody [x]\nend\n"
     "finished\n"},
    {"Expect in HTTP/1.0", "PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
     "request PUT / 1.0\nExpect: [100-continue]\nContent-Length: [1]\nlength 1 close\nbody [x]\nend\nfinished\n"},
    {"another Expect", "GET / HTTP/1.1\r\nExpect: 200-ok\r\n\r\n",
     "request GET / 1.1\nExpect: [200-ok]\nnone 0 keep-alive\nend\nfinished\n"},
    {"Upgrade", "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
     "request GET / 1.1\nupgrade\nUpgrade: [websocket]\nConnection: [upgrade]\nnone 0 keep-alive\nend\n"
     "request GET /2 1.1\nnone 0 keep-alive\nend\nfinished\n"},
    {"Upgrade with a body", "POST / HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nab",
     "request POST / 1.1\nupgrade\nUpgrade: [x]\nConnection: [upgrade]\nContent-Length: [2]\nlength 2 keep-alive\n"
     "body [ab]\nend\nfinished\n"},
    {"Upgrade that Connection does not name", "GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n",
     "request GET / 1.1\nUpgrade: [x]\nnone 0 keep-alive\nend\nfinished\n"},
    {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\nGET / HTTP/1.1\r\n\r\n",
     "request CONNECT a:443 1.1\nupgrade\nHost: [a:443]\nnone 0 keep-alive\nend\nrequest GET / 1.1\nnone 0 keep-alive\nend\n"
     "finished\n"},
    {"CONNECT with a body", "CONNECT a:443 HTTP/1.1\r\nContent-Length: 2\r\n\r\nab",
     "request CONNECT a:443 1.1\nupgrade\nContent-Length: [2]\nlength 2 keep-alive\nbody [ab]\nend\nfinished\n"},
    {"cut in the head", "GET / HTTP/1.1\r\nHost: x\r\n", "finish: client_gone\n"},
    {"cut in the body", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel",
     "request POST / 1.1\nContent-Length: [5]\nlength 5 keep-alive\nbody [hel]\nfinish: client_gone\n"},
    {"cut in the trailers", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
     "request POST / 1.1\nTransfer-Encoding: [chunked]\nchunked 0 keep-alive\nfinish: client_gone\n"},
    {"absolute form", "GET http://a.example:80/x HTTP/1.1\r\n\r\n",
     "request GET http://a.example:80/x 1.1\nnone 0 keep-alive\nend\nfinished\n"},
};

TEST(Http1RequestParser, ReportsMessagesHoweverTheyAreCut) {
    for (const Case& c : kRequests) {
        SCOPED_TRACE(c.name);
        EXPECT_EQ(request_however_cut(c.input), c.transcript);
    }
}

const Case kResponses[] = {
    {"a length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
     "response 200 [OK] 1.1\nContent-Length: [2]\nlength 2 keep-alive\nbody [ab]\nend\nfinished\n"},
    {"no reason", "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n",
     "response 404 [] 1.1\nContent-Length: [0]\nlength 0 keep-alive\nend\nfinished\n"},
    {"no reason but a space", "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n",
     "response 404 [] 1.1\nContent-Length: [0]\nlength 0 keep-alive\nend\nfinished\n"},
    {"until close", "HTTP/1.1 200 OK\r\n\r\nabc",
     "response 200 [OK] 1.1\nuntil_close 0 close\nbody [abc]\nend\nfinished\n"},
    {"until close, empty", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n",
     "response 200 [OK] 1.0\nConnection: [keep-alive]\nuntil_close 0 close\nend\nfinished\n"},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
     "response 200 [OK] 1.0\nContent-Length: [1]\nlength 1 close\nbody [a]\nend\nfinished\n"},
    {"HTTP/1.0 with keep-alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
     "response 200 [OK] 1.0\nConnection: [keep-alive]\nContent-Length: [1]\nlength 1 keep-alive\nbody [a]\nend\nfinished\n"},
    {"chunks and trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n",
     "response 200 [OK] 1.1\nTransfer-Encoding: [chunked]\nchunked 0 keep-alive\nbody [abc]\nT: [x]\nend\nfinished\n"},
    {"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
     "response 200 [OK] 1.1\nConnection: [close]\nContent-Length: [0]\nlength 0 close\nend\nfinished\n"},
    {"interim",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
     "response 100 [Continue] 1.1\nnone 0 keep-alive\nresponse 103 [Early Hints] 1.1\nLink: [x]\nnone 0 keep-alive\n"
     "response 204 [No Content] 1.1\nnone 0 keep-alive\nend\nfinished\n"},
    {"interim with a length",
     "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\n",
     "response 100 [Continue] 1.1\nContent-Length: [5]\nnone 0 keep-alive\nresponse 204 [N] 1.1\nContent-Length: [5]\n"
     "none 0 keep-alive\nend\nfinished\n"},
    {"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
     "response 304 [Not Modified] 1.1\nContent-Length: [5]\nnone 0 keep-alive\nend\nfinished\n"},
    {"not modified, chunked", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
     "response 304 [Not Modified] 1.1\nTransfer-Encoding: [chunked]\nnone 0 keep-alive\nend\nfinished\n"},
    {"switching", "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n",
     "response 101 [Switching] 1.1\nConnection: [upgrade]\nUpgrade: [foo]\nnone 0 keep-alive\nfinish: origin_closed\nbetween\n"},
    {"cut in the head", "HTTP/1.1 200 OK\r\nA: b\r\n", "finish: origin_closed\n"},
    {"cut in the body", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na",
     "response 200 [OK] 1.1\nContent-Length: [2]\nlength 2 keep-alive\nbody [a]\nfinish: origin_closed\n"},
    {"cut in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
     "response 200 [OK] 1.1\nTransfer-Encoding: [chunked]\nchunked 0 keep-alive\nbody [ab]\nfinish: origin_closed\n"},
    {"cut before the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
     "response 200 [OK] 1.1\nTransfer-Encoding: [chunked]\nchunked 0 keep-alive\nbody [ab]\nfinish: origin_closed\n"},
    {"nothing", "", "finish: origin_closed\nbetween\n"},
    {"more than was asked for", "HTTP/1.1 204 N\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
     "response 204 [N] 1.1\nnone 0 keep-alive\nend\nerror origin_bad_response\n"},
    {"an uncommon status", "HTTP/1.1 999 \xff?\r\nContent-Length: 0\r\n\r\n",
     "response 999 [\xff?] 1.1\nContent-Length: [0]\nlength 0 keep-alive\nend\nfinished\n"},
};

TEST(Http1ResponseParser, ReportsMessagesHoweverTheyAreCut) {
    for (const Case& c : kResponses) {
        SCOPED_TRACE(c.name);
        EXPECT_EQ(response_however_cut(c.input), c.transcript);
    }
}

TEST(Http1ResponseParser, KnowsThatAnswersToHeadHaveNoBody) {
    EXPECT_EQ(response_however_cut("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "HEAD"),
              "response 200 [OK] 1.1\nContent-Length: [2]\nnone 0 keep-alive\nend\nfinished\n");
    EXPECT_EQ(response_however_cut("HTTP/1.1 200 OK\r\n\r\n", "HEAD"),
              "response 200 [OK] 1.1\nnone 0 keep-alive\nend\nfinished\n");
    EXPECT_EQ(
        response_however_cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx", "HEAD"),
        "response 200 [OK] 1.1\nTransfer-Encoding: [chunked]\nnone 0 keep-alive\nend\nerror origin_bad_response\n");
}

TEST(Http1ResponseParser, TakesOneResponseForEachThatIsAwaited) {
    Transcript transcript(false);
    Http1ResponseParser parser(transcript, {});
    const std::string_view one = "HTTP/1.1 204 N\r\n\r\n";
    const std::string two = std::string(one) + std::string(one);
    parser.await_response("GET");
    EXPECT_EQ(parser.feed(two), one.size());
    EXPECT_TRUE(parser.between_messages());
    EXPECT_TRUE(parser.finish());
    parser.await_response("GET");
    EXPECT_EQ(parser.feed(one), one.size());
    EXPECT_EQ(parser.feed(one).error().code, ErrorCode::origin_bad_response);
    EXPECT_EQ(parser.feed(one).error().code, ErrorCode::origin_bad_response);
    EXPECT_EQ(parser.finish().error().code, ErrorCode::origin_bad_response);
}

TEST(Http1ResponseParser, RefusesInterimResponsesWithoutEnd) {
    std::string input;
    for (int i = 0; i < 100; ++i) input += "HTTP/1.1 102 Processing\r\n\r\n";
    EXPECT_TRUE(response_however_cut(input).ends_with("error origin_bad_response\n"));
}

TEST(Http1RequestParser, LeavesTheNextRequestWithTheCaller) {
    Transcript transcript(false);
    Http1RequestParser parser(transcript, {});
    const std::string_view first = "GET /1 HTTP/1.1\r\n\r\n";
    const std::string both = std::string(first) + "GET /2 HTTP/1.1\r\n\r\n";
    EXPECT_EQ(parser.feed(both), first.size());
    EXPECT_TRUE(parser.between_messages());
    EXPECT_EQ(parser.feed(both.substr(first.size())), both.size() - first.size());
}

TEST(Http1RequestParser, LeavesAByteWithTheCallerWhenPaused) {
    Transcript transcript(true);
    Http1RequestParser parser(transcript, {});
    std::string input = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
    const auto head = parser.feed(input);
    ASSERT_TRUE(head);
    EXPECT_EQ(*head, input.size() - 4);
    EXPECT_FALSE(parser.between_messages());
    EXPECT_EQ(parser.feed(""), 0u);
    EXPECT_EQ(parser.feed("\nabc"), 3u);
    EXPECT_TRUE(transcript.text().ends_with("keep-alive\n")) << transcript.text();
    EXPECT_EQ(parser.feed("c"), 1u);
    EXPECT_TRUE(transcript.text().ends_with("body [abc]\nend\n")) << transcript.text();
    EXPECT_TRUE(parser.between_messages());
}

TEST(Http1RequestParser, HandsBodiesOnWithoutCopying) {
    class Sink final : public RequestSink {
    public:
        Next on_request_head(RequestHead&) override { return Next::go; }
        Next on_body(std::string_view bytes) override {
            at = bytes.data();
            return Next::go;
        }
        Next on_message_end(HeaderMap&) override { return Next::go; }
        const char* at = nullptr;
    } sink;
    Http1RequestParser parser(sink, {});
    const std::string input = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
    EXPECT_EQ(parser.feed(input), input.size());
    EXPECT_EQ(sink.at, input.data() + input.size() - 3);
}

TEST(Http1RequestParser, LetsTheSinkKeepTheHead) {
    class Sink final : public RequestSink {
    public:
        Next on_request_head(RequestHead& head) override {
            std::swap(head, kept);
            return Next::go;
        }
        Next on_body(std::string_view) override { return Next::go; }
        Next on_message_end(HeaderMap&) override { return Next::go; }
        RequestHead kept;
    } sink;
    Http1RequestParser parser(sink, {});
    for (const char* target : {"/1", "/2", "/3"}) {
        const std::string input = "POST " + std::string(target) + " HTTP/1.1\r\nContent-Length: 1\r\n\r\nx";
        EXPECT_EQ(parser.feed(input), input.size());
        EXPECT_EQ(sink.kept.target, target);
        EXPECT_EQ(sink.kept.headers.size(), 1u);
    }
}

Http1Limits small_limits() {
    return {.header_bytes_max = 200, .header_count_max = 4, .target_bytes_max = 20, .trailer_bytes_max = 30};
}

TEST(Http1RequestParser, BoundsWhatAHeadMayTake) {
    const std::string line = "GET / HTTP/1.1\r\n";
    const std::string chunked = "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    const auto field_of = [](std::size_t size) { return "A: " + std::string(size - 5, 'a') + "\r\n"; };
    const std::pair<std::string, std::string> cases[] = {
        {line + field_of(182) + "\r\n", "finished"},
        {line + field_of(183) + "\r\n", "error header_too_large"},
        {line + field_of(5000) + "\r\n", "error header_too_large"},
        {line + std::string(5000, 'a'), "error header_too_large"},
        {line + std::string(5000, '\0'), "error header_too_large"},
        {line + "a:\r\nb:\r\nc:\r\nd:\r\n\r\n", "finished"},
        {line + "a:\r\nb:\r\nc:\r\nd:\r\ne:\r\n\r\n", "error header_too_large"},
        {"GET /" + std::string(19, 'a') + " HTTP/1.1\r\n\r\n", "finished"},
        {"GET /" + std::string(20, 'a') + " HTTP/1.1\r\n\r\n", "error uri_too_long"},
        {"GET /" + std::string(5000, 'a') + " HTTP/1.1\r\n\r\n", "error uri_too_long"},
        {std::string(5000, 'A'), "error uri_too_long"},
        {chunked + field_of(28) + "\r\n", "finished"},
        {chunked + field_of(29) + "\r\n", "error header_too_large"},
        {chunked + std::string(31, 'a'), "error header_too_large"},
        {chunked + "a:\r\nb:\r\nc:\r\nd:\r\ne:\r\n\r\n", "error header_too_large"},
    };
    for (const auto& [input, end] : cases) {
        SCOPED_TRACE(input.substr(0, 120));
        const std::string transcript = request_however_cut(input, small_limits());
        EXPECT_TRUE(transcript.ends_with(end + "\n")) << transcript;
    }
}

TEST(Http1ResponseParser, BoundsWhatAHeadMayTake) {
    const std::string inputs[] = {
        "HTTP/1.1 200 " + std::string(200, 'a') + "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: " + std::string(200, 'a') + "\r\n\r\n",
        "HTTP/1.1 200 OK\r\na:\r\nb:\r\nc:\r\nd:\r\ne:\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: " + std::string(200, 'a') + "\r\n\r\n",
    };
    for (const std::string& input : inputs) {
        EXPECT_TRUE(response_however_cut(input, "GET", small_limits()).ends_with("error origin_header_too_large\n"))
            << input;
    }
}

TEST(Http1RequestParser, StreamsBodiesOfAnySize) {
    std::string body(300'000, 'b');
    for (std::size_t i = 0; i < body.size(); i += 97) body[i] = static_cast<char>(i);
    const std::string sized = "POST / HTTP/1.1\r\nContent-Length: 300000\r\n\r\n" + body;
    const std::string chunked =
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n493E0\r\n" + body + "\r\n0\r\n\r\n";
    for (const unsigned seed : {1u, 2u, 3u}) {
        EXPECT_NE(request_transcript(sized, at_random(seed, 20'000)).find("body [" + body + "]\nend"),
                  std::string::npos);
        EXPECT_NE(request_transcript(chunked, at_random(seed, 20'000)).find("body [" + body + "]\nend"),
                  std::string::npos);
    }
}

}  // namespace
}  // namespace sallyport::http
