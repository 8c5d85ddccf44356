// Random secrets, each in a random encoding at a random place of a random body, under a random content coding, in
// random pieces: afterwards the secret's bytes are overwritten, and every other byte is as it was. 10^5 cases;
// SALLYPORT_SCRUB_CASES=1000000 asks for more.
#include <gtest/gtest.h>

#include <cstdlib>

#include "http/content_decoder.h"
#include "tests/http/encode.h"
#include "tests/rules/planted.h"

namespace sallyport::rules {
namespace {

using http::ContentCoding;

std::size_t cases() {
    const char* asked = std::getenv("SALLYPORT_SCRUB_CASES");
    return asked == nullptr ? 100'000 : std::strtoul(asked, nullptr, 10);
}

std::string decode(Random& random, const std::vector<ContentCoding>& codings, std::string_view coded) {
    http::ContentDecoder decoder(codings);
    Buffer out;
    while (!coded.empty()) {
        std::string_view piece = coded.substr(0, 1 + pick(random, 300));
        coded.remove_prefix(piece.size());
        while (decoder.decode(piece, out, 4096).value() == 4096) continue;
    }
    EXPECT_TRUE(decoder.finish());
    return std::string(out.view());
}

// How it gets to the sandbox: as a body in pieces, or at once as a field's value is.
std::string scrubbed(Random& random, const Secrets& secrets, std::string text) {
    if (pick(random, 4) == 0) {
        scrub_text(*secrets.needles, text);
        return text;
    }
    const std::size_t longest = 1 + pick(random, pick(random, 2) == 0 ? 4 : 200);
    return scrub_in_pieces(secrets.needles, text, [&](std::size_t) { return 1 + pick(random, longest); });
}

void check(unsigned seed, std::size_t count, const std::vector<ContentCoding>& codings) {
    Random random(seed);
    Secrets secrets;
    for (std::size_t i = 0; i < count; ++i) {
        if (i % 50 == 0) secrets = random_secrets(random);
        const Planted body = plant(random, secrets);
        std::string text = codings.empty() ? body.text : decode(random, codings, http::encode(body.text, codings));
        ASSERT_EQ(text, body.text);
        ASSERT_EQ(scrubbed(random, secrets, std::move(text)), body.expected) << body.text << "\ncase " << i;
    }
}

TEST(ScrubProperty, R1R2R5_NoEncodingOfASecretIsLeftAndAllElseStays) { check(101, cases() * 6 / 10, {}); }
TEST(ScrubProperty, R3_NoneIsLeftUnderGzip) { check(102, cases() / 10, {ContentCoding::gzip}); }
TEST(ScrubProperty, R3_NoneIsLeftUnderDeflate) { check(103, cases() / 10, {ContentCoding::deflate}); }
TEST(ScrubProperty, R3_NoneIsLeftUnderBrotli) { check(104, cases() / 20, {ContentCoding::br}); }
TEST(ScrubProperty, R3_NoneIsLeftUnderZstd) { check(105, cases() / 10, {ContentCoding::zstd}); }
TEST(ScrubProperty, R3_NoneIsLeftUnderTwoCodings) {
    check(106, cases() / 20, {ContentCoding::br, ContentCoding::gzip});
}

}  // namespace
}  // namespace sallyport::rules
