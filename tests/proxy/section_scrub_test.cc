#include "proxy/section_scrub.h"

#include <gtest/gtest.h>

#include "tests/rules/scrub.h"

namespace sallyport::proxy {
namespace {

const std::string kSecret = "marker-secret-8d1f2c";
const std::string kStars(20, '*');

std::string text_of(const http::HeaderMap& fields) {
    std::string text;
    for (const auto [name, value] : fields) text.append(name).append(": ").append(value).append("\n");
    return text;
}

ScrubChain chain() {
    ScrubChain chain;
    chain.add(rules::needles_of({kSecret}));
    return chain;
}

TEST(SectionScrub, R8_EveryFieldOfAHeadIsLookedThrough) {
    const char* const kNames[] = {"Location", "Set-Cookie", "ETag", "Link", "WWW-Authenticate", "X-Debug", "Content-Type"};
    http::ResponseHead head;
    head.status = 302;
    head.reason = "Found " + kSecret;
    std::string expected;
    for (const char* name : kNames) {
        head.headers.add(name, "a=" + kSecret + ";b");
        expected += std::string(name) + ": a=" + kStars + ";b\n";
    }
    head.headers.add("Plain", "stays");
    ScrubChain scrub = chain();
    scrub_head(scrub, head);
    EXPECT_EQ(head.reason, "Found " + kStars);
    EXPECT_EQ(text_of(head.headers), expected + "Plain: stays\n");
    EXPECT_EQ(scrub.found(), std::size(kNames) + 1);
}

TEST(SectionScrub, R8_AFieldWhoseNameHoldsASecretIsLeftOut) {
    http::HeaderMap fields;
    fields.add("X-" + kSecret, "1");
    fields.add("X-Other", "2");
    ScrubChain scrub = chain();
    scrub_fields(scrub, fields);
    EXPECT_EQ(text_of(fields), "X-Other: 2\n");
}

TEST(SectionScrub, NothingIsFoundAcrossTwoFields) {
    http::HeaderMap fields;
    fields.add("A", kSecret.substr(0, 10));
    fields.add(kSecret.substr(10), "");
    ScrubChain scrub = chain();
    scrub_fields(scrub, fields);
    EXPECT_EQ(fields.size(), 2u);
    EXPECT_EQ(scrub.found(), 0u);
}

TEST(SectionScrub, AFieldWithoutAValueAndOneOfNothingElseStay) {
    http::HeaderMap fields;
    fields.add("A", "");
    fields.add("B", kSecret);
    fields.add("C", "");
    ScrubChain scrub = chain();
    scrub_fields(scrub, fields);
    EXPECT_EQ(text_of(fields), "A: \nB: " + kStars + "\nC: \n");
    http::HeaderMap none;
    scrub_fields(scrub, none);
    EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace sallyport::proxy
