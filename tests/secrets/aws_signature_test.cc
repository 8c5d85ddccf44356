#include "secrets/aws_signature.h"

#include <gtest/gtest.h>

#include <string>

#include "secrets/aws_signing_key.h"
#include "secrets/digest.h"
#include "tests/secrets/ec_verify.h"

namespace sallyport::secrets {
namespace {

constexpr AwsKeys kSuiteKeys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
constexpr AwsKeys kS3Keys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

AwsScope suite_scope() { return {AwsVersion::v4, "20150830T123600Z", "us-east-1", "service"}; }
AwsScope s3_scope() { return {AwsVersion::v4, "20130524T000000Z", "us-east-1", "s3"}; }

std::string canonical(const AwsRequest& request) {
    Buffer out;
    append_canonical_request(out, request);
    return std::string(out.view());
}

struct SuiteCase {
    std::string name;
    std::string method;
    std::string path;
    std::string query;
    std::vector<AwsField> fields;  // beside Host and X-Amz-Date
    std::string body;
    std::string signature;
};

std::string sign(const SuiteCase& test) {
    AwsRequest request{test.method, test.path, test.query, {{"Host", "example.amazonaws.com"}}};
    request.fields.insert(request.fields.end(), test.fields.begin(), test.fields.end());
    request.fields.push_back({"X-Amz-Date", "20150830T123600Z"});
    const auto hash = to_hex(digest(DigestKind::sha256, test.body).view());
    request.payload_hash = hash;
    return AwsSigningKey(kSuiteKeys, suite_scope()).sign(string_to_sign(suite_scope(), request));
}

constexpr std::string_view kUnreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kSessionToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7"
    "mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d"
    "+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

// The published test suite (aws-sig-v4-test-suite); the names are its own.
TEST(AwsSignature, SignsThePublishedTestSuite) {
    const std::string unreserved(kUnreserved);
    const std::string vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    const std::vector<AwsField> form{{"Content-Type", "application/x-www-form-urlencoded"}};
    const std::vector<AwsField> form_utf8{{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}};
    const SuiteCase cases[] = {
        {"get-vanilla", "GET", "/", "", {}, "", vanilla},
        {"get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", {}, "",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"get-vanilla-query-order-value", "GET", "/", "Param1=value2&Param1=value1", {}, "",
         "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
        {"get-vanilla-query-order-key", "GET", "/", "Param1=value2&Param1=Value1", {}, "",
         "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
        {"get-vanilla-query-unreserved", "GET", "/", unreserved + '=' + unreserved, {}, "",
         "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
        {"get-vanilla-utf8-query", "GET", "/", "%E1%88%B4=bar", {}, "",
         "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
        {"get-vanilla-utf8-query", "GET", "/", "\xe1\x88\xb4=bar", {}, "",
         "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
        {"get-unreserved", "GET", '/' + unreserved, "", {}, "",
         "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        {"get-utf8", "GET", "/\xe1\x88\xb4", "", {}, "",
         "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        {"get-space", "GET", "/example space/", "", {}, "",
         "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
        {"get-relative", "GET", "/example/..", "", {}, "", vanilla},
        {"get-relative-relative", "GET", "/example1/example2/../..", "", {}, "", vanilla},
        {"get-slash", "GET", "//", "", {}, "", vanilla},
        {"get-slash-dot-slash", "GET", "/./", "", {}, "", vanilla},
        {"get-slashes", "GET", "//example//", "", {}, "",
         "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
        {"get-slash-pointless-dot", "GET", "/./example", "", {}, "",
         "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
        {"get-header-key-duplicate", "GET", "/", "",
         {{"My-Header1", "value2"}, {"my-header1", "value2"}, {"MY-header1", "value1"}}, "",
         "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        {"get-header-value-order", "GET", "/", "",
         {{"My-Header1", "value4"}, {"My-Header1", "value1"}, {"My-Header1", "value3"}, {"My-Header1", "value2"}}, "",
         "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
        {"get-header-value-trim", "GET", "/", "",
         {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}}, "",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        {"post-vanilla", "POST", "/", "", {}, "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {"post-header-key-sort", "POST", "/", "", {{"My-Header1", "value1"}}, "",
         "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
        {"post-x-www-form-urlencoded", "POST", "/", "", form, "Param1=value1",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
        {"post-x-www-form-urlencoded-parameters", "POST", "/", "", form_utf8, "Param1=value1",
         "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
        {"post-sts-token/post-sts-header-before", "POST", "/", "", {{"X-Amz-Security-Token", kSessionToken}}, "",
         "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
    };
    for (const auto& test : cases) EXPECT_EQ(sign(test), test.signature) << test.name;
}

TEST(AwsSignature, WritesTheCanonicalRequestOfTheSuite) {
    const AwsRequest request{"GET",
                             "/",
                             "",
                             {{"Host", "example.amazonaws.com"},
                              {"My-Header1", "value4"},
                              {"My-Header1", "  value1  twice "},
                              {"X-Amz-Date", "20150830T123600Z"}},
                             kEmptyPayloadHash};
    EXPECT_EQ(canonical(request),
              "GET\n/\n\nhost:example.amazonaws.com\nmy-header1:value4,value1 twice\nx-amz-date:20150830T123600Z\n\n"
              "host;my-header1;x-amz-date\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(authorization_value(suite_scope(), "AKIDEXAMPLE", request.fields, "f00d"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
              "SignedHeaders=host;my-header1;x-amz-date, Signature=f00d");
}

// The examples of the S3 documentation ("Signature Calculations for the Authorization Header", "Authenticating Requests:
// Using Query Parameters").
TEST(AwsSignature, SignsTheExamplesOfTheS3Documentation) {
    const AwsField host{"Host", "examplebucket.s3.amazonaws.com"};
    const AwsField empty{"x-amz-content-sha256", kEmptyPayloadHash};
    const AwsField date{"x-amz-date", "20130524T000000Z"};
    constexpr std::string_view kPutHash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    const auto s3 = AwsPathForm::as_it_is;
    const AwsSigningKey key(kS3Keys, s3_scope());
    const std::pair<AwsRequest, std::string_view> cases[] = {
        {{"GET", "/test.txt", "", {host, {"Range", "bytes=0-9"}, empty, date}, kEmptyPayloadHash, s3},
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {{"PUT", "/test%24file.text", "",
          {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, host, {"x-amz-content-sha256", kPutHash}, date,
           {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
          kPutHash, s3},
         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
        {{"GET", "/", "lifecycle", {host, empty, date}, kEmptyPayloadHash, s3},
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {{"GET", "/", "max-keys=2&prefix=J", {host, empty, date}, kEmptyPayloadHash, s3},
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
        {{"GET", "/test.txt",
          "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
          "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host",
          {host}, kUnsignedPayload, s3},
         "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"},
    };
    for (const auto& [request, signature] : cases) {
        EXPECT_EQ(key.sign(string_to_sign(s3_scope(), request)), signature) << canonical(request);
    }
}

std::string hash_of(std::string_view bytes) { return to_hex(digest(DigestKind::sha256, bytes).view()); }

// "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks".
TEST(AwsSignature, ChainsTheChunksOfTheS3Documentation) {
    const AwsSigningKey key(kS3Keys, s3_scope());
    const AwsRequest request{"PUT",
                             "/examplebucket/chunkObject.txt",
                             "",
                             {{"Host", "s3.amazonaws.com"},
                              {"x-amz-date", "20130524T000000Z"},
                              {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                              {"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
                              {"Content-Encoding", "aws-chunked"},
                              {"x-amz-decoded-content-length", "66560"},
                              {"Content-Length", "66824"}},
                             "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                             AwsPathForm::as_it_is};
    auto signature = key.sign(string_to_sign(s3_scope(), request));
    EXPECT_EQ(signature, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
    const std::pair<std::string, std::string_view> chunks[] = {
        {std::string(65536, 'a'), "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"},
        {std::string(1024, 'a'), "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"},
        {"", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"},
    };
    for (const auto& [bytes, expected] : chunks) {
        signature = key.sign(chunk_string_to_sign(s3_scope(), signature, hash_of(bytes)));
        EXPECT_EQ(signature, expected);
    }
}

// "… Transferring Payload in Multiple Chunks with Trailing Headers".
TEST(AwsSignature, ChainsTheTrailersOfTheS3Documentation) {
    const AwsSigningKey key(kS3Keys, s3_scope());
    const AwsRequest request{"PUT",
                             "/examplebucket/chunkObject.txt",
                             "",
                             {{"Host", "s3.amazonaws.com"},
                              {"x-amz-date", "20130524T000000Z"},
                              {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                              {"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"},
                              {"Content-Encoding", "aws-chunked"},
                              {"x-amz-decoded-content-length", "66560"},
                              {"x-amz-trailer", "x-amz-checksum-crc32c"}},
                             "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
                             AwsPathForm::as_it_is};
    auto signature = key.sign(string_to_sign(s3_scope(), request));
    EXPECT_EQ(signature, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
    for (const auto& bytes : {std::string(65536, 'a'), std::string(1024, 'a'), std::string()}) {
        signature = key.sign(chunk_string_to_sign(s3_scope(), signature, hash_of(bytes)));
    }
    EXPECT_EQ(signature, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
    const auto trailers = hash_of("x-amz-checksum-crc32c:sOO8/Q==\n");
    EXPECT_EQ(key.sign(trailer_string_to_sign(s3_scope(), signature, trailers)),
              "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
}

// Signatures by AWS's own library (awscrt 0.16.8), in both forms: they verify over what is written down here.
TEST(AwsSignature, WritesWhatAwsSignsInVersion4a) {
    const AwsScope scope{AwsVersion::v4a, "20150830T123600Z", "us-east-1,eu-*", "service"};
    const AwsRequest in_fields{"GET",
                               "/a%20b/c",
                               "x=1&b=%20y",
                               {{"Host", "example.amazonaws.com"},
                                {"X-Amz-Security-Token", "tok/en=="},
                                {"X-Amz-Date", "20150830T123600Z"},
                                {"X-Amz-Region-Set", "us-east-1,eu-*"}},
                               kEmptyPayloadHash};
    const AwsRequest presigned{
        "GET", "/a%20b/c",
        "x=1&b=%20y&X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AKISORANDOMAASORANDOM%2F20150830%2Fservice%2F"
        "aws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Security-Token=tok%2Fen%3D"
        "%3D&X-Amz-Region-Set=us-east-1%2Ceu-%2A",
        {{"Host", "example.amazonaws.com"}}, kEmptyPayloadHash};
    const std::pair<const AwsRequest*, std::string_view> cases[] = {
        {&in_fields, "3046022100a93dcab2b576ef503aa9f6649bf00b01980e8387a861a92f6d00d67c4b8adbe0022100"
                     "e29e98caeb6fd75066131d3f476f452fd3a784051b0a902c0904e737c956b965"},
        {&presigned, "3046022100b4ed20589ded563ff48a88aa55f8feaac9c058a221b8272a9e9f4ca98162176f022100"
                     "af83d75b965ddfdda8a08607ecc02f71bcd9f748ea84533097a68b47c7f75f7d"},
    };
    for (const auto& [request, signature] : cases) {
        EXPECT_TRUE(verifies_ecdsa(kV4aPublicX, kV4aPublicY, string_to_sign(scope, *request), signature));
    }
}

TEST(AwsSignature, EncodesPathsTwiceAndNormalisesThemButNotThoseOfS3) {
    struct {
        const char* sent;
        const char* normalised;
        const char* as_it_is;
    } const cases[] = {
        {"", "/", "/"},
        {"/", "/", "/"},
        {"/a%20b", "/a%2520b", "/a%20b"},
        {"/a%2fb", "/a%252fb", "/a/b"},
        {"/a(b)+c", "/a%28b%29%2Bc", "/a%28b%29%2Bc"},
        {"/a//b/./../c/", "/a/c/", "/a//b/./../c/"},
        {"/../../x", "/x", "/../../x"},
        {"/a/..", "/", "/a/.."},
        {"/%e1%88%b4", "/%25e1%2588%25b4", "/%E1%88%B4"},
        {"/%zz%4", "/%25zz%254", "/%25zz%254"},
    };
    for (const auto& test : cases) {
        EXPECT_EQ(canonical_aws_path(test.sent, AwsPathForm::normalised), test.normalised) << test.sent;
        EXPECT_EQ(canonical_aws_path(test.sent, AwsPathForm::as_it_is), test.as_it_is) << test.sent;
    }
    for (const auto* service : {"s3", "s3-object-lambda", "s3-outposts", "s3express"}) {
        EXPECT_EQ(path_form(service), AwsPathForm::as_it_is) << service;
    }
    for (const auto* service : {"", "s3x", "sts", "execute-api"}) {
        EXPECT_EQ(path_form(service), AwsPathForm::normalised) << service;
    }
}

TEST(AwsSignature, SortsAQueryByItsEncodedKeysAndThenValues) {
    const std::pair<const char*, const char*> cases[] = {
        {"", ""},
        {"acl", "acl="},
        {"acl=", "acl="},
        {"b=2&a=1&a=0", "a=0&a=1&b=2"},
        {"a-b=1&a=2", "a=2&a-b=1"},  // by key: '-' stands before '='
        {"x=a=b", "x=a%3Db"},
        {"x=a+b%2bc", "x=a%20b%2Bc"},
        {"%41=%7e&&=", "=&A=~"},
        {"x=%zz;y", "x=%25zz%3By"},
        {"p=a/b", "p=a%2Fb"},
    };
    for (const auto& [sent, expected] : cases) EXPECT_EQ(canonical_aws_query(sent), expected) << sent;
}

TEST(AwsSignature, WritesTimesAndScopes) {
    EXPECT_EQ(aws_timestamp(std::chrono::system_clock::from_time_t(1440938160)), "20150830T123600Z");
    EXPECT_EQ(scope_text(suite_scope()), "20150830/us-east-1/service/aws4_request");
    EXPECT_EQ(scope_text({AwsVersion::v4a, "20150830T123600Z", "us-east-1,eu-*", "service"}),
              "20150830/service/aws4_request");
    std::string encoded;
    append_aws_encoded(encoded, "a/b+c=~ \xff");
    EXPECT_EQ(encoded, "a%2Fb%2Bc%3D~%20%FF");
}

}  // namespace
}  // namespace sallyport::secrets
