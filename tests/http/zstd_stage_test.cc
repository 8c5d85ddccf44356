#include <gtest/gtest.h>

#include "base/check.h"
#include "http/decoder_stage.h"
#include "tests/http/decode_stage.h"
#include "tests/http/encode.h"

namespace sallyport::http {
namespace {

const std::string kText = "the quick brown fox, the quick brown fox, the lazy dog";

std::string decode(std::string_view input) { return run_stages(make_zstd_stage, input); }

TEST(ZstdStage, ReadsFramesAndSkipsWhatIsToBeSkipped) {
    EXPECT_EQ(decode(encode_zstd(kText)), kText);
    EXPECT_EQ(decode(encode_zstd("")), "");
    EXPECT_EQ(decode(""), "");
    const std::string skippable("\x50\x2a\x4d\x18\x03\x00\x00\x00xyz", 11);
    EXPECT_EQ(decode(skippable + encode_zstd("one ") + skippable + encode_zstd("two")), "one two");
}

TEST(ZstdStage, RefusesBytesThatBeginNoFrame) {
    EXPECT_EQ(decode(encode_zstd("") + "garbage"), "!");
    EXPECT_EQ(decode("garbage"), "!");
}

TEST(ZstdStage, KnowsWhenSomethingIsMissing) {
    const std::string whole = encode_zstd(kText);
    for (std::size_t size = 1; size < whole.size(); ++size) {
        EXPECT_EQ(decode(std::string_view(whole).substr(0, size)).back(), '~') << size;
    }
}

TEST(ZstdStage, RefusesAWindowBeyond8MiB) {
    // A frame that says how large its window is: 8 MiB, and the next larger one.
    const auto frame = [](char window) {
        return std::string("\x28\xb5\x2f\xfd\x00", 5) + window + std::string("\x01\x00\x00", 3);
    };
    EXPECT_EQ(decode(frame('\x68')), "");
    EXPECT_EQ(decode(frame('\x69')), "!");
}

}  // namespace
}  // namespace sallyport::http
