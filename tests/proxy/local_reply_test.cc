#include "proxy/local_reply.h"

#include <gtest/gtest.h>

#include "http/http1_writer.h"
#include "proxy/access_log.h"

namespace sallyport::proxy {
namespace {

std::string text_of(const LocalReply& reply) {
    Buffer out;
    http::Http1ResponseWriter writer(out);
    write_local_reply(writer, reply);
    return std::string(out.view());
}

TEST(LocalReply, ABlockedRequestIsTold) {
    const std::string text = text_of({.error = ErrorCode::denied_by_rule, .rule = "no-evil", .request_id = RequestId{7}});
    EXPECT_TRUE(text.starts_with("HTTP/1.1 403 Forbidden\r\n")) << text;
    EXPECT_NE(text.find("x-sallyport-verdict: deny\r\n"), std::string::npos);
    EXPECT_NE(text.find(R"({"error":"denied_by_rule","reason":"a rule denies this request","rule":"no-evil","request_id":")"),
              std::string::npos);
    EXPECT_EQ(text.find("Connection: close"), std::string::npos);
}

TEST(LocalReply, TheLengthIsTheBodysLength) {
    const std::string text = text_of({.error = ErrorCode::denied});
    const std::size_t end = text.find("\r\n\r\n");
    const std::string length = "Content-Length: " + std::to_string(text.size() - end - 4) + "\r\n";
    EXPECT_NE(text.find(length), std::string::npos) << text;
}

TEST(LocalReply, AHeadRequestGetsTheLengthWithoutTheBody) {
    const std::string text = text_of({.error = ErrorCode::denied, .to_head_request = true});
    EXPECT_TRUE(text.ends_with("\r\n\r\n"));
    EXPECT_NE(text.find("Content-Length: "), std::string::npos);
}

// X7: fixed sentences only, whatever the error's detail was.
TEST(LocalReply, X7_EveryErrorHasAReplyOfFixedWords) {
    for (const ErrorCode code : {ErrorCode::bad_request, ErrorCode::misdirected, ErrorCode::private_address,
                                 ErrorCode::tls_verify_failed, ErrorCode::dns_failed, ErrorCode::header_too_large,
                                 ErrorCode::uri_too_long, ErrorCode::request_timeout, ErrorCode::expectation_failed,
                                 ErrorCode::method_refused, ErrorCode::unsupported_version, ErrorCode::connect_timeout,
                                 ErrorCode::draining, ErrorCode::internal}) {
        const std::string text = text_of({.error = code, .keep_alive = false});
        EXPECT_TRUE(text.starts_with("HTTP/1.1 " + std::to_string(http_status(code)) + " ")) << text;
        EXPECT_EQ(text.find("HTTP/1.1 " + std::to_string(http_status(code)) + " Error"), std::string::npos) << text;
        EXPECT_NE(text.find("Connection: close"), std::string::npos);
        EXPECT_NE(text.find(sentence(code)), std::string::npos);
    }
}

TEST(LocalReply, APolicysOwnAnswerStandsForItsRefusals) {
    const rules::BlockAnswer blocked{451, "text/plain", "no: ${error}, ${reason} (${rule}) ${request_id} $ ${other} ${"};
    const LocalReply denied{.error = ErrorCode::denied_by_rule, .rule = "no-evil", .request_id = RequestId{7}, .blocked = &blocked};
    const std::string text = text_of(denied);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 451 Unavailable For Legal Reasons\r\nContent-Type: text/plain\r\n")) << text;
    EXPECT_NE(text.find("x-sallyport-verdict: deny\r\n"), std::string::npos);
    EXPECT_TRUE(text.ends_with("\r\n\r\nno: denied_by_rule, a rule denies this request (no-evil) " + to_string(RequestId{7}) + " $  ${"))
        << text;
}

TEST(LocalReply, WhatIsNoRefusalLooksAsEver) {
    const rules::BlockAnswer blocked{451, "text/plain", "no"};
    for (const ErrorCode code : {ErrorCode::bad_request, ErrorCode::misdirected, ErrorCode::tls_verify_failed,
                                 ErrorCode::connect_timeout, ErrorCode::draining, ErrorCode::internal}) {
        EXPECT_EQ(text_of({.error = code, .blocked = &blocked}), text_of({.error = code}));
    }
}

TEST(LocalReply, OnlyTheStatus403IsReplaced) {
    const rules::BlockAnswer blocked{451, "text/plain", "no"};
    const std::string limited = text_of({.error = ErrorCode::rate_limited, .blocked = &blocked, .retry_after = std::chrono::seconds(17)});
    EXPECT_TRUE(limited.starts_with("HTTP/1.1 429 Too Many Requests\r\n")) << limited;
    EXPECT_NE(limited.find("Retry-After: 17\r\n"), std::string::npos);
    EXPECT_TRUE(limited.ends_with("\r\n\r\nno"));
    EXPECT_TRUE(text_of({.error = ErrorCode::handler_busy, .blocked = &blocked}).starts_with("HTTP/1.1 503 "));
}

TEST(LocalReply, WithoutABodyOfThePolicysTheJsonOneIsKept) {
    const rules::BlockAnswer blocked{404, "", std::nullopt};
    const std::string text = text_of({.error = ErrorCode::denied, .blocked = &blocked});
    EXPECT_TRUE(text.starts_with("HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n")) << text;
    EXPECT_NE(text.find(R"({"error":"denied")"), std::string::npos);
}

TEST(LocalReply, X14_ARulesNameCannotBreakAJsonBody) {
    const rules::BlockAnswer blocked{403, "application/problem+json", "{\"rule\":\"${rule}\"}"};
    const std::string text = text_of({.error = ErrorCode::denied, .rule = "a\"},{\"", .blocked = &blocked});
    EXPECT_TRUE(text.ends_with(R"({"rule":"a\"},{\""})")) << text;
}

std::string text_of(const RuleReply& reply) {
    Buffer out;
    http::Http1ResponseWriter writer(out);
    write_rule_reply(writer, reply);
    return std::string(out.view());
}

TEST(RuleReply, SaysWhatTheRuleSays) {
    const rules::Respond respond{200, {{"Content-Type", "text/plain"}, {"X-A", "b"}, {"Content-Length", "77"}, {"Connection", "x"}}, "ok\n"};
    EXPECT_EQ(text_of(RuleReply{respond}),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A: b\r\nContent-Length: 3\r\n\r\nok\n");
    EXPECT_EQ(text_of(RuleReply{respond, true, false}),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A: b\r\nConnection: close\r\nContent-Length: 3\r\n\r\n");
}

TEST(RuleReply, NoContentHasNoLength) {
    const rules::Respond respond{204, {}, "ignored"};
    EXPECT_EQ(text_of(RuleReply{respond}), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(LocalReply, AClientOfGrpcIsToldInItsOwnWords) {
    const std::string text =
        text_of({.error = ErrorCode::denied_by_rule, .rule = "no-evil", .request_id = RequestId{7}, .is_grpc = true});
    EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
    EXPECT_NE(text.find("grpc-status: 7\r\n"), std::string::npos) << text;
    EXPECT_NE(text.find("grpc-message: denied_by_rule: a rule denies this request (rule no-evil), request "), std::string::npos) << text;
    EXPECT_NE(text.find("x-sallyport-verdict: deny\r\n"), std::string::npos);
    EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace sallyport::proxy
