#include "proxy/local_reply.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

std::string text_of(const LocalReply& reply) {
    Buffer out;
    write_local_reply(out, reply);
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

}  // namespace
}  // namespace sallyport::proxy
