#include "rules/aws_sigv4_action.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>

#include "rules/needle_texts.h"
#include "tests/rules/aws_server.h"

namespace sallyport::rules {
namespace {

constexpr std::time_t kNow = 1440938160;  // 20150830T123600Z
constexpr const char* kId = "ASIAREALKEY000000000";
constexpr const char* kSecret = "canary+secret/access+key+0123456789abcdefgh";
constexpr const char* kToken = "canary//session+token==";
const std::string kDummy(64, '0');

AwsSigv4Config config() {
    AwsSigv4Config config;
    config.services = {"s3", "sts", "dynamodb", "lambda"};
    config.regions = {"eu-west-1"};
    return config;
}

secrets::AwsKeySet secrets_of(const char* token = kToken) { return {SecretString(kId), SecretString(kSecret), SecretString(token)}; }

AwsServer server(const std::string& service, const char* token = kToken) {
    return {kId, kSecret, token, "eu-west-1", service, kNow};
}

// A request as a sandbox sends it: "GET /key?a=b", then its fields.
http::RequestHead head(const std::string& line, const std::vector<std::pair<std::string, std::string>>& fields) {
    http::RequestHead head;
    head.method = line.substr(0, line.find(' '));
    head.target = line.substr(line.find(' ') + 1);
    for (const auto& [name, value] : fields) head.headers.add(name, value);
    return head;
}

std::string authorization(const std::string& service, const std::string& id = std::string(kDummyAccessKeyId),
                          const std::string& region = "eu-west-1") {
    return "AWS4-HMAC-SHA256 Credential=" + id + "/20200101/" + region + "/" + service +
           "/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + kDummy;
}

std::string presigned(const std::string& service, const std::string& id = std::string(kDummyAccessKeyId)) {
    return "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + id + "%2F20200101%2Feu-west-1%2F" + service +
           "%2Faws4_request&X-Amz-Date=20200101T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=" + kDummy;
}

http::RequestHead s3_get(const std::string& target = "/cat.jpg", const std::string& host = "photos.s3.eu-west-1.amazonaws.com") {
    return head("GET " + target, {{"Host", host},
                                  {"X-Amz-Date", "20200101T000000Z"},
                                  {"X-Amz-Content-Sha256", std::string(secrets::kEmptyPayloadHash)},
                                  {"Authorization", authorization("s3")}});
}

class FixedRandom final : public Random {
    void fill(std::span<unsigned char> bytes) override { std::fill(bytes.begin(), bytes.end(), 4); }
};

struct Sent {
    std::optional<Error> error;
    http::RequestHead head;
    std::string body;
};

// What the proxy does: the body waits, or is rewritten in pieces.
Sent send(const AwsSigv4Config& config, secrets::AwsKeySet secrets, http::RequestHead head, const std::string& body = "") {
    const AwsSigv4Action action(config, std::move(secrets));
    const auto use = action.body_use(head);
    http::CanonicalRequest canonical;
    FixedRandom random;
    Buffer whole;
    whole.append(body);
    Sent sent{std::nullopt, head, body};
    OutgoingRequest request{sent.head, canonical, std::chrono::system_clock::from_time_t(kNow), random};
    if (use == BodyUse::whole) request.body = &whole;
    if (auto applied = action.apply(request); !applied) return {applied.error(), {}, {}};
    EXPECT_EQ(request.body_rewriter != nullptr, use == BodyUse::rewritten);
    if (request.body_rewriter == nullptr) return sent;
    Buffer out;
    for (std::size_t at = 0; at < body.size(); at += 100) {
        if (auto fed = request.body_rewriter->feed(std::string_view(body).substr(at, 100), out); !fed) return {fed.error(), {}, {}};
    }
    if (auto finished = request.body_rewriter->finish(out); !finished) return {finished.error(), {}, {}};
    sent.body = out.view();
    return sent;
}
Sent send(http::RequestHead request, const std::string& body = "") {
    return send(config(), secrets_of(), std::move(request), body);
}

// Why it is refused; empty where it is not.
std::string refusal(const AwsSigv4Config& config, http::RequestHead request) {
    const auto sent = send(config, secrets_of(), std::move(request));
    if (!sent.error) return "";
    EXPECT_EQ(sent.error->code, ErrorCode::signature_refused);
    return sent.error->detail.empty() ? "refused" : sent.error->detail;
}
std::string refusal(http::RequestHead request) { return refusal(config(), std::move(request)); }

TEST(AwsSigv4, SignsWhatAnSdkSignedWithItsDummyKeys) {
    const auto sent = send(s3_get("/a%20b//%28c%29+d?versionId=3+4&acl&X=a%2bb"));
    ASSERT_FALSE(sent.error) << sent.error->detail;
    EXPECT_EQ(server("s3").verify(sent.head, ""), "");
    EXPECT_EQ(sent.head.target, "/a%20b//%28c%29+d?versionId=3%204&acl&X=a%2bb");
    EXPECT_EQ(sent.head.headers.get("Authorization")->find(kDummyAccessKeyId), std::string_view::npos);
    EXPECT_EQ(sent.head.headers.count("X-Amz-Date"), 1u);
    // The server does see what is wrong.
    EXPECT_EQ(server("s3", "other").verify(sent.head, ""), "InvalidToken");
    EXPECT_EQ(server("sts").verify(sent.head, "").substr(0, 5), "scope");
    EXPECT_EQ(server("s3").verify(sent.head, "x"), "XAmzContentSHA256Mismatch");
    auto other = sent.head;
    other.target = "/a%20b//%28c%29+e";
    EXPECT_EQ(server("s3").verify(other, "").substr(0, 21), "SignatureDoesNotMatch");
}

TEST(AwsSigv4, SignsWithoutASessionTokenToo) {
    const auto sent = send(config(), secrets_of(""), s3_get());
    ASSERT_FALSE(sent.error);
    EXPECT_EQ(server("s3", "").verify(sent.head, ""), "");
    EXPECT_FALSE(sent.head.headers.has("X-Amz-Security-Token"));
}

TEST(AwsSigv4, SignsTheBodyOfServicesThatSayNoHash) {
    auto request = head("POST /", {{"Host", "sts.eu-west-1.amazonaws.com"},
                                   {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                                   {"X-Amz-Date", "20200101T000000Z"},
                                   {"Authorization", authorization("sts")}});
    const std::string body = "Action=GetCallerIdentity&Version=2011-06-15";
    EXPECT_EQ(AwsSigv4Action(config(), secrets_of()).body_use(request), BodyUse::whole);
    const auto sent = send(request, body);
    ASSERT_FALSE(sent.error);
    EXPECT_EQ(server("sts").verify(sent.head, body), "");
    EXPECT_EQ(sent.body, body);
    EXPECT_FALSE(sent.head.headers.has("X-Amz-Content-Sha256"));
    EXPECT_NE(server("sts").verify(sent.head, "Action=AssumeRole"), "");
}

TEST(AwsSigv4, LeavesABodyAloneWhoseHashIsSaidOrThatIsNotSigned) {
    for (const std::string& payload :
         {std::string("UNSIGNED-PAYLOAD"), std::string("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
          secrets::to_hex(secrets::digest(secrets::DigestKind::sha256, "body").view())}) {
        auto request = s3_get();
        request.method = "PUT";
        request.headers.set("X-Amz-Content-Sha256", payload);
        EXPECT_EQ(AwsSigv4Action(config(), secrets_of()).body_use(request), BodyUse::untouched);
        const auto sent = send(request, "body");
        ASSERT_FALSE(sent.error) << payload;
        EXPECT_EQ(server("s3").verify(sent.head, "body"), "") << payload;
    }
}

std::string chunk(const std::string& size, const std::string& bytes) {
    return size + ";chunk-signature=" + kDummy + "\r\n" + bytes + "\r\n";
}

TEST(AwsSigv4, SignsChunksAndTrailersAsTheyPass) {
    const auto chunks = chunk("12c", std::string(300, 'x')) + chunk("5", "a\r\nb\n") + "0;chunk-signature=" + kDummy + "\r\n";
    const std::pair<std::string, std::string> cases[] = {
        {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", chunks + "\r\n"},
        {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
         chunks + "x-amz-checksum-crc32:SPj6Lw==\r\nx-amz-trailer-signature:" + kDummy + "\r\n\r\n"},
    };
    for (const auto& [word, body] : cases) {
        auto request = s3_get();
        request.method = "PUT";
        request.headers.set("X-Amz-Content-Sha256", word);
        request.headers.add("X-Amz-Decoded-Content-Length", "305");
        request.headers.add("Content-Encoding", "aws-chunked");
        const auto sent = send(request, body);
        ASSERT_FALSE(sent.error) << word;
        EXPECT_EQ(sent.body.size(), body.size());
        EXPECT_EQ(server("s3").verify(sent.head, sent.body), "") << word;
        EXPECT_NE(server("s3").verify(sent.head, body), "") << word;
        EXPECT_EQ(send(request, "not chunked").error->code, ErrorCode::body_unreadable);
    }
}

TEST(AwsSigv4, SignsPresignedRequestsForAShortTime) {
    for (const std::string extra : {"", "response-content-type=a+b&", "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&"}) {
        const auto sent = send(head("GET /k%20y?" + extra + presigned("s3") + "&x-id=GetObject&X-Amz-Security-Token=old",
                                    {{"Host", "photos.s3.eu-west-1.amazonaws.com"}}));
        ASSERT_FALSE(sent.error) << sent.error->detail;
        EXPECT_EQ(server("s3").verify(sent.head, ""), "") << sent.head.target;
        EXPECT_NE(sent.head.target.find("X-Amz-Expires=300&"), std::string::npos);
        EXPECT_NE(sent.head.target.find("x-id=GetObject"), std::string::npos);
        EXPECT_EQ(sent.head.target.find(kDummyAccessKeyId), std::string::npos);
        EXPECT_FALSE(sent.head.headers.has("Authorization"));
    }
    auto put = head("PUT /k?" + presigned("s3"), {{"Host", "photos.s3.eu-west-1.amazonaws.com"},
                                                  {"Content-Type", "text/plain"},
                                                  {"x-amz-acl", "private"}});
    EXPECT_EQ(AwsSigv4Action(config(), secrets_of()).body_use(put), BodyUse::untouched);
    EXPECT_EQ(server("s3").verify(send(put, "body").head, "body"), "");
    auto get_identity = head("GET /?Action=GetCallerIdentity&" + presigned("sts"), {{"Host", "sts.eu-west-1.amazonaws.com"}});
    EXPECT_EQ(server("sts").verify(send(get_identity).head, ""), "");
}

TEST(AwsSigv4, SignsWhatIsNotSignedWhereServiceAndRegionAreBeyondDoubt) {
    auto one = config();
    one.services = {"s3"};
    const auto request = head("PUT /k", {{"Host", "photos.s3.eu-west-1.amazonaws.com"}, {"Content-Type", "a/b"}});
    const auto sent = send(one, secrets_of(), request, "body");
    ASSERT_FALSE(sent.error);
    EXPECT_EQ(server("s3").verify(sent.head, "body"), "");
    EXPECT_NE(refusal(config(), request), "");
    one.regions.push_back("eu-central-1");
    EXPECT_NE(refusal(one, request), "");
}

TEST(AwsSigv4, SignsVersion4aForASetOfRegions) {
    auto v4a = config();
    v4a.regions = {"eu-west-1", "*"};
    AwsServer verifier{std::string(secrets::kV4aAccessKeyId), std::string(secrets::kV4aSecretAccessKey), kToken, "*", "s3", kNow};
    const auto keys = [] {
        return secrets::AwsKeySet{SecretString(secrets::kV4aAccessKeyId), SecretString(secrets::kV4aSecretAccessKey), SecretString(kToken)};
    };
    auto request = s3_get();
    request.headers.set("Authorization", "AWS4-ECDSA-P256-SHA256 Credential=" + std::string(kDummyAccessKeyId) +
                                             "/20200101/s3/aws4_request, SignedHeaders=host, Signature=30");
    request.headers.add("X-Amz-Region-Set", "*");
    EXPECT_NE(refusal(v4a, request), "");
    v4a.allow_v4a = true;
    auto sent = send(v4a, keys(), request);
    ASSERT_FALSE(sent.error) << sent.error->detail;
    EXPECT_EQ(verifier.verify(sent.head, ""), "");

    const std::string dummy(144, '*');
    const auto body = "3;chunk-signature=" + dummy + "\r\nabc\r\n0;chunk-signature=" + dummy +
                      "\r\nx-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:" + dummy + "\r\n\r\n";
    request.headers.set("X-Amz-Content-Sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER");
    sent = send(v4a, keys(), request, body);
    ASSERT_FALSE(sent.error) << sent.error->detail;
    EXPECT_EQ(verifier.verify(sent.head, sent.body), "");

    auto query = presigned("s3");
    query.replace(query.find("HMAC-SHA256"), 11, "ECDSA-P256-SHA256");
    query.replace(query.find("%2Feu-west-1"), 12, "");
    sent = send(v4a, keys(), head("GET /k?" + query + "&X-Amz-Region-Set=%2A", {{"Host", "photos.s3.eu-west-1.amazonaws.com"}}));
    ASSERT_FALSE(sent.error) << sent.error->detail;
    EXPECT_EQ(verifier.verify(sent.head, ""), "") << sent.head.target;

    request.headers.set("X-Amz-Region-Set", "eu-west-1,us-east-1");
    EXPECT_EQ(refusal(v4a, request), "the credential is not for this region");
    request.headers.set("X-Amz-Region-Set", "us-*");
    EXPECT_EQ(refusal(v4a, request), "the credential is not for this region");
    request.headers.set("X-Amz-Region-Set", "");
    EXPECT_NE(refusal(v4a, request), "");
    request.headers.remove("X-Amz-Region-Set");
    EXPECT_NE(refusal(v4a, request), "");
}

// A URL or a header that somebody made with a key of their own would put the sandbox's data into their bucket.
TEST(AwsSigv4, D19RefusesSignaturesOfOthers) {
    auto request = s3_get();
    request.headers.set("Authorization", authorization("s3", "AKIAATTACKER00000000"));
    EXPECT_EQ(refusal(request), "the request is signed with an access key of somebody else's");
    const std::string host = "photos.s3.eu-west-1.amazonaws.com";
    EXPECT_NE(refusal(head("GET /k?" + presigned("s3", "AKIAATTACKER00000000"), {{"Host", host}})), "");
    // Beside a dummy one, in other cases, behind another separator, in other versions, in a form.
    auto both = s3_get("/k?" + presigned("s3", "AKIAATTACKER00000000"));
    EXPECT_EQ(refusal(both), "the request is signed more than once");
    const std::string foreign[] = {
        "/k?AWSAccessKeyId=AKIAATTACKER&Expires=1&Signature=x",
        "/k?awsaccesskeyid=AKIAATTACKER",
        "/k?x-amz-signature=" + kDummy,
        "/k?%58-Amz-Signature=" + kDummy,
        "/k?a=b;X-Amz-Signature=" + kDummy,
        "/k?X-Amz-Security-Token=theirs",
        "/k?" + presigned("s3") + "&X-Amz-Signature=" + kDummy,
        "/k?" + presigned("s3") + "&X-Amz-Credential=AKIAATTACKER",
    };
    for (const auto& target : foreign) {
        EXPECT_NE(refusal(s3_get(target)), "") << target;
        EXPECT_NE(refusal(head("GET " + target, {{"Host", host}})), "") << target;
    }
    for (const auto* value : {"AWS AKIAATTACKER:sig", "Bearer x", "Basic eDp5", "", "AWS4-HMAC-SHA512 Credential=a"}) {
        request = s3_get();
        request.headers.set("Authorization", value);
        EXPECT_NE(refusal(request), "") << value;
    }
    request = s3_get();
    request.headers.add("Authorization", authorization("s3"));
    EXPECT_EQ(refusal(request), "the request is signed more than once");
    auto form = s3_get();
    form.method = "POST";
    form.headers.set("Content-Type", "Multipart/Form-Data; boundary=x");
    EXPECT_EQ(refusal(form), "a form that is uploaded may carry a signature of its own");
}

TEST(AwsSigv4, D19ReplacesSessionTokensWhereverTheyStand) {
    auto request = s3_get();
    for (const auto* name : {"X-Amz-Security-Token", "x-amz-s3session-token", "X-Amz-Credential", "X-Amz-Signature"}) {
        request.headers.add(name, "theirs");
    }
    const auto sent = send(request);
    ASSERT_FALSE(sent.error);
    EXPECT_EQ(server("s3").verify(sent.head, ""), "");
    for (const auto field : sent.head.headers) EXPECT_NE(field.value, "theirs") << field.name;
    const auto url = send(head("GET /k?" + presigned("s3") + "&X-Amz-Security-Token=theirs",
                               {{"Host", "photos.s3.eu-west-1.amazonaws.com"}}));
    EXPECT_EQ(url.head.target.find("theirs"), std::string::npos);
}

TEST(AwsSigv4, D19SignsForTheBucketsThatAreListedOnly) {
    auto limited = config();
    limited.buckets = {"photos", "my.photos"};
    limited.endpoint = "minio.test";
    const std::pair<const char*, const char*> allowed[] = {
        {"photos.s3.eu-west-1.amazonaws.com", "/k"},
        {"my.photos.s3.amazonaws.com", "/k"},
        {"s3.eu-west-1.amazonaws.com", "/photos/k"},
        {"s3.eu-west-1.amazonaws.com", "/photos"},
        {"s3.dualstack.eu-west-1.amazonaws.com", "/photos//k/...x"},
        {"photos.minio.test", "/k"},
        {"minio.test:9000", "/photos/k"},
    };
    for (const auto& [host, target] : allowed) EXPECT_EQ(refusal(limited, s3_get(target, host)), "") << host << target;
    const std::pair<const char*, const char*> others[] = {
        {"attacker.s3.eu-west-1.amazonaws.com", "/photos/k"},
        {"photos.attacker.s3.eu-west-1.amazonaws.com", "/k"},
        {"s3.eu-west-1.amazonaws.com", "/attacker/photos/k"},
        {"s3.eu-west-1.amazonaws.com", "/"},
        {"s3.eu-west-1.amazonaws.com", "/?list-type=2"},
        {"s3.eu-west-1.amazonaws.com", "//photos/k"},
        {"s3.eu-west-1.amazonaws.com", "/photos/../attacker/k"},
        {"s3.eu-west-1.amazonaws.com", "/photos/%2e%2e/attacker/k"},
        {"s3.eu-west-1.amazonaws.com", "/photos/%252e%252e/attacker/k"},
        {"s3.eu-west-1.amazonaws.com", "/photos%2f..%2fattacker/k"},
        {"s3.eu-west-1.amazonaws.com", "/photos/..;a/attacker/k"},
        {"s3.eu-west-1.amazonaws.com", "/photos%5c..%5cattacker/k"},
        {"s3.eu-west-1.amazonaws.com", "/PHOTOS/k"},
        {"attacker.minio.test", "/photos/k"},
        {"elsewhere.test", "/photos/k"},
        {"photos.s3.amazonaws.com.attacker.test", "/k"},
    };
    for (const auto& [host, target] : others) EXPECT_NE(refusal(limited, s3_get(target, host)), "") << host << target;
    const std::pair<const char*, bool> sources[] = {
        {"photos/k", true},    {"/photos/k%20x?versionId=1", true}, {"attacker/k", false},
        {"", false},           {"photos%2F..%2Fattacker/k", false}, {"arn:aws:s3:eu-west-1:1:accesspoint/x/object/k", false},
    };
    for (const auto& [source, is_allowed] : sources) {
        auto copy = s3_get();
        copy.headers.add("x-amz-copy-source", source);
        EXPECT_EQ(refusal(limited, copy).empty(), is_allowed) << source;
    }
    // Of another service there are no buckets.
    auto request = head("GET /", {{"Host", "sts.amazonaws.com"}, {"Authorization", authorization("sts")}});
    EXPECT_EQ(refusal(limited, request), "");
}

TEST(AwsSigv4, D19LetsS3CheckTheBucketsOwner) {
    auto limited = config();
    limited.accounts = {"111122223333"};
    auto request = s3_get();
    request.headers.add("x-amz-copy-source", "photos/k");
    auto sent = send(limited, secrets_of(), request);
    ASSERT_FALSE(sent.error);
    EXPECT_EQ(sent.head.headers.get("x-amz-expected-bucket-owner"), "111122223333");
    EXPECT_EQ(sent.head.headers.get("x-amz-source-expected-bucket-owner"), "111122223333");
    EXPECT_EQ(server("s3").verify(sent.head, ""), "");
    request.headers.add("x-amz-expected-bucket-owner", "999999999999");
    EXPECT_NE(refusal(limited, request), "");
    limited.accounts.push_back("444455556666");
    EXPECT_NE(refusal(limited, s3_get()), "");
    request.headers.set("x-amz-expected-bucket-owner", "444455556666");
    request.headers.add("x-amz-source-expected-bucket-owner", "111122223333");
    EXPECT_EQ(refusal(limited, request), "");
    request.headers.add("x-amz-expected-bucket-owner", "999999999999");
    EXPECT_NE(refusal(limited, request), "");
}

TEST(AwsSigv4, D20SignsForTheServicesAndRegionsOfTheCredentialOnly) {
    const auto with = [](const std::string& value) {
        auto request = s3_get();
        request.headers.set("Authorization", value);
        return request;
    };
    const std::string id(kDummyAccessKeyId);
    EXPECT_EQ(refusal(with(authorization("s3"))), "");
    EXPECT_EQ(refusal(with(authorization("iam"))), "the credential is not for this service");
    EXPECT_EQ(refusal(with(authorization("s3", id, "us-east-1"))), "the credential is not for this region");
    for (const auto* value : {"eu-west-1,us-east-1", "*", "EU-WEST-1", "", "eu-west-1/x", " "}) {
        EXPECT_NE(refusal(with(authorization("s3", id, value))), "") << value;
    }
    for (const auto* service : {"S3", "s3 ", "", "s3/s3", "s3\n"}) EXPECT_NE(refusal(with(authorization(service))), "") << service;
    auto query = presigned("iam");
    EXPECT_NE(refusal(head("GET /?" + query, {{"Host", "iam.amazonaws.com"}})), "");
}

// The sandbox says which fields are signed; the signature covers those that matter whatever it says.
TEST(AwsSigv4, D20SignsTheHostThatIsSentAndEveryAmazonField) {
    auto request = s3_get();
    request.headers.set("Authorization", "AWS4-HMAC-SHA256 Credential=" + std::string(kDummyAccessKeyId) +
                                             "/20200101/eu-west-1/s3/aws4_request, SignedHeaders=accept, Signature=0");
    request.headers.add("x-amz-acl", "private");
    request.headers.add("x-amz-meta-a", "  1   2 ");
    request.headers.add("X-Amz-Meta-A", "3");
    request.headers.add("Accept", "*/*");
    request.headers.add("Content-Type", "text/plain");
    const auto sent = send(request);
    ASSERT_FALSE(sent.error);
    const std::string value(*sent.head.headers.get("Authorization"));
    EXPECT_NE(value.find("SignedHeaders=content-type;host;x-amz-acl;x-amz-content-sha256;x-amz-date;x-amz-meta-a;"
                         "x-amz-security-token, "),
              std::string::npos)
        << value;
    for (const auto& [name, other] : {std::pair("Host", "other.test"), std::pair("x-amz-acl", "public-read")}) {
        auto changed = sent.head;
        changed.headers.set(name, other);
        EXPECT_NE(server("s3").verify(changed, ""), "") << name;
    }
}

TEST(AwsSigv4, RefusesMalformedSignaturesAndPayloads) {
    const std::string id(kDummyAccessKeyId);
    const std::string scope = id + "/20200101/eu-west-1/s3/aws4_request";
    for (const std::string& value : {
             std::string("AWS4-HMAC-SHA256"),
             "AWS4-HMAC-SHA256 Credential=" + scope,
             "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host",
             "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=",
             "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=0, Credential=" + scope,
             "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=0, Other=1",
             "aws4-hmac-sha256 Credential=" + scope + ", SignedHeaders=host, Signature=0",
             "AWS4-HMAC-SHA256 Credential=" + id + "/2020010/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0",
             "AWS4-HMAC-SHA256 Credential=" + id + "/20200101/eu-west-1/s3/aws5_request, SignedHeaders=host, Signature=0",
             "AWS4-HMAC-SHA256 Credential=" + id + "/20200101/s3/aws4_request, SignedHeaders=host, Signature=0",
             std::string("AWS4-HMAC-SHA256 Credential=/20200101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0"),
         }) {
        auto request = s3_get();
        request.headers.set("Authorization", value);
        EXPECT_NE(refusal(request), "") << value;
    }
    for (const auto* payload : {"STREAMING-AWS4-HMAC-SHA256-EVENTS", "unsigned-payload", "abc", "STREAMING-OTHER",
                                "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"}) {
        auto request = s3_get();
        request.headers.set("X-Amz-Content-Sha256", payload);
        EXPECT_NE(refusal(request), "") << payload;
    }
    auto twice = s3_get();
    twice.headers.add("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    EXPECT_NE(refusal(twice), "");
    auto query = presigned("s3");
    for (const auto* expires : {"0", "604801", "-1", "1h", "", "99999999999"}) {
        auto changed = query;
        changed.replace(changed.find("3600"), 4, expires);
        EXPECT_NE(refusal(head("GET /k?" + changed, {{"Host", "photos.s3.amazonaws.com"}})), "") << expires;
    }
}

TEST(AwsSigv4, OwnsTheFieldsAndKeysOfSignatures) {
    const AwsSigv4Action action(config(), secrets_of());
    for (const auto* name : {"Authorization", "authorization", "X-Amz-Date", "x-amz-anything"}) EXPECT_TRUE(action.owns_field(name));
    for (const auto* name : {"X_Amz_Date", "X-Api-Key", "Cookie", "X-Amz", ""}) EXPECT_FALSE(action.owns_field(name));
    for (const auto* key : {"X-Amz-Signature", "x-amz-acl", "%58-amz-x"}) EXPECT_TRUE(action.owns_query_key(key));
    for (const auto* key : {"X_Amz_Signature", "x-am", "", "access_token", "AWSAccessKeyId"}) EXPECT_FALSE(action.owns_query_key(key));
}

TEST(AwsSigv4, NamesWhatMustNotComeBackAndSaysNothingOfItInErrors) {
    const AwsSigv4Action action(config(), secrets_of());
    NeedleTexts texts;
    action.collect(texts);
    EXPECT_EQ(texts.secrets, (std::vector<std::string_view>{kSecret, kToken}));
    auto request = s3_get();
    request.headers.set("Authorization", authorization("iam"));
    EXPECT_EQ(refusal(request).find("canary"), std::string::npos);
}

// What botocore 1.29 and 1.43 really send, recorded with the dummy key.
struct Recorded {
    http::RequestHead head;
    std::string body;
};

Recorded read_recorded(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    std::string rest = text.str();
    const auto line = [&] {
        const auto end = rest.find("\r\n");
        auto found = rest.substr(0, end);
        rest.erase(0, end + 2);
        return found;
    };
    Recorded recorded;
    const auto first = line();
    const auto space = first.find(' ');
    recorded.head.method = first.substr(0, space);
    recorded.head.target = first.substr(space + 1, first.rfind(' ') - space - 1);
    for (auto field = line(); !field.empty(); field = line()) {
        recorded.head.headers.add(field.substr(0, field.find(':')), field.substr(field.find(": ") + 2));
    }
    recorded.body = rest;
    return recorded;
}

TEST(AwsSigv4, SignsWhatBotocoreSends) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(SALLYPORT_SOURCE_DIR "/tests/rules/recorded")) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with("aws_")) continue;
        ++count;
        const auto recorded = read_recorded(entry.path());
        const auto sent = send(recorded.head, recorded.body);
        ASSERT_FALSE(sent.error) << name << ": " << sent.error->detail;
        const std::string after = name.substr(name.find('_', 4) + 1);
        const auto service = after.substr(0, after.find_first_of("_."));
        EXPECT_EQ(server(service).verify(sent.head, sent.body), "") << name;
    }
    EXPECT_EQ(count, 21);
}

}  // namespace
}  // namespace sallyport::rules
