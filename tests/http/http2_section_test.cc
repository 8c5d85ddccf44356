#include "http/http2_section.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sallyport::http {
namespace {

using Ends = Http2Section::Ends;
using Fields = std::vector<std::pair<std::string, std::string>>;

const Fields kGet = {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.com"}, {":path", "/"}};

Fields operator+(Fields fields, const Fields& more) {
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
}

// One of them with another value.
Fields with(Fields fields, const std::string& name, const std::string& value) {
    for (auto& field : fields) {
        if (field.first == name) field.second = value;
    }
    return fields;
}
Fields without(const Fields& fields, const std::string& name) {
    Fields rest;
    for (const auto& field : fields) {
        if (field.first != name) rest.push_back(field);
    }
    return rest;
}

std::string text(const HeaderMap& headers) {
    std::string all;
    for (const auto [name, value] : headers) all += std::string(name) + ": [" + std::string(value) + "]\n";
    return all;
}

std::string text(const BodyFraming& body) {
    static constexpr const char* kKinds[] = {"none", "length", "chunked", "until_close"};
    return kKinds[static_cast<int>(body.kind)] + std::string(" ") + std::to_string(body.length_bytes) +
           (body.is_declared ? "" : " undeclared");
}

std::string request(const Fields& fields, Ends ends = Ends::yes, const Http2Limits& limits = {}) {
    Http2Section section(limits);
    section.begin(Http2Section::Kind::request);
    for (const auto& [name, value] : fields) section.add(name, value);
    RequestHead head;
    const auto finished = section.finish_request(Scheme::https, ends, head);
    if (!finished) return std::string(tag(finished.error().code));
    std::string all = head.method + " " + head.target + "\n" + text(head.headers) + text(head.body);
    if (head.expect_continue) all += " expects";
    if (head.upgrade) all += " upgrade";
    if (!head.protocol.empty()) all += " " + head.protocol;
    EXPECT_EQ(head.version_major, 2);
    EXPECT_EQ(head.version_minor, 0);
    return all;
}

std::string response(const Fields& fields, Ends ends = Ends::yes, const std::string& method = "GET") {
    Http2Section section({});
    section.begin(Http2Section::Kind::response);
    for (const auto& [name, value] : fields) section.add(name, value);
    ResponseHead head;
    const auto finished = section.finish_response(method, ends, head);
    if (!finished) return std::string(tag(finished.error().code));
    return std::to_string(head.status) + "\n" + text(head.headers) + text(head.body);
}

std::string trailers(const Fields& fields, Ends ends = Ends::yes) {
    Http2Section section({});
    section.begin(Http2Section::Kind::trailers);
    for (const auto& [name, value] : fields) section.add(name, value);
    HeaderMap map;
    const auto finished = section.finish_trailers(ends, map);
    return finished ? text(map) : std::string(tag(finished.error().code));
}

TEST(Http2Section, MakesOfARequestWhatHttp1WouldHaveGiven) {
    EXPECT_EQ(request(kGet), "GET /\nHost: [a.com]\nnone 0");
    EXPECT_EQ(request(kGet + Fields{{"accept", "*/*"}, {"te", "trailers"}, {"x", ""}}),
              "GET /\nHost: [a.com]\naccept: [*/*]\nte: [trailers]\nx: []\nnone 0");
    EXPECT_EQ(request(with(with(kGet, ":method", "OPTIONS"), ":path", "*")), "OPTIONS *\nHost: [a.com]\nnone 0");
    EXPECT_EQ(request(kGet + Fields{{"x", "caf\xc3\xa9"}}), "GET /\nHost: [a.com]\nx: [caf\xc3\xa9]\nnone 0");
}

TEST(Http2Section, PutsTheHostFirstWhereverItCameFrom) {
    EXPECT_EQ(request(kGet + Fields{{"accept", "*/*"}, {"host", "a.com"}}), "GET /\nHost: [a.com]\naccept: [*/*]\nnone 0");
    EXPECT_EQ(request(without(kGet, ":authority") + Fields{{"accept", "*/*"}, {"host", "b.com"}}),
              "GET /\nHost: [b.com]\naccept: [*/*]\nnone 0");
    EXPECT_EQ(request(without(kGet, ":authority")), "GET /\nnone 0");
}

TEST(Http2Section, JoinsTheCrumbsOfACookie) {
    EXPECT_EQ(request(kGet + Fields{{"cookie", "a=1"}, {"x", "y"}}), "GET /\nHost: [a.com]\ncookie: [a=1]\nx: [y]\nnone 0");
    EXPECT_EQ(request(kGet + Fields{{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}, {"cookie", "c=3"}}),
              "GET /\nHost: [a.com]\ncookie: [a=1; b=2; c=3]\nx: [y]\nnone 0");
    EXPECT_EQ(response({{":status", "200"}, {"cookie", "a"}, {"cookie", "b"}}),
              "200\ncookie: [a]\ncookie: [b]\nlength 0 undeclared");
}

TEST(Http2Section, SettlesHowTheRequestsBodyEnds) {
    const Fields post = with(kGet, ":method", "POST");
    const std::string head = "POST /\nHost: [a.com]\n";
    EXPECT_EQ(request(post), head + "length 0 undeclared");
    EXPECT_EQ(request(post, Ends::no), head + "chunked 0");
    EXPECT_EQ(request(post + Fields{{"content-length", "5"}}, Ends::no), head + "content-length: [5]\nlength 5");
    EXPECT_EQ(request(post + Fields{{"content-length", "0"}}), head + "content-length: [0]\nlength 0");
    EXPECT_EQ(request(kGet, Ends::no), "GET /\nHost: [a.com]\nchunked 0");
    EXPECT_EQ(request(post + Fields{{"expect", "100-continue"}}, Ends::no), head + "expect: [100-continue]\nchunked 0 expects");
}

TEST(Http2Section, KnowsTunnels) {
    const Fields connect = {{":method", "CONNECT"}, {":authority", "a.com:443"}};
    EXPECT_EQ(request(connect, Ends::no), "CONNECT a.com:443\nHost: [a.com:443]\nchunked 0 upgrade");
    EXPECT_EQ(request(connect), "CONNECT a.com:443\nHost: [a.com:443]\nnone 0 upgrade");
    EXPECT_EQ(request(with(kGet, ":method", "CONNECT") + Fields{{":protocol", "websocket"}}, Ends::no),
              "CONNECT /\nHost: [a.com]\nchunked 0 upgrade websocket");
    EXPECT_EQ(request(connect + Fields{{":protocol", "websocket"}}), "bad_request");
    EXPECT_EQ(request(kGet + Fields{{":protocol", "websocket"}}), "bad_request");
    EXPECT_EQ(request(with(kGet, ":method", "CONNECT")), "bad_request");
    EXPECT_EQ(request({{":method", "CONNECT"}}), "bad_authority");
    EXPECT_EQ(request(without(with(kGet, ":method", "CONNECT"), ":authority") + Fields{{":protocol", "websocket"}}), "bad_authority");
    EXPECT_EQ(request(with(kGet, ":method", "CONNECT") + Fields{{":protocol", "a b"}}), "bad_request");
    EXPECT_EQ(request(connect + Fields{{"content-length", "5"}}, Ends::no), "bad_framing");
}

struct Bad {
    const char* name;
    Fields fields;
    const char* tag = "bad_request";
    Ends ends = Ends::yes;
};

// RFC 9113 sections 8.2 and 8.3: what an HTTP/1 connection behind us would read differently, if we let it through.
const Bad kBadRequests[] = {
    {"no method", without(kGet, ":method")},
    {"an empty method", with(kGet, ":method", "")},
    {"a method that is no token", with(kGet, ":method", "GET /x HTTP/1.1\r\nA: b")},
    {"a method with a space", with(kGet, ":method", "GE T")},
    {"no scheme", without(kGet, ":scheme")},
    {"another scheme", with(kGet, ":scheme", "http")},
    {"no path", without(kGet, ":path"), "bad_path"},
    {"an empty path", with(kGet, ":path", ""), "bad_path"},
    {"a path with a space", with(kGet, ":path", "/a b"), "bad_path"},
    {"a path that is a second request", with(kGet, ":path", "/ HTTP/1.1\r\nHost: b.com\r\n\r\nGET /"), "bad_path"},
    {"a path with a tab", with(kGet, ":path", "/\t"), "bad_path"},
    {"a path with a NUL", with(kGet, ":path", std::string("/\0", 2)), "bad_path"},
    {"a path with obs-text", with(kGet, ":path", "/\xc3\xa9"), "bad_path"},
    {"a path in absolute-form", with(kGet, ":path", "https://b.com/"), "bad_path"},
    {"a path that is an authority", with(kGet, ":path", "b.com:443"), "bad_path"},
    {"a path that does not begin with a slash", with(kGet, ":path", "a"), "bad_path"},
    {"an asterisk without OPTIONS", with(kGet, ":path", "*"), "bad_path"},
    {"an empty authority", with(kGet, ":authority", ""), "bad_authority"},
    {"an authority with userinfo", with(kGet, ":authority", "user@a.com"), "bad_authority"},
    {"an authority with a space", with(kGet, ":authority", "a.com b.com"), "bad_authority"},
    {"an authority with a line end", with(kGet, ":authority", "a.com\r\nX: y"), "bad_authority"},
    {"an authority with a slash", with(kGet, ":authority", "a.com/x"), "bad_authority"},
    {"a Host that is not the authority", kGet + Fields{{"host", "b.com"}}, "bad_authority"},
    {"a Host that is the authority in another spelling", kGet + Fields{{"host", "A.com"}}, "bad_authority"},
    {"two Hosts", without(kGet, ":authority") + Fields{{"host", "a.com"}, {"host", "a.com"}}, "bad_authority"},
    {"an empty Host", without(kGet, ":authority") + Fields{{"host", ""}}, "bad_authority"},
    {"a repeated method", kGet + Fields{{":method", "GET"}}},
    {"a repeated path", kGet + Fields{{":path", "/"}}},
    {"a repeated scheme", kGet + Fields{{":scheme", "https"}}},
    {"a repeated authority", kGet + Fields{{":authority", "a.com"}}},
    {"an unknown pseudo-field", kGet + Fields{{":version", "1"}}},
    {"a response's pseudo-field", kGet + Fields{{":status", "200"}}},
    {"a pseudo-field without a name", kGet + Fields{{":", "x"}}},
    {"a pseudo-field after a field", Fields{{"a", "b"}} + kGet},
    {"a name in upper case", kGet + Fields{{"Accept", "*/*"}}},
    {"an empty name", kGet + Fields{{"", "x"}}},
    {"a name with a space", kGet + Fields{{"a b", "x"}}},
    {"a name with a colon", kGet + Fields{{"a:b", "x"}}},
    {"a name with a line end", kGet + Fields{{"a\r\nb", "x"}}},
    {"a name with a NUL", kGet + Fields{{std::string("a\0b", 3), "x"}}},
    {"a name with obs-text", kGet + Fields{{"caf\xc3\xa9", "x"}}},
    {"a value with a line end", kGet + Fields{{"a", "x\r\ntransfer-encoding: chunked"}}},
    {"a value with a CR", kGet + Fields{{"a", "x\ry"}}},
    {"a value with an LF", kGet + Fields{{"a", "x\ny"}}},
    {"a value with a NUL", kGet + Fields{{"a", std::string("x\0y", 3)}}},
    {"a value with DEL", kGet + Fields{{"a", "x\x7f"}}},
    {"a value with a space in front", kGet + Fields{{"a", " x"}}},
    {"a value with a tab behind", kGet + Fields{{"a", "x\t"}}},
    {"a connection", kGet + Fields{{"connection", "close"}}},
    {"a keep-alive", kGet + Fields{{"keep-alive", "timeout=5"}}},
    {"a proxy-connection", kGet + Fields{{"proxy-connection", "keep-alive"}}},
    {"a transfer-encoding", kGet + Fields{{"transfer-encoding", "chunked"}}, "bad_request", Ends::no},
    {"an upgrade", kGet + Fields{{"upgrade", "h2c"}}},
    {"a te", kGet + Fields{{"te", "trailers, gzip"}}},
    {"a length that does not come", kGet + Fields{{"content-length", "5"}}, "bad_framing"},
    {"two lengths", kGet + Fields{{"content-length", "5"}, {"content-length", "5"}}, "bad_framing", Ends::no},
    {"a list of lengths", kGet + Fields{{"content-length", "5, 5"}}, "bad_framing", Ends::no},
    {"a negative length", kGet + Fields{{"content-length", "-5"}}, "bad_framing", Ends::no},
    {"a length with a sign", kGet + Fields{{"content-length", "+5"}}, "bad_framing", Ends::no},
    {"a length with a leading zero", kGet + Fields{{"content-length", "05"}}, "bad_framing", Ends::no},
    {"a length beyond all sizes", kGet + Fields{{"content-length", "18446744073709551616"}}, "bad_framing", Ends::no},
    {"an empty length", kGet + Fields{{"content-length", ""}}, "bad_framing", Ends::no},
};

TEST(Http2Section, P14_RefusesWhatHttp1WouldReadDifferently) {
    for (const Bad& bad : kBadRequests) EXPECT_EQ(request(bad.fields, bad.ends), bad.tag) << bad.name;
}

TEST(Http2Section, MakesOfAResponseWhatHttp1WouldHaveGiven) {
    const Fields ok = {{":status", "200"}, {"a", "b"}};
    const Fields five = {{":status", "200"}, {"content-length", "5"}};
    EXPECT_EQ(response(ok), "200\na: [b]\nlength 0 undeclared");
    EXPECT_EQ(response(ok, Ends::no), "200\na: [b]\nchunked 0");
    EXPECT_EQ(response(five, Ends::no), "200\ncontent-length: [5]\nlength 5");
    EXPECT_EQ(response(five, Ends::yes, "HEAD"), "200\ncontent-length: [5]\nnone 0");
    EXPECT_EQ(response(with(five, ":status", "304")), "304\ncontent-length: [5]\nnone 0");
    EXPECT_EQ(response(with(ok, ":status", "204")), "204\na: [b]\nnone 0");
    EXPECT_EQ(response(with(ok, ":status", "103"), Ends::no), "103\na: [b]\nnone 0");
    EXPECT_EQ(response(with(ok, ":status", "999")), "999\na: [b]\nlength 0 undeclared");
    EXPECT_EQ(response(ok, Ends::no, "CONNECT"), "200\na: [b]\nchunked 0");
    EXPECT_EQ(response(with(five, ":status", "403"), Ends::no, "CONNECT"), "403\ncontent-length: [5]\nlength 5");
}

const Bad kBadResponses[] = {
    {"no status", {{"a", "b"}}},
    {"an empty status", {{":status", ""}}},
    {"two digits", {{":status", "99"}}},
    {"four digits", {{":status", "1000"}}},
    {"a zero in front", {{":status", "020"}}},
    {"no digits", {{":status", "2 0"}}},
    {"a request's pseudo-field", {{":status", "200"}, {":path", "/"}}},
    {"a repeated status", {{":status", "200"}, {":status", "200"}}},
    {"a status after a field", {{"a", "b"}, {":status", "200"}}},
    {"switching protocols", {{":status", "101"}}, "bad_request", Ends::no},
    {"nothing after an interim response", {{":status", "103"}}},
    {"a name in upper case", {{":status", "200"}, {"A", "b"}}},
    {"a value with a line end", {{":status", "200"}, {"a", "b\r\nc: d"}}},
    {"a connection", {{":status", "200"}, {"connection", "close"}}},
    {"a transfer-encoding", {{":status", "200"}, {"transfer-encoding", "chunked"}}},
    {"an upgrade", {{":status", "200"}, {"upgrade", "h3"}}},
    {"a length that does not come", {{":status", "200"}, {"content-length", "5"}}, "bad_framing"},
    {"two lengths", {{":status", "200"}, {"content-length", "5"}, {"content-length", "6"}}, "bad_framing", Ends::no},
};

TEST(Http2Section, P14_RefusesMalformedResponses) {
    for (const Bad& bad : kBadResponses) EXPECT_EQ(response(bad.fields, bad.ends), bad.tag) << bad.name;
}

TEST(Http2Section, P14_TrailersAreFieldsThatEndTheStream) {
    EXPECT_EQ(trailers({{"a", "b"}, {"grpc-status", "0"}}), "a: [b]\ngrpc-status: [0]\n");
    EXPECT_EQ(trailers({{"a", "b"}}, Ends::no), "bad_request");
    EXPECT_EQ(trailers({{":status", "200"}}), "bad_request");
    EXPECT_EQ(trailers({{":path", "/"}}), "bad_request");
    EXPECT_EQ(trailers({{"A", "b"}}), "bad_request");
    EXPECT_EQ(trailers({{"connection", "close"}}), "bad_request");
    EXPECT_EQ(trailers({{"a", std::string(9000, 'x')}}), "header_too_large");
}

TEST(Http2Section, RefusesHeadsThatAreTooLarge) {
    const Http2Limits limits{.header_bytes_max = 1000, .header_count_max = 10, .target_bytes_max = 100};
    EXPECT_EQ(request(kGet + Fields{{"a", std::string(1000, 'x')}}, Ends::yes, limits), "header_too_large");
    EXPECT_EQ(request(kGet + Fields(7, {"a", "b"}), Ends::yes, limits), "header_too_large");
    EXPECT_EQ(request(with(kGet, ":path", "/" + std::string(100, 'x')), Ends::yes, limits), "uri_too_long");
    EXPECT_NE(request(kGet + Fields(6, {"a", "b"}), Ends::yes, limits), "header_too_large");
}

TEST(Http2Section, CountsAllThatIsDecodedButKeepsNoMore) {
    Http2Section section({.header_bytes_max = 100});
    section.begin(Http2Section::Kind::request);
    for (int i = 0; i < 1000; ++i) section.add("a", std::string(99, 'x'));
    EXPECT_EQ(section.decoded_bytes(), 1000 * (100u + 32u));
    RequestHead head;
    EXPECT_EQ(section.finish_request(Scheme::https, Ends::yes, head).error().code, ErrorCode::header_too_large);
    section.begin(Http2Section::Kind::request);
    EXPECT_EQ(section.decoded_bytes(), 0u);
    for (const auto& [name, value] : kGet) section.add(name, value);
    EXPECT_TRUE(section.finish_request(Scheme::https, Ends::yes, head));
}

}  // namespace
}  // namespace sallyport::http
