#include <gtest/gtest.h>

#include "base/check.h"
#include "http/decoder_stage.h"
#include "tests/http/decode_stage.h"
#include "tests/http/encode.h"

namespace sallyport::http {
namespace {

const std::string kText = "the quick brown fox, the quick brown fox, the lazy dog";

std::string decode(std::string_view input) { return run_stages(make_brotli_stage, input); }

TEST(BrotliStage, ReadsWhatAnEncoderWrote) {
    EXPECT_EQ(decode(encode_brotli(kText)), kText);
    EXPECT_EQ(decode(encode_brotli("")), "");
    EXPECT_EQ(decode(""), "");
}

TEST(BrotliStage, RefusesBytesAfterTheEnd) {
    EXPECT_EQ(decode(encode_brotli("") + "x"), "!");
    EXPECT_EQ(decode(encode_brotli("") + encode_brotli("")), "!");
}

TEST(BrotliStage, KnowsWhenSomethingIsMissing) {
    const std::string whole = encode_brotli(kText);
    for (std::size_t size = 1; size < whole.size(); ++size) {
        EXPECT_EQ(decode(std::string_view(whole).substr(0, size)).back(), '~') << size;
    }
}

TEST(BrotliStage, RefusesLargeWindowsAndNonsense) {
    EXPECT_EQ(decode(std::string_view("\x11\x18\x00\x00", 4)), "!");
    EXPECT_EQ(decode("\xff\xff\xff\xff"), "!");
}

}  // namespace
}  // namespace sallyport::http
