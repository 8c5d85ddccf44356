#include "http/validate.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sallyport::http {
namespace {

using namespace std::string_literals;
using Fields = std::vector<std::pair<std::string, std::string>>;

RequestHead request(std::string method, std::string target, const Fields& fields) {
    RequestHead head;
    head.method = std::move(method);
    head.target = std::move(target);
    for (const auto& [name, value] : fields) head.headers.add(name, value);
    return head;
}

std::string names_in(const HeaderMap& headers) {
    std::string names;
    for (const auto [name, value] : headers) names += std::string(name) + " ";
    return names;
}

struct Accepted {
    const char* method;
    const char* target;
    Scheme scheme;
    const char* host;
    const char* path;
    const char* authority;
};

TEST(ValidateRequest, FindsTheCanonicalRequest) {
    const Accepted cases[] = {
        {"GET", "/a?b", Scheme::https, "A.example.:443", "/a", "a.example"},
        {"GET", "/%61", Scheme::http, "a.example:8080", "/a", "a.example:8080"},
        {"PUT", "/", Scheme::http, "[::1]:81", "/", "[::1]:81"},
        {"OPTIONS", "*", Scheme::https, "a.example", "*", "a.example"},
        {"OPTIONS", "/", Scheme::https, "a.example", "/", "a.example"},
        {"GET", "http://a.example/x", Scheme::http, "a.example", "/x", "a.example"},
        {"GET", "HTTPS://A.EXAMPLE:443/x", Scheme::https, "a.example", "/x", "a.example"},
        {"GET", "https://a.example.", Scheme::https, "a.example", "/", "a.example"},
        {"GET", "https://a.example?q", Scheme::https, "a.example", "/", "a.example"},
        {"OPTIONS", "https://a.example", Scheme::https, "a.example", "*", "a.example"},
        {"OPTIONS", "https://a.example/", Scheme::https, "a.example", "/", "a.example"},
        {"GET", "http://xn--bcher-kva.example/", Scheme::http,
         "B\xc3\xbc"
         "cher.example",
         "/", "xn--bcher-kva.example"},
    };
    for (const Accepted& c : cases) {
        SCOPED_TRACE(std::string(c.method) + " " + c.target);
        const auto valid = validate_request(request(c.method, c.target, {{"hOST", c.host}}), c.scheme);
        ASSERT_TRUE(valid) << valid.error().detail;
        EXPECT_EQ(valid->method, c.method);
        EXPECT_EQ(valid->scheme, c.scheme);
        EXPECT_EQ(valid->target.path, c.path);
        EXPECT_EQ(to_string(valid->authority, c.scheme), c.authority);
    }
}

TEST(ValidateRequest, KeepsTheQuery) {
    const auto valid = validate_request(request("GET", "https://a?x=%41", {{"Host", "a"}}), Scheme::https);
    ASSERT_TRUE(valid);
    EXPECT_EQ(valid->target.query, "x=%41");
    EXPECT_TRUE(valid->target.has_query);
}

struct Refused {
    std::string method;
    std::string target;
    Fields fields;
    ErrorCode code;
};

TEST(ValidateRequest, RefusesWhatCouldBeReadInTwoWays) {
    const Fields host = {{"Host", "a"}};
    const Refused cases[] = {
        {"CONNECT", "a:443", host, ErrorCode::method_refused},
        {"TRACE", "/", host, ErrorCode::method_refused},
        {"TRACE", "/", {}, ErrorCode::method_refused},
        {"G ET", "/", host, ErrorCode::bad_request},
        {"", "/", host, ErrorCode::bad_request},
        // Authority.
        {"GET", "/", {}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", ""}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "a"}, {"Host", "a"}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "a"}, {"host", "b"}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "a, b"}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "a b"}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "a\tb"}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "u@a"}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "a#b"}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "a/b"}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "a?b"}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "a\\b"}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "http://a"}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "127.1"}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "0x7f000001"}}, ErrorCode::bad_authority},
        {"GET", "/", {{"Host", "[::1%25lo]"}}, ErrorCode::bad_authority},
        {"GET", "http://b/", host, ErrorCode::bad_authority},
        {"GET", "http://a:81/", host, ErrorCode::bad_authority},
        {"GET", "http://u@a/", host, ErrorCode::bad_authority},
        {"GET", "http://a@b/", {{"Host", "b"}}, ErrorCode::bad_authority},
        {"GET", "https://a/", host, ErrorCode::bad_authority},
        {"GET", "ftp://a/", host, ErrorCode::bad_authority},
        {"GET", "http:///x", host, ErrorCode::bad_authority},
        {"GET", "http://", host, ErrorCode::bad_authority},
        {"GET", "http://a\\@b/", host, ErrorCode::bad_authority},
        {"GET", "http://b/", {}, ErrorCode::bad_authority},
        // Target.
        {"GET", "*", host, ErrorCode::bad_path},
        {"GET", "", host, ErrorCode::bad_path},
        {"GET", "a", host, ErrorCode::bad_path},
        {"GET", "a:80", host, ErrorCode::bad_path},
        {"GET", "http:/a", host, ErrorCode::bad_path},
        {"GET", "/a#b", host, ErrorCode::bad_path},
        {"GET", "http://a#b", host, ErrorCode::bad_path},
        {"GET", "/a%zz", host, ErrorCode::bad_path},
        {"OPTIONS", "*/a", host, ErrorCode::bad_path},
        // Fields.
        {"GET", "/", {{"Host", "a"}, {"A B", ""}}, ErrorCode::bad_request},
        {"GET", "/", {{"Host", "a"}, {"", "b"}}, ErrorCode::bad_request},
        {"GET", "/", {{"Host", "a"}, {":path", "/"}}, ErrorCode::bad_request},
        {"GET", "/", {{"Host", "a"}, {"A", "b\r\nC: d"}}, ErrorCode::bad_request},
        {"GET", "/", {{"Host", "a"}, {"A", "b\nc"}}, ErrorCode::bad_request},
        {"GET", "/", {{"Host", "a"}, {"A", "b\0"s}}, ErrorCode::bad_request},
        {"GET", "/", {{"Host", "a\0"s}}, ErrorCode::bad_request},
        {"GET", "/", {{"Host", "a"}, {"Content_Length", "5"}}, ErrorCode::bad_request},
        {"GET", "/", {{"Host", "a"}, {"Transfer_Encoding", "chunked"}}, ErrorCode::bad_request},
        {"GET", "/", {{"Host", "a"}, {"X_Api_Key", "k"}}, ErrorCode::bad_request},
        // Expectations.
        {"PUT", "/", {{"Host", "a"}, {"Expect", "200-ok"}}, ErrorCode::expectation_failed},
        {"PUT", "/", {{"Host", "a"}, {"Expect", ""}}, ErrorCode::expectation_failed},
        {"PUT", "/", {{"Host", "a"}, {"Expect", "100-continue, x"}}, ErrorCode::expectation_failed},
        {"PUT",
         "/",
         {{"Host", "a"}, {"Expect", "100-continue"}, {"Expect", "100-continue"}},
         ErrorCode::expectation_failed},
    };
    for (const Refused& c : cases) {
        SCOPED_TRACE(c.method + " " + c.target + " " + (c.fields.empty() ? "" : c.fields.back().second));
        const auto valid = validate_request(request(c.method, c.target, c.fields), Scheme::http);
        ASSERT_FALSE(valid);
        EXPECT_EQ(valid.error().code, c.code) << tag(valid.error().code);
    }
}

TEST(ValidateRequest, TakesOrdinaryFieldsAsTheyAre) {
    const auto head = request(
        "PUT", "/",
        {{"Host", "a"}, {"Expect", "100-Continue"}, {"Max-Forwards", "0"}, {"api_key", "k"}, {"A", "\xc3\xa4\t"}});
    EXPECT_TRUE(validate_request(head, Scheme::http));
}

TEST(ValidateResponse, RefusesWhatMustNotBeRelayed) {
    const auto code_of = [](int status, std::string reason, const Fields& fields) {
        ResponseHead head;
        head.status = status;
        head.reason = std::move(reason);
        for (const auto& [name, value] : fields) head.headers.add(name, value);
        const auto valid = validate_response(head);
        return valid ? "good" : std::string(tag(valid.error().code));
    };
    EXPECT_EQ(code_of(200, "OK", {{"A", "b"}}), "good");
    EXPECT_EQ(code_of(100, "", {}), "good");
    EXPECT_EQ(code_of(999, "\xe4", {}), "good");
    EXPECT_EQ(code_of(101, "", {}), "origin_upgrade");
    EXPECT_EQ(code_of(99, "", {}), "origin_bad_response");
    EXPECT_EQ(code_of(1000, "", {}), "origin_bad_response");
    EXPECT_EQ(code_of(200, "a\rb", {}), "origin_bad_response");
    EXPECT_EQ(code_of(200, "", {{"A", "b\r\nC: d"}}), "origin_bad_response");
    EXPECT_EQ(code_of(200, "", {{"A", "b\0"s}}), "origin_bad_response");
    EXPECT_EQ(code_of(200, "", {{"A:", "b"}}), "origin_bad_response");
}

TEST(RemoveHopByHop, LeavesWhatIsEndToEndInRequests) {
    auto head = request("GET", "/",
                        {{"Host", "a"},
                         {"Connection", "keep-alive, X-Hop"},
                         {"Keep-Alive", "5"},
                         {"x-hop", "1"},
                         {"X-End", "2"},
                         {"Proxy-Authorization", "x"},
                         {"Proxy-Connection", "close"},
                         {"TE", "trailers"},
                         {"Trailer", "T"},
                         {"Transfer-Encoding", "chunked"},
                         {"Upgrade", "h2c"},
                         {"Content-Length", "5"},
                         {"Connection", "X-Hop2, close"},
                         {"X-HOP2", "3"},
                         {"Content-Type", "t"},
                         {"Max-Forwards", "3"}});
    ASSERT_TRUE(remove_hop_by_hop(head));
    EXPECT_EQ(names_in(head.headers), "Host X-End Content-Type Max-Forwards ");
}

TEST(RemoveHopByHop, RefusesToTakeAwayWhatWasDecidedOn) {
    for (const char* option : {"Host", "Content-Length", "Transfer-Encoding", "Authorization", "COOKIE", "Content-Type",
                               "X-Api-Key", "X-Amz-Date", "close, Authorization", ",,host,", "X-Forwarded-For",
                               "authorization\t", "Content_Length", "Expect"}) {
        auto head = request("GET", "/", {{"Host", "a"}, {"Authorization", "x"}, {"Connection", option}});
        const auto removed = remove_hop_by_hop(head);
        ASSERT_FALSE(removed) << option;
        EXPECT_EQ(removed.error().code, ErrorCode::bad_request);
    }
    for (const char* option :
         {"", ",", "close", "Keep-Alive", "upgrade, HTTP2-Settings", "TE", "Connection", "X-Hop", "proxy-foo"}) {
        auto head = request("GET", "/", {{"Host", "a"}, {"Connection", option}});
        EXPECT_TRUE(remove_hop_by_hop(head)) << option;
        EXPECT_EQ(names_in(head.headers), "Host ");
    }
}

TEST(RemoveHopByHop, LeavesWhatIsEndToEndInResponses) {
    struct Answer {
        int status;
        BodyKind kind;
        bool keeps_length;
    };
    for (const Answer& c : {Answer{200, BodyKind::length, false}, Answer{200, BodyKind::chunked, false},
                            Answer{200, BodyKind::none, true}, Answer{304, BodyKind::none, true},
                            Answer{204, BodyKind::none, false}, Answer{103, BodyKind::none, false}}) {
        ResponseHead head;
        head.status = c.status;
        head.body.kind = c.kind;
        for (const char* name : {"Connection", "Keep-Alive", "X-Hop", "Content-Length", "Alt-Svc", "Transfer-Encoding",
                                 "Trailer", "Upgrade", "Proxy-Authenticate", "Set-Cookie", "Content-Type"}) {
            head.headers.add(name, name == std::string("Connection") ? "x-hop" : "5");
        }
        remove_hop_by_hop(head);
        EXPECT_EQ(names_in(head.headers),
                  c.keeps_length ? "Content-Length Set-Cookie Content-Type " : "Set-Cookie Content-Type ")
            << c.status;
    }
}

TEST(KeepAllowedTrailers, DropsTheOthers) {
    HeaderMap trailers;
    for (const char* name : {"Grpc-Status", "Authorization", "Content-Length", "X-Checksum", "Host", "Set-Cookie"})
        trailers.add(name, "1");
    keep_allowed_trailers(trailers);
    EXPECT_EQ(names_in(trailers), "Grpc-Status X-Checksum ");
}

}  // namespace
}  // namespace sallyport::http
