#include "proxy/kept_secrets.h"

#include <gtest/gtest.h>

#include "tests/rules/scrub.h"

namespace sallyport::proxy {
namespace {

TEST(KeptSecrets, TokensThatWereTakenOutMustNotComeBack) {
    KeptSecrets kept;
    EXPECT_EQ(kept.token_needles(), nullptr);
    http::ResponseHead head;
    head.status = 200;
    head.headers.add("Content-Type", "application/json");
    http::CanonicalRequest request;
    request.authority.host = "login.example";
    Buffer out;
    ASSERT_TRUE(kept.tokens().swap_answer({}, request, head, R"({"access_token": "marker-token-0123456789"})", out));
    EXPECT_EQ(out.view().find("marker-token"), std::string_view::npos) << out.view();
    const auto needles = kept.token_needles();
    ASSERT_NE(needles, nullptr);
    EXPECT_EQ(kept.token_needles(), needles) << "made once";
    EXPECT_EQ(rules::scrub_whole(needles, "marker-token-0123456789"), "***********************");
}

}  // namespace
}  // namespace sallyport::proxy
