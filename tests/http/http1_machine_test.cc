// What both parsers refuse: the ways in which two readers could be made to see different messages (rows P12 and P13 of
// the threat model, and the cases that Http11Probe, h1spec and http-garden collect).
#include "http/http1_machine.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/http/however_cut.h"

namespace sallyport::http {
namespace {

using std::string;
using namespace std::string_literals;

struct Refused {
    const char* name;
    string input;
    ErrorCode code;
};

string chunked(const string& body) { return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body; }
// A request with these fields, and what a reader of the other mind would take for a second one.
string fields(const string& lines) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
}
string line(const string& text) { return text + "\r\nHost: a\r\n\r\n"; }

constexpr ErrorCode kBad = ErrorCode::bad_request;
constexpr ErrorCode kFraming = ErrorCode::bad_framing;
constexpr ErrorCode kVersion = ErrorCode::unsupported_version;

const Refused kRefusedRequests[] = {
    // Lengths.
    {"CL.TE", fields("Content-Length: 5\r\nTransfer-Encoding: chunked"), kFraming},
    {"TE.CL", fields("Transfer-Encoding: chunked\r\nContent-Length: 5"), kFraming},
    {"TE.CL with zero", fields("Transfer-Encoding: chunked\r\nContent-Length: 0"), kFraming},
    {"CL.CL, unequal", fields("Content-Length: 5\r\nContent-Length: 6"), kFraming},
    {"CL.CL, equal", fields("Content-Length: 5\r\nContent-Length: 5"), kFraming},
    {"CL.CL, other case", fields("Content-Length: 5\r\ncontent-length: 5"), kFraming},
    {"a CL list", fields("Content-Length: 5, 6"), kFraming},
    {"a CL list of equals", fields("Content-Length: 5,5"), kFraming},
    {"CL with a plus", fields("Content-Length: +5"), kFraming},
    {"CL below zero", fields("Content-Length: -5"), kFraming},
    {"CL minus zero", fields("Content-Length: -0"), kFraming},
    {"CL in hex", fields("Content-Length: 0x5"), kFraming},
    {"CL in octal", fields("Content-Length: 0o5"), kFraming},
    {"CL with a leading zero", fields("Content-Length: 05"), kFraming},
    {"CL of two zeros", fields("Content-Length: 00"), kFraming},
    {"CL with an underscore", fields("Content-Length: 1_0"), kFraming},
    {"CL with a space inside", fields("Content-Length: 1 0"), kFraming},
    {"CL with a fraction", fields("Content-Length: 5.0"), kFraming},
    {"CL with an exponent", fields("Content-Length: 1e1"), kFraming},
    {"CL of letters", fields("Content-Length: five"), kFraming},
    {"CL in quotes", fields("Content-Length: \"5\""), kFraming},
    {"empty CL", fields("Content-Length:"), kFraming},
    {"CL beyond 64 bits", fields("Content-Length: 18446744073709551616"), kFraming},
    {"CL beyond 63 bits", fields("Content-Length: 9223372036854775808"), kFraming},
    {"CL with a semicolon", fields("Content-Length: 5;a"), kFraming},
    // Codings.
    {"two TE", fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), kFraming},
    {"two TE, one identity", fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), kFraming},
    {"two TE, identity first", fields("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"), kFraming},
    {"chunked twice", fields("Transfer-Encoding: chunked, chunked"), kFraming},
    {"chunked, identity", fields("Transfer-Encoding: chunked, identity"), kFraming},
    {"identity, chunked", fields("Transfer-Encoding: identity, chunked"), kFraming},
    {"gzip, chunked", fields("Transfer-Encoding: gzip, chunked"), kFraming},
    {"gzip", fields("Transfer-Encoding: gzip"), kFraming},
    {"identity", fields("Transfer-Encoding: identity"), kFraming},
    {"xchunked", fields("Transfer-Encoding: xchunked"), kFraming},
    {"chunkedx", fields("Transfer-Encoding: chunkedx"), kFraming},
    {"chunked in quotes", fields("Transfer-Encoding: \"chunked\""), kFraming},
    {"a comma behind", fields("Transfer-Encoding: chunked,"), kFraming},
    {"a comma before", fields("Transfer-Encoding: ,chunked"), kFraming},
    {"a parameter", fields("Transfer-Encoding: chunked;q=1"), kFraming},
    {"empty TE", fields("Transfer-Encoding:"), kFraming},
    {"TE in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", kFraming},
    {"a vertical tab before",
     fields("Transfer-Encoding: \x0b"
            "chunked"),
     kBad},
    {"a form feed before",
     fields("Transfer-Encoding: \x0c"
            "chunked"),
     kBad},
    {"a NUL behind", fields("Transfer-Encoding: chunked\0"s), kBad},
    {"a CR before", fields("Transfer-Encoding: \rchunked"), kBad},
    {"a no-break space before",
     fields("Transfer-Encoding: \xa0"
            "chunked"),
     kFraming},
    {"folded TE", fields("Transfer-Encoding:\r\n chunked"), kBad},
    {"TE folded behind", fields("Transfer-Encoding: chunked\r\n , identity"), kBad},
    // Field lines.
    {"a space before the colon", fields("Transfer-Encoding : chunked"), kBad},
    {"a tab before the colon", fields("Content-Length\t: 5"), kBad},
    {"a space before the name", "POST / HTTP/1.1\r\n Host: a\r\nContent-Length: 5\r\n\r\n", kBad},
    {"a folded value", fields("A: b\r\n\tc"), kBad},
    {"no colon", fields("A"), kBad},
    {"no name", fields(": a"), kBad},
    {"a name with a space", fields("A B: c"), kBad},
    {"a name with a NUL", fields("A\0B: c"s), kBad},
    {"a name with brackets", fields("[A]: c"), kBad},
    {"a name beyond ASCII", fields("\xc3\x84: c"), kBad},
    {"a name with a slash", fields("A/B: c"), kBad},
    {"a NUL in a value", fields("A: b\0c"s), kBad},
    {"a bell in a value", fields("A: b\ac"), kBad},
    {"a DEL in a value", fields("A: b\x7f"), kBad},
    {"an escape in a value", fields("A: \x1b[31m"), kBad},
    {"a CR in a value", fields("A: b\rContent-Length: 5"), kBad},
    {"a CR after an empty value, CVE-2023-30589", fields("A: \rTransfer-Encoding: chunked"), kBad},
    {"a CR right after the colon", fields("A:\rTransfer-Encoding: chunked"), kBad},
    {"two CRs at the end", fields("A: b\r"), kBad},
    {"LF alone", fields("A: b\nTransfer-Encoding: chunked"), kBad},
    {"LF alone, empty value", fields("A:\nTransfer-Encoding: chunked"), kBad},
    {"LF alone ends the head", "GET / HTTP/1.1\r\nHost: a\r\n\nGET /2 HTTP/1.1\r\n\r\n", kBad},
    {"LF alone everywhere", "GET / HTTP/1.1\nHost: a\n\n", kBad},
    {"LF alone after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", kBad},
    {"CR CR LF ends the head", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", kBad},
    // Request lines.
    {"two spaces", line("GET  / HTTP/1.1"), kBad},
    {"two spaces before the version", line("GET /  HTTP/1.1"), kBad},
    {"a tab for a space", line("GET\t/ HTTP/1.1"), kBad},
    {"a space in the target", line("GET /a b HTTP/1.1"), kBad},
    {"a space behind", line("GET / HTTP/1.1 "), kBad},
    {"a space before", line(" GET / HTTP/1.1"), kBad},
    {"no target", line("GET HTTP/1.1"), kBad},
    {"an empty target", line("GET  HTTP/1.1"), kBad},
    {"a NUL in the target", line("GET /\0 HTTP/1.1"s), kBad},
    {"a CR in the target", line("GET /\rHTTP/1.1"), kBad},
    {"a target beyond ASCII", line("GET /\xc3\xa4 HTTP/1.1"), kBad},
    {"a form feed in the target", line("GET /\f HTTP/1.1"), kBad},
    {"small letters", line("get / HTTP/1.1"), kBad},
    {"mixed letters", line("gEt / HTTP/1.1"), kBad},
    {"an unknown method", line("QUUX / HTTP/1.1"), kBad},
    {"a method with a slash", line("GE/T / HTTP/1.1"), kBad},
    {"a method of another protocol", line("DESCRIBE / HTTP/1.1"), kBad},
    {"another protocol", line("GET / RTSP/1.0"), kBad},
    {"small letters in the version", line("GET / http/1.1"), kBad},
    {"a space in the version", line("GET / HTTP/ 1.1"), kBad},
    {"HTTP/0.9", "GET /\r\n\r\n", kVersion},
    {"HTTP/0.9 by name", line("GET / HTTP/0.9"), kVersion},
    {"HTTP/1.2", line("GET / HTTP/1.2"), kVersion},
    {"HTTP/2.0", line("GET / HTTP/2.0"), kVersion},
    {"HTTP/9.9", line("GET / HTTP/9.9"), kVersion},
    {"HTTP/1", line("GET / HTTP/1"), kVersion},
    {"HTTP/01.1", line("GET / HTTP/01.1"), kVersion},
    {"HTTP/1.10", line("GET / HTTP/1.10"), kVersion},
    {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", kVersion},
    {"PRI in HTTP/1.1", line("PRI * HTTP/1.1"), kBad},
    {"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n\r\n", kBad},
    {"a LF before", "\nGET / HTTP/1.1\r\n\r\n", kBad},
    {"a CR before", "\rGET / HTTP/1.1\r\n\r\n", kBad},
    {"a response", "HTTP/1.1 200 OK\r\n\r\n", kBad},
    {"TLS", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\n"s, kBad},
    // Chunks.
    {"a chunk extension", chunked("5;a=b\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"a chunk extension without a name", chunked("5;\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"a chunk extension with LF", chunked("5;\n\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"an extension on the last chunk", chunked("0;a\r\n\r\n"), kFraming},
    {"a space behind the size", chunked("5 \r\nhello\r\n0\r\n\r\n"), kFraming},
    {"a space before the size", chunked(" 5\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"a tab behind the size", chunked("5\t\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"a size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"a size with an underscore", chunked("0_5\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"a size with a sign", chunked("+5\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"a size below zero", chunked("-1\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"a size of no digits", chunked("\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"a size of other letters", chunked("g\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"a size beyond 64 bits", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"a size beyond 63 bits", chunked("ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"a size of many zeros", chunked(string(17, '0') + "5\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"LF behind the size", chunked("5\nhello\r\n0\r\n\r\n"), kFraming},
    {"CR behind the size", chunked("5\rhello\r\n0\r\n\r\n"), kFraming},
    {"CR CR LF behind the size", chunked("5\r\r\nhello\r\n0\r\n\r\n"), kFraming},
    {"LF behind the data", chunked("5\r\nhello\n0\r\n\r\n"), kFraming},
    {"CR behind the data", chunked("5\r\nhello\r0\r\n\r\n"), kFraming},
    {"nothing behind the data", chunked("5\r\nhello0\r\n\r\n"), kFraming},
    {"more data than the size", chunked("5\r\nhelloXY\r\n0\r\n\r\n"), kFraming},
    {"LF behind the last chunk", chunked("0\n\r\n"), kFraming},
    // Trailers.
    {"LF ends the trailers", chunked("0\r\n\n"), kBad},
    {"a folded trailer", chunked("0\r\nA: b\r\n c\r\n\r\n"), kBad},
    {"a trailer with a NUL", chunked("0\r\nA: \0\r\n\r\n"s), kBad},
    {"a trailer without a colon", chunked("0\r\nGET / HTTP/1.1\r\n\r\n"), kBad},
    {"a trailer with a space before the colon", chunked("0\r\nA : b\r\n\r\n"), kBad},
    {"a trailer with a CR", chunked("0\r\nA:\rb\r\n\r\n"), kBad},
    {"a trailer that says chunked", chunked("0\r\nTransfer-Encoding: chunked\r\n\r\n"), kFraming},
};

// The last line of the transcript, whichever way the input came.
void expect_refused(const string& transcript, const Refused& c) {
    const string last = "error " + string(tag(c.code)) + "\n";
    EXPECT_TRUE(transcript.ends_with(last)) << c.name << ":\n" << transcript;
    EXPECT_EQ(transcript.find("smuggled"), string::npos) << c.name;
}

TEST(Http1Machine, RefusesRequestsThatTwoReadersCouldReadDifferently) {
    std::set<string> inputs;
    for (const Refused& c : kRefusedRequests) {
        SCOPED_TRACE(c.name);
        EXPECT_TRUE(inputs.insert(c.input).second) << "twice in the table";
        expect_refused(request_however_cut(c.input), c);
    }
    EXPECT_GE(inputs.size(), 60u);
}

TEST(Http1Machine, ReportsNoHeadOfARefusedOne) {
    for (const Refused& c : kRefusedRequests) {
        const bool in_body = c.input.find("\r\nTransfer-Encoding: chunked\r\n\r\n") != string::npos &&
                             c.input.find(" HTTP/1.0") == string::npos;
        if (in_body) continue;
        EXPECT_EQ(request_transcript(c.input, whole()), "error " + string(tag(c.code)) + "\n") << c.name;
    }
}

string answer(const string& lines) { return "HTTP/1.1 200 OK\r\n" + lines + "\r\n\r\n0\r\n\r\n"; }
string chunked_answer(const string& body) { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body; }

constexpr ErrorCode kBadAnswer = ErrorCode::origin_bad_response;
constexpr ErrorCode kBadLength = ErrorCode::origin_bad_framing;

const Refused kRefusedResponses[] = {
    {"CL and TE", answer("Content-Length: 5\r\nTransfer-Encoding: chunked"), kBadLength},
    {"TE and CL", answer("Transfer-Encoding: chunked\r\nContent-Length: 5"), kBadLength},
    {"two CL, unequal", answer("Content-Length: 5\r\nContent-Length: 6"), kBadLength},
    {"two CL, equal", answer("Content-Length: 5\r\nContent-Length: 5"), kBadLength},
    {"a CL list", answer("Content-Length: 5, 5"), kBadLength},
    {"CL with a sign", answer("Content-Length: +5"), kBadLength},
    {"CL below zero", answer("Content-Length: -5"), kBadLength},
    {"empty CL", answer("Content-Length: "), kBadLength},
    {"CL beyond 63 bits", answer("Content-Length: 9223372036854775808"), kBadLength},
    {"gzip, chunked", answer("Transfer-Encoding: gzip, chunked"), kBadLength},
    {"gzip", answer("Transfer-Encoding: gzip"), kBadLength},
    {"identity", answer("Transfer-Encoding: identity"), kBadLength},
    {"chunked twice", answer("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), kBadLength},
    {"TE in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", kBadLength},
    {"CL and TE without a body", "HTTP/1.1 304 N\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     kBadLength},
    {"a folded value", answer("A: b\r\n c"), kBadAnswer},
    {"a CR in a value", answer("A: b\rc"), kBadAnswer},
    {"a CR after an empty value", answer("A: \rContent-Length: 5"), kBadAnswer},
    {"a NUL in a value", answer("A: \0"s), kBadAnswer},
    {"LF alone", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", kBadAnswer},
    {"LF alone in the fields", answer("A: b\nB: c"), kBadAnswer},
    {"a space before the colon", answer("Content-Length : 5"), kBadAnswer},
    {"a CR in the reason", "HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n", kBadAnswer},
    {"a NUL in the reason", "HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n"s, kBadAnswer},
    {"an empty line before", "\r\nHTTP/1.1 200 OK\r\n\r\n", kBadAnswer},
    {"HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n", kBadAnswer},
    {"HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", kBadAnswer},
    {"HTTP/0.9", "<html>\r\n\r\n", kBadAnswer},
    {"another protocol", "ICY 200 OK\r\n\r\n", kBadAnswer},
    {"small letters", "http/1.1 200 OK\r\n\r\n", kBadAnswer},
    {"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", kBadAnswer},
    {"a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", kBadAnswer},
    {"a status below 100", "HTTP/1.1 099 OK\r\n\r\n", kBadAnswer},
    {"a status of letters", "HTTP/1.1 abc OK\r\n\r\n", kBadAnswer},
    {"a status with a sign", "HTTP/1.1 +20 OK\r\n\r\n", kBadAnswer},
    {"no status", "HTTP/1.1\r\n\r\n", kBadAnswer},
    {"two spaces", "HTTP/1.1  200 OK\r\n\r\n", kBadAnswer},
    {"a tab", "HTTP/1.1\t200 OK\r\n\r\n", kBadAnswer},
    {"a request", "GET / HTTP/1.1\r\n\r\n", kBadAnswer},
    {"a chunk extension", chunked_answer("5;a\r\nhello\r\n0\r\n\r\n"), kBadLength},
    {"a chunk size beyond 64 bits", chunked_answer("10000000000000000\r\n"), kBadLength},
    {"LF behind a chunk size", chunked_answer("5\nhello\r\n0\r\n\r\n"), kBadLength},
    {"more data than the chunk size", chunked_answer("1\r\nhello\r\n0\r\n\r\n"), kBadLength},
    {"a malformed trailer", chunked_answer("0\r\nA\r\n\r\n"), kBadAnswer},
};

TEST(Http1Machine, RefusesResponsesThatTwoReadersCouldReadDifferently) {
    for (const Refused& c : kRefusedResponses) {
        SCOPED_TRACE(c.name);
        expect_refused(response_however_cut(c.input), c);
    }
}

TEST(Http1Machine, StaysFailed) {
    Transcript transcript(false);
    Http1RequestParser parser(transcript, {});
    EXPECT_EQ(parser.feed("GET / HTTP/9.9\r\n\r\n").error().code, kVersion);
    EXPECT_EQ(parser.feed("GET / HTTP/1.1\r\n\r\n").error().code, kVersion);
    EXPECT_EQ(parser.finish().error().code, kVersion);
    EXPECT_EQ(transcript.text(), "");
}

}  // namespace
}  // namespace sallyport::http
