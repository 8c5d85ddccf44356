#include "http/content_decoder.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/http/encode.h"

namespace sallyport::http {
namespace {

using Codings = std::vector<ContentCoding>;

constexpr ContentCoding kAll[] = {ContentCoding::gzip, ContentCoding::deflate, ContentCoding::br, ContentCoding::zstd};

struct Outcome {
    std::string text;
    std::string error;  // its detail

    friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome decode(const Codings& codings, std::string_view input, std::size_t piece_bytes, std::size_t bytes_max,
               const DecodeLimits& limits = {}) {
    ContentDecoder decoder(codings, limits);
    Buffer out;
    while (!input.empty()) {
        std::string_view piece = input.substr(0, piece_bytes);
        input.remove_prefix(piece.size());
        while (true) {
            const auto written = decoder.decode(piece, out, bytes_max);
            if (!written) return {std::string(out.view()), written.error().detail};
            EXPECT_LE(*written, bytes_max);
            if (*written < bytes_max) break;
        }
        EXPECT_TRUE(piece.empty());
    }
    const auto finished = decoder.finish();
    return {std::string(out.view()), finished ? "" : finished.error().detail};
}

Outcome decode(const Codings& codings, std::string_view input) { return decode(codings, input, 4096, 16384); }

std::string sample(std::size_t size) {
    std::mt19937 random(1);
    std::string text;
    while (text.size() < size) text += "line " + std::to_string(random() % 1000) + "\n";
    return text.substr(0, size);
}

TEST(ContentDecoder, R3_ReadsEveryCodingAndAnyStackOfThem) {
    const std::string text = sample(50'000);
    EXPECT_EQ(decode({}, text), Outcome({text, ""}));
    for (const auto first : kAll) {
        EXPECT_EQ(decode({first}, encode(text, first)), Outcome({text, ""})) << to_string(first);
        for (const auto second : kAll) {
            for (const auto third : kAll) {
                const Codings codings{first, second, third};
                EXPECT_EQ(decode(codings, encode(text, codings)), Outcome({text, ""}));
            }
        }
    }
}

TEST(ContentDecoder, ReadsTheSameHoweverItIsCutAndHoweverLittleIsAskedFor) {
    const std::string text = sample(3'000);
    const Codings cases[] = {{},
                             {ContentCoding::gzip},
                             {ContentCoding::deflate},
                             {ContentCoding::br},
                             {ContentCoding::zstd},
                             {ContentCoding::br, ContentCoding::gzip},
                             {ContentCoding::zstd, ContentCoding::zstd, ContentCoding::deflate}};
    for (const auto& codings : cases) {
        const std::string coded = encode(text, codings);
        for (const std::size_t piece_bytes : {1u, 3u, 100u, 100'000u}) {
            for (const std::size_t bytes_max : {1u, 17u, 100'000u}) {
                EXPECT_EQ(decode(codings, coded, piece_bytes, bytes_max), Outcome({text, ""}));
            }
        }
    }
}

TEST(ContentDecoder, R3_ABodyThatIsCutOffIsAnError) {
    const std::string text = sample(2'000);
    for (const auto coding : kAll) {
        const std::string coded = encode(text, coding);
        for (std::size_t size = 1; size < coded.size(); size += 7) {
            const auto outcome = decode({coding}, std::string_view(coded).substr(0, size));
            EXPECT_EQ(outcome.error, "the content is cut off") << to_string(coding) << size;
            EXPECT_TRUE(text.starts_with(outcome.text));
        }
    }
    const Codings stack{ContentCoding::gzip, ContentCoding::br};
    EXPECT_EQ(decode(stack, encode(encode(text, ContentCoding::gzip).substr(0, 50), ContentCoding::br)).error,
              "the content is cut off");
}

TEST(ContentDecoder, AnEmptyBodyIsComplete) {
    for (const auto coding : kAll) EXPECT_EQ(decode({coding}, ""), Outcome());
}

TEST(ContentDecoder, R3_BytesAfterTheEndAreAnError) {
    for (const auto coding : kAll) {
        const auto outcome = decode({coding}, encode("text", coding) + "SECRET AS IT IS");
        EXPECT_FALSE(outcome.error.empty()) << to_string(coding);
        EXPECT_TRUE(outcome.text.empty() || outcome.text == "text");
    }
}

TEST(ContentDecoder, ABombEndsAtTheRatio) {
    const std::string zeros(32 << 20, '\0');
    const DecodeLimits limits{.ratio_max = 100, .free_bytes = 1 << 20};
    for (const auto coding : kAll) {
        const std::string coded = encode(zeros, coding);
        const auto outcome = decode({coding}, coded, 4096, 16384, limits);
        EXPECT_EQ(outcome.error, "the content expands beyond the limit") << to_string(coding);
        EXPECT_LE(outcome.text.size(), limits.free_bytes + coded.size() * 100 + 16384);
    }
}

// The outer coding makes little of it, the inner one the rest, so that no layer alone would be conspicuous.
TEST(ContentDecoder, ABombInABombEndsAtTheRatioOfBoth) {
    const Codings codings{ContentCoding::gzip, ContentCoding::gzip};
    const std::string coded = encode(std::string(32 << 20, '\0'), codings);
    ASSERT_LT(coded.size(), 2000u);
    const auto outcome = decode(codings, coded, 100, 16384);
    EXPECT_EQ(outcome.error, "the content expands beyond the limit");
    EXPECT_LE(outcome.text.size(), (1u << 20) + coded.size() * 256 + 16384);
}

TEST(ContentDecoder, ShortAnswersMayExpandAsTheyLike) {
    const std::string spaces(1 << 20, ' ');
    for (const auto coding : kAll) EXPECT_EQ(decode({coding}, encode(spaces, coding)), Outcome({spaces, ""}));
}

TEST(ContentDecoder, TakesNoMoreThanItNeedsForWhatIsAsked) {
    const std::string coded = encode(sample(200'000), ContentCoding::gzip);
    ContentDecoder decoder(Codings{ContentCoding::gzip});
    std::string_view input = coded;
    Buffer out;
    ASSERT_EQ(decoder.decode(input, out, 1000), 1000u);
    EXPECT_EQ(out.size(), 1000u);
    EXPECT_GT(input.size(), coded.size() / 2);
}

}  // namespace
}  // namespace sallyport::http
