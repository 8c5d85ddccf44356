#include "proxy/kept_secrets.h"

#include <gtest/gtest.h>

#include "proxy/limits.h"
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

TEST(KeptSecrets, R1_WhatWasRotatedLatelyIsStillLookedFor) {
    KeptSecrets kept;
    kept.retire(nullptr);
    EXPECT_TRUE(kept.former_needles().empty());
    for (const std::string text : {"marker-one-1d8f", "marker-two-1d8f", "marker-three-1d8f"}) kept.retire(rules::needles_of({text}));
    ASSERT_EQ(kept.former_needles().size(), kFormerNeedlesMax);
    EXPECT_EQ(rules::scrub_whole(kept.former_needles()[1], "marker-three-1d8f"), "*****************");
}

TEST(KeptSecrets, BodiesThatWaitHaveABoundTogether) {
    KeptSecrets kept;
    EXPECT_TRUE(kept.reserve_body(kBufferedBodiesBytesMax - 1));
    EXPECT_TRUE(kept.reserve_body(1));
    EXPECT_FALSE(kept.reserve_body(1));
    kept.release_body(10);
    EXPECT_TRUE(kept.reserve_body(10));
}

}  // namespace
}  // namespace sallyport::proxy
