// Origins that say the credential back, over the wire: in every part of a response, every encoding, every coding and framing, whole and
// in pieces. After every test, everything that came out of the sandbox is searched for the secret (see World::leaks).
#include <gmock/gmock.h>

#include "files.h"
#include "guarded.h"
#include "leak.h"

namespace sallyport::integration {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kEncodings[] = {"raw",           "base64", "base64-1",     "base64-2", "base64url",    "basic",  "hex",      "HEX",
                                      "percent",       "json",   "json-unicode", "html",     "html-numbers", "utf-16", "utf-16-be", "percent-mixed"};

// What follows the last head of an answer, without the framing of chunks: a secret in two of them is one to the reader.
std::string body_of(const RawResult& result) {
    std::size_t at = 0;
    while (result.received.compare(at, 10, "HTTP/1.1 1") == 0) at = result.received.find("\r\n\r\n", at) + 4;
    const std::size_t end = result.received.find("\r\n\r\n", at);
    if (end == std::string::npos) return {};
    const std::string rest = result.received.substr(end + 4);
    if (result.received.substr(at, end - at).find("Transfer-Encoding: chunked") == std::string::npos) return rest;
    std::string body;
    for (std::size_t next = 0; next < rest.size();) {
        const std::size_t size = std::stoul(rest.substr(next), nullptr, 16);
        next = rest.find("\r\n", next) + 2;
        if (size == 0) return body + rest.substr(next, rest.size() - next - 2);  // and the trailers
        body += rest.substr(next, size);
        next += size + 2;
    }
    return body;
}

class Scrub : public IntegrationTest {
protected:
    Guard guard_{policy(kApiAndOpen)};

    static RawCase reflect(const std::string& query, const std::string& fields = "Accept-Encoding: gzip, deflate, br, zstd\r\n") {
        return {.bytes = get("/reflect?" + query, "api.acme.example", fields), .mode = "all"};
    }
    static void expect_nothing_of_it(const RawResult& result, const std::string& about) {
        EXPECT_THAT(leaks_in(result.received), IsEmpty()) << about;
        EXPECT_THAT(leaks_in(body_of(result)), IsEmpty()) << about;
    }
    // Each is answered by the origin, which had the credential, and the answer holds nothing of it.
    void expect_clean(const std::vector<std::string>& queries) {
        std::vector<RawCase> cases;
        for (const auto& query : queries) cases.push_back(reflect(query));
        const auto results = guard_.raw_all(cases);
        for (std::size_t i = 0; i < queries.size(); ++i) {
            EXPECT_NE(results[i].status(), 0) << queries[i] << ' ' << results[i].outcome;
            EXPECT_NE(results[i].status(), 502) << queries[i];
            expect_nothing_of_it(results[i], queries[i]);
        }
        EXPECT_THAT(world().all_received("api.acme.example"), HasSubstr("X-Auth-Token: " + std::string(kSecret)));
    }
};

TEST_F(Scrub, R1_NoEncodingOfTheCredentialComesBackInABody) {
    std::vector<std::string> queries;
    for (const char* encoding : kEncodings) queries.push_back(std::string("where=body&as=") + encoding);
    expect_clean(queries);
}

TEST_F(Scrub, R1_TheRestOfABodyIsAsItWas) {
    const RawResult result = guard_.raw(reflect("where=body&framing=length"));
    EXPECT_EQ(body_of(result), "before " + std::string(kSecret.size(), '*') + " after\n");
    EXPECT_EQ(result.status(), 200);
}

TEST_F(Scrub, R1_AnErrorThatQuotesTheCredentialIsCleanToo) { expect_clean({"where=error", "where=error&framing=length"}); }

TEST_F(Scrub, R2_WhateverThePiecesItComesIn) {
    std::vector<std::string> queries;
    for (std::size_t piece = 1; piece <= kSecret.size() + 8; ++piece) {
        queries.push_back("where=body&piece=" + std::to_string(piece));
        if (piece % 4 == 0) queries.push_back("where=body&as=base64-1&framing=length&piece=" + std::to_string(piece));
    }
    expect_clean(queries);
}

TEST_F(Scrub, R3_CompressedAnswersAreLookedThrough) {
    std::vector<std::string> queries;
    for (const char* coding : {"gzip", "deflate", "br", "zstd", "gzip,%20br"}) {
        for (const char* framing : {"length", "chunked", "close"}) {
            queries.push_back(std::string("where=body&coding=") + coding + "&framing=" + framing);
            queries.push_back(std::string("where=body&as=hex&piece=7&coding=") + coding + "&framing=" + framing);
        }
    }
    std::vector<RawCase> cases;
    for (const auto& query : queries) cases.push_back(reflect(query));
    const auto results = guard_.raw_all(cases);
    for (std::size_t i = 0; i < queries.size(); ++i) {
        EXPECT_EQ(results[i].status(), 200) << queries[i];
        const std::string body = body_of(results[i]);
        EXPECT_TRUE(body.starts_with("before **") && body.ends_with("** after\n")) << queries[i] << body;
        expect_nothing_of_it(results[i], queries[i]);
    }
}

TEST_F(Scrub, R3_ACodingThatCannotBeReadIsNeverPassed) {
    const RawResult result = guard_.raw(reflect("where=body&coding=exotic"));
    EXPECT_EQ(result.status(), 502);
    EXPECT_THAT(result.received, Not(HasSubstr("before ")));
}

TEST_F(Scrub, R3_TheOriginIsAskedForCodingsThatCanBeReadOnly) {
    guard_.raw(reflect("where=body", "Accept-Encoding: exotic, gzip;q=0.5, compress, br\r\n"));
    const std::string received = world().all_received("api.acme.example");
    EXPECT_THAT(received, AllOf(HasSubstr("gzip"), Not(HasSubstr("exotic")), Not(HasSubstr("compress,"))));
}

TEST_F(Scrub, R7_TraceIsRefused) {
    const RawResult result =
        guard_.raw({.bytes = "TRACE /echo HTTP/1.1\r\nHost: api.acme.example\r\nConnection: close\r\n\r\n", .mode = "all"});
    EXPECT_GE(result.status(), 400);
    EXPECT_THAT(world().all_received("api.acme.example"), Not(HasSubstr("TRACE")));
}

TEST_F(Scrub, R8_EveryPartOfTheHeadAndTheTrailers) {
    expect_clean({"where=head", "where=early", "where=trailer", "where=reason", "where=all", "where=all&as=percent"});
}

TEST_F(Scrub, R9_AnAnswerThatIsCutShort) {
    for (const char* encoding : {"raw", "base64", "hex"}) {
        const RawResult result = guard_.raw(reflect(std::string("where=cut&as=") + encoding));
        expect_nothing_of_it(result, encoding);
    }
}

TEST_F(Scrub, R14_ServerSentEvents) {
    const RawResult result = guard_.raw({.bytes = get("/reflect/events"), .mode = "all"});
    EXPECT_THAT(body_of(result), AllOf(HasSubstr("data: hello\n\n"), HasSubstr("data: the key is **"), HasSubstr("data: goodbye\n\n")));
    expect_nothing_of_it(result, "events");
}

TEST_F(Scrub, R14_AnEventIsNotHeldBackForTheNextOne) {
    world().make_gate("event");
    Process curl = guard_.start({.argv = {"curl", "-sS", "-N", "--max-time", "50", "https://api.acme.example/events?gate=event"}});
    EXPECT_TRUE(wait_for_text(curl.out_path(), "data: first\n\n"));
    world().open_gate("event");
    EXPECT_EQ(curl.wait(), 0);
    EXPECT_THAT(curl.out(), HasSubstr("data: second\n\n"));
}

TEST_F(Scrub, R14_WebSocketMessages) {
    const std::string client = SALLYPORT_SOURCE_DIR "/tests/integration/clients/websocket.py";
    const Finished result = guard_.run({"/usr/bin/python3", client, "wss://api.acme.example/websocket?reflect", "hi", "bye"});
    EXPECT_THAT(result.out, HasSubstr("101\nauthorised\nit is ")) << result.err;
    EXPECT_THAT(leaks_in(result.all()), IsEmpty());
}

TEST_F(Scrub, AHostWithoutACredentialIsPassedAsItIs) {
    const RawResult result = guard_.raw({.bytes = get("/reflect?where=body&coding=gzip", "open.acme.example"), .host = "open.acme.example"});
    EXPECT_THAT(result.received, HasSubstr("Content-Encoding: gzip"));
}

}  // namespace
}  // namespace sallyport::integration
