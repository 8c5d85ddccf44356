#include <gtest/gtest.h>

#include "base/check.h"
#include "http/decoder_stage.h"
#include "tests/http/decode_stage.h"
#include "tests/http/encode.h"

namespace sallyport::http {
namespace {

const std::string kText = "the quick brown fox, the quick brown fox, the lazy dog";

std::string gunzip(std::string_view input) {
    return run_stages([] { return make_inflate_stage(InflateFormat::gzip); }, input);
}
std::string inflate(std::string_view input) {
    return run_stages([] { return make_inflate_stage(InflateFormat::deflate); }, input);
}

TEST(InflateStage, ReadsGzipDeflateAndRawDeflate) {
    EXPECT_EQ(gunzip(encode_zlib(kText, ZlibFormat::gzip)), kText);
    EXPECT_EQ(inflate(encode_zlib(kText, ZlibFormat::zlib)), kText);
    EXPECT_EQ(inflate(encode_zlib(kText, ZlibFormat::raw)), kText);
}

TEST(InflateStage, ReadsSeveralMembersOfGzip) {
    const std::string empty = encode_zlib("", ZlibFormat::gzip);
    EXPECT_EQ(gunzip(empty), "");
    EXPECT_EQ(gunzip(empty + encode_zlib("one ", ZlibFormat::gzip) + empty + encode_zlib("two", ZlibFormat::gzip)),
              "one two");
}

TEST(InflateStage, RefusesBytesAfterTheEnd) {
    EXPECT_EQ(gunzip(encode_zlib("", ZlibFormat::gzip) + "secret"), "!");
    EXPECT_EQ(gunzip(encode_zlib("", ZlibFormat::gzip) + std::string(1, '\0')).back(), '~');
    EXPECT_EQ(gunzip(encode_zlib("", ZlibFormat::gzip) + std::string(8, '\0')), "!");
    EXPECT_EQ(inflate(encode_zlib("", ZlibFormat::zlib) + "x"), "!");
    EXPECT_EQ(inflate(encode_zlib("", ZlibFormat::raw) + encode_zlib("", ZlibFormat::raw)), "!");
}

TEST(InflateStage, KnowsWhenSomethingIsMissing) {
    const std::string whole = encode_zlib(kText, ZlibFormat::gzip);
    for (std::size_t size = 1; size < whole.size(); ++size) {
        EXPECT_EQ(gunzip(std::string_view(whole).substr(0, size)).back(), '~') << size;
    }
    EXPECT_EQ(gunzip(""), "");
}

TEST(InflateStage, RefusesWhatIsNotOfTheFormat) {
    EXPECT_EQ(gunzip("plain text"), "!");
    EXPECT_EQ(gunzip(encode_zlib(kText, ZlibFormat::zlib)), "!");
    std::string wrong_sum = encode_zlib(kText, ZlibFormat::gzip);
    wrong_sum[wrong_sum.size() - 8] ^= 1;
    const auto stage = make_inflate_stage(InflateFormat::gzip);
    EXPECT_EQ(run_stage(*stage, wrong_sum, 1, 4096), kText + "!");
    EXPECT_EQ(inflate("\xff\xff\xff"), "!");
}

TEST(InflateStage, RefusesAPresetDictionary) {
    EXPECT_EQ(inflate(std::string_view("\x78\xbb\x00\x00\x00\x01\x00", 7)), "!");
}

}  // namespace
}  // namespace sallyport::http
