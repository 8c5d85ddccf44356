#include "rules/aws_chunks.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "secrets/digest.h"

namespace sallyport::rules {
namespace {

using secrets::AwsKeys;
using secrets::AwsScope;
using secrets::AwsSigningKey;
using secrets::AwsVersion;

constexpr AwsKeys kKeys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
const std::string kDummy(64, '0');

AwsScope scope(AwsVersion version = AwsVersion::v4) { return {version, "20130524T000000Z", "us-east-1", "s3"}; }

AwsChunkSeed seed(AwsTrailers trailers, std::string signature, AwsVersion version = AwsVersion::v4) {
    return {scope(version), std::make_shared<const AwsSigningKey>(kKeys, scope(version)), std::move(signature), trailers};
}
// The signatures of the requests in the documentation's examples.
AwsChunkSeed plain_seed() {
    return seed(AwsTrailers::none, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
}
AwsChunkSeed trailer_seed() {
    return seed(AwsTrailers::signed_ones, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
}

std::string chunk(const std::string& size, const std::string& signature, const std::string& bytes) {
    return size + ";chunk-signature=" + signature + "\r\n" + bytes + "\r\n";
}

std::string documented_body(const std::vector<std::string>& signatures, const std::string& end) {
    return chunk("10000", signatures[0], std::string(65536, 'a')) + chunk("400", signatures[1], std::string(1024, 'a')) +
           "0;chunk-signature=" + signatures[2] + "\r\n" + end;
}

struct Outcome {
    std::string bytes;
    ErrorCode error = ErrorCode::internal;
    bool is_good = false;
};

Outcome rewrite(AwsChunkSeed from, std::string_view body, const std::vector<std::size_t>& splits = {}) {
    AwsChunkRewriter rewriter(std::move(from));
    Buffer out;
    Outcome outcome;
    std::size_t at = 0;
    const auto step = [&](std::size_t size) {
        const auto fed = rewriter.feed(body.substr(at, size), out);
        at += size;
        if (!fed) outcome.error = fed.error().code;
        return fed.has_value();
    };
    bool is_good = true;
    for (const auto size : splits) is_good = is_good && step(std::min(size, body.size() - at));
    is_good = is_good && step(body.size() - at);
    if (is_good) {
        const auto finished = rewriter.finish(out);
        is_good = finished.has_value();
        if (!finished) outcome.error = finished.error().code;
    }
    outcome.bytes = out.view();
    outcome.is_good = is_good;
    return outcome;
}

const std::vector<std::string> kPlainSignatures = {"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
                                                   "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
                                                   "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"};
const std::vector<std::string> kTrailerSignatures = {"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
                                                     "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
                                                     "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"};
const std::string kTrailerSignature = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";

TEST(AwsChunks, SignsTheBodyOfTheDocumentation) {
    const auto sent = documented_body({kDummy, kDummy, kDummy}, "\r\n");
    const auto outcome = rewrite(plain_seed(), sent);
    ASSERT_TRUE(outcome.is_good);
    EXPECT_EQ(outcome.bytes, documented_body(kPlainSignatures, "\r\n"));
    EXPECT_EQ(outcome.bytes.size(), 66824u);  // the Content-Length of the example
}

TEST(AwsChunks, SignsTrailersAsTheDocumentationDoesHoweverTheirLinesEnd) {
    for (const auto* gap : {"\r\n", "\n\r\n"}) {
        const auto end = [&](const std::string& signature) {
            return std::string("x-amz-checksum-crc32c:sOO8/Q==") + gap + "x-amz-trailer-signature:" + signature +
                   "\r\n\r\n";
        };
        const auto outcome = rewrite(trailer_seed(), documented_body({kDummy, kDummy, kDummy}, end(kDummy)));
        ASSERT_TRUE(outcome.is_good);
        EXPECT_EQ(outcome.bytes, documented_body(kTrailerSignatures, end(kTrailerSignature)));
    }
}

TEST(AwsChunks, AreTheSameAtEverySplit) {
    const auto end = "X-Amz-Checksum-Crc32c: sOO8/Q== \r\nx-amz-b:1\r\nx-amz-trailer-signature:" + kDummy + "\r\n\r\n";
    const auto body = chunk("A", kDummy, "0123456789") + chunk("01", kDummy, "\n") + "0;chunk-signature=" + kDummy +
                      "\r\n" + end;
    const auto whole = rewrite(trailer_seed(), body);
    ASSERT_TRUE(whole.is_good);
    EXPECT_EQ(whole.bytes.size(), body.size());
    EXPECT_EQ(rewrite(trailer_seed(), body, std::vector<std::size_t>(body.size(), 1)).bytes, whole.bytes);
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        std::vector<std::size_t> splits;
        for (std::size_t at = 0; at < body.size(); at += splits.back()) splits.push_back(random() % 40);
        const auto outcome = rewrite(trailer_seed(), body, splits);
        EXPECT_TRUE(outcome.is_good);
        EXPECT_EQ(outcome.bytes, whole.bytes);
    }
}

// Another chunk in between, or another order, is another chain.
TEST(AwsChunks, ChainsEachSignatureToTheOneBefore) {
    const auto end = "0;chunk-signature=" + kDummy + "\r\n\r\n";
    const auto ab = rewrite(plain_seed(), chunk("1", kDummy, "a") + chunk("1", kDummy, "b") + end).bytes;
    const auto ba = rewrite(plain_seed(), chunk("1", kDummy, "b") + chunk("1", kDummy, "a") + end).bytes;
    const auto last_of = [](const std::string& bytes) { return bytes.substr(bytes.size() - 64 - 4); };
    EXPECT_NE(last_of(ab), last_of(ba));
}

TEST(AwsChunks, OfVersion4aArePaddedToTheirLength) {
    const std::string dummy(144, '*');
    const auto body = chunk("3", dummy, "abc") + "0;chunk-signature=" + dummy + "\r\n\r\n";
    const auto outcome = rewrite(seed(AwsTrailers::none, std::string(140, 'a'), AwsVersion::v4a), body);
    ASSERT_TRUE(outcome.is_good);
    EXPECT_EQ(outcome.bytes.size(), body.size());
    EXPECT_EQ(outcome.bytes.find(dummy), std::string::npos);
    EXPECT_FALSE(rewrite(plain_seed(), body).is_good);
}

TEST(AwsChunks, RefusesWhatIsNotOfTheForm) {
    const auto last = "0;chunk-signature=" + kDummy + "\r\n";
    const auto signature = "x-amz-trailer-signature:" + kDummy + "\r\n";
    const std::string plain[] = {
        "",
        "abc",
        "3\r\nabc\r\n0\r\n\r\n",                        // HTTP's own chunks
        chunk("3", kDummy, "abc"),                       // no last chunk
        last,                                            // no end
        last + "\r\nx",                                  // more after the end
        last + signature + "\r\n",                       // trailers that were not announced
        chunk("3", kDummy, "abcd") + last + "\r\n",
        chunk("4", kDummy, "abc") + last + "\r\n",
        chunk("g", kDummy, "abc") + last + "\r\n",
        chunk("", kDummy, "abc") + last + "\r\n",
        chunk("-3", kDummy, "abc") + last + "\r\n",
        chunk("000000003", kDummy, "abc") + last + "\r\n",
        chunk("3", kDummy.substr(1), "abc") + last + "\r\n",
        chunk("3", kDummy + '0', "abc") + last + "\r\n",
        chunk("3", std::string(64, 'x'), "abc") + last + "\r\n",
        chunk("3;a=b", kDummy, "abc") + last + "\r\n",
        "3;chunk-signature=" + kDummy + "\nabc\r\n" + last + "\r\n",
        last + "\n",
        std::string(5000, '0'),
    };
    for (const auto& body : plain) {
        const auto outcome = rewrite(plain_seed(), body);
        EXPECT_FALSE(outcome.is_good) << body.substr(0, 200);
        EXPECT_EQ(outcome.error, ErrorCode::body_unreadable) << body.substr(0, 200);
    }
    std::string many;
    for (int i = 0; i < 17; ++i) many += "x-amz-t:1\r\n";
    const std::string with_trailers[] = {
        last + "\r\n",                                                   // announced, and not there
        last + "x-amz-t:1\r\n\r\n",                                      // not signed
        last + "\r\n" + signature + "\r\n",                              // a gap before nothing
        last + "x-amz-t:1\r\n\r\n\r\n" + signature + "\r\n",
        last + "x-amz-t:1\r\n\r\nx-amz-u:1\r\n" + signature + "\r\n",
        last + "x-amz-t:1\r\n" + signature,
        last + "x-amz-t:1\r\n" + signature + "\r\n\r\n",
        last + "x-amz-t:1\r\n" + signature + "x-amz-u:1\r\n\r\n",
        last + "x amz t:1\r\n" + signature + "\r\n",
        last + "x-amz-t:\x01\r\n" + signature + "\r\n",
        last + "x-amz-t\r\n" + signature + "\r\n",
        last + "x-amz-t:1\r\nx-amz-trailer-signature:" + kDummy + "\n\r\n",
        last + "x-amz-t:1\r\nx-amz-trailer-signature:0\r\n\r\n",
        last + many + signature + "\r\n",
        last + "x-amz-t:" + std::string(1024, 'x') + "\r\n" + signature + "\r\n",
    };
    for (const auto& body : with_trailers) {
        const auto outcome = rewrite(trailer_seed(), body);
        EXPECT_FALSE(outcome.is_good) << body.substr(80);
        EXPECT_EQ(outcome.error, ErrorCode::body_unreadable) << body.substr(80);
    }
}

TEST(AwsChunks, HoldsBackOneChunkAtATimeAndNoLargerOne) {
    EXPECT_EQ(rewrite(plain_seed(), "200001;chunk-signature=" + kDummy + "\r\n").error, ErrorCode::body_too_large);
    AwsChunkRewriter rewriter(plain_seed());
    Buffer out;
    const std::string half(1024 * 1024, 'x');
    ASSERT_TRUE(rewriter.feed("200000;chunk-signature=" + kDummy + "\r\n", out));
    ASSERT_TRUE(rewriter.feed(half, out));
    EXPECT_TRUE(out.empty());
    ASSERT_TRUE(rewriter.feed(half, out));
    ASSERT_TRUE(rewriter.feed("\r\n", out));
    EXPECT_EQ(out.size(), 2 * half.size() + 2 + 6 + 17 + 64 + 2);
}

}  // namespace
}  // namespace sallyport::rules
