#include "rules/hmac_action.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "rules/needle_texts.h"
#include "secrets/encoding.h"

namespace sallyport::rules {
namespace {

using secrets::DigestKind;
using Where = HmacPlacement::Where;

class FixedRandom final : public Random {
    void fill(std::span<unsigned char> bytes) override {
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(0xf0 + i);
    }
};

struct Case {
    HmacConfig config;
    std::string key;
    std::string line;  // "GET /x?y"
    std::vector<std::pair<std::string, std::string>> fields = {};
    std::string body = {};
    std::chrono::system_clock::time_point now = {};
};

struct Sent {
    std::optional<Error> error;
    http::RequestHead head;
    std::string field(std::string_view name) const { return std::string(head.headers.get(name).value_or("none")); }
};

Sent send(Case test) {
    Sent sent;
    sent.head.method = test.line.substr(0, test.line.find(' '));
    sent.head.target = test.line.substr(test.line.find(' ') + 1);
    for (const auto& [name, value] : test.fields) sent.head.headers.add(name, value);
    const HmacAction action(std::move(test.config), SecretString(test.key), {});
    http::CanonicalRequest canonical;
    FixedRandom random;
    Buffer body;
    body.append(test.body);
    OutgoingRequest request{sent.head, canonical, test.now, random};
    if (action.body_use(sent.head) == BodyUse::whole) request.body = &body;
    if (auto applied = action.apply(request); !applied) sent.error = applied.error();
    return sent;
}

HmacTemplate text(std::string_view source) { return parse_hmac_template(source).value(); }

HmacConfig config(std::string_view string, std::vector<HmacPlacement> placements) {
    HmacConfig config;
    config.text = text(string);
    config.placements = std::move(placements);
    return config;
}

std::chrono::system_clock::time_point at_ms(long long ms) {
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(ms));
}

// The example of GitHub's documentation ("Validating webhook deliveries").
TEST(HmacAction, SignsAsGitHubDoes) {
    const auto sent = send({config("${body}", {{Where::field, "X-Hub-Signature-256", text("sha256=${signature}")}}),
                            "It's a Secret to Everybody", "POST /webhook", {}, "Hello, World!"});
    ASSERT_FALSE(sent.error);
    EXPECT_EQ(sent.field("X-Hub-Signature-256"), "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
}

// The example of Binance's documentation ("SIGNED endpoint examples for POST /api/v3/order"): everything in the query.
TEST(HmacAction, SignsAsBinanceDoes) {
    auto binance = config("${query}", {{Where::query, "signature", text("${signature}")},
                                       {Where::query, "timestamp", text("${timestamp}")},
                                       {Where::field, "X-MBX-APIKEY", text("the-key")}});
    binance.time_format = TimeFormat::unix_ms;
    const auto sent = send({std::move(binance), "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
                            "POST /api/v3/order?symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&"
                            "recvWindow=5000&timestamp=1&signature=mine",
                            {{"x-mbx-apikey", "mine"}}, "", at_ms(1499827319559)});
    ASSERT_FALSE(sent.error);
    EXPECT_EQ(sent.head.target,
              "/api/v3/order?symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&"
              "timestamp=1499827319559&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
    EXPECT_EQ(sent.field("X-MBX-APIKEY"), "the-key");
    EXPECT_EQ(sent.head.headers.count("X-MBX-APIKEY"), 1u);
}

// As Stripe does for what it sends: "t=…,v1=…" over "t.body".
TEST(HmacAction, SignsAsStripeDoes) {
    const auto sent = send({config("${timestamp}.${body}", {{Where::field, "Stripe-Signature", text("t=${timestamp},v1=${signature}")}}),
                            "whsec_test_secret", "POST /hook", {}, "{\"id\":1}", at_ms(1492774577000)});
    ASSERT_FALSE(sent.error);
    const auto expected = secrets::to_hex(secrets::hmac(DigestKind::sha256, "whsec_test_secret", "1492774577.{\"id\":1}").view());
    EXPECT_EQ(sent.field("Stripe-Signature"), "t=1492774577,v1=" + expected);
}

TEST(HmacAction, FillsInEveryPart) {
    auto all = config("${method} ${host} ${path} ${query} ${sorted_query} ${target} ${header.X-In} ${header.X-None} ${body_md5} "
                      "${body_sha1_base64} ${timestamp} ${nonce}",
                      {{Where::field, "X-T", text("${timestamp}")}, {Where::field, "X-S", text("${signature}")}});
    all.algorithm = DigestKind::sha1;
    all.signature_encoding = TextEncoding::base64;
    const auto sent = send({std::move(all), "k", "PUT /a%20b?b=2&a=x+y", {{"Host", "h.test:8443"}, {"X-In", " v "}}, "body",
                            at_ms(1700000000000)});
    ASSERT_FALSE(sent.error);
    const std::string signed_text =
        "PUT h.test:8443 /a%20b b=2&a=x+y a=x%20y&b=2 /a%20b?b=2&a=x+y v  841a2d689ad86bd1611447453c22c6fc "
        "Agg/RXngimEkJcDBoX7ket14O5Q= 1700000000 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
    Buffer expected;
    secrets::append_base64(expected, secrets::hmac(DigestKind::sha1, "k", signed_text).view());
    EXPECT_EQ(sent.field("X-S"), expected.view());
    EXPECT_EQ(sent.field("X-T"), "1700000000");
}

TEST(HmacAction, WritesTimesAndNonces) {
    struct {
        TimeFormat format;
        const char* expected;
    } const times[] = {
        {TimeFormat::unix_seconds, "1499827319"},
        {TimeFormat::unix_ms, "1499827319559"},
        {TimeFormat::iso8601, "2017-07-12T02:41:59Z"},
        {TimeFormat::http_date, "Wed, 12 Jul 2017 02:41:59 GMT"},
    };
    for (const auto& time : times) {
        auto with = config("x", {{Where::field, "T", text("${timestamp}")}, {Where::field, "S", text("${signature}")}});
        with.time_format = time.format;
        EXPECT_EQ(send({with, "k", "GET /", {}, "", at_ms(1499827319559)}).field("T"), time.expected);
    }
    auto skewed = config("x", {{Where::field, "T", text("${timestamp}")}, {Where::field, "S", text("${signature}")}});
    skewed.skew = std::chrono::seconds(30);
    EXPECT_EQ(send({skewed, "k", "GET /", {}, "", at_ms(1499827319559)}).field("T"), "1499827289");
    auto uuid = config("x", {{Where::field, "N", text("${nonce}")}, {Where::field, "S", text("${signature}")}});
    EXPECT_EQ(send({uuid, "k", "GET /"}).field("N"), "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    uuid.nonce_format = NonceFormat::uuid;
    EXPECT_EQ(send({uuid, "k", "GET /"}).field("N"), "f0f1f2f3-f4f5-46f7-b8f9-fafbfcfdfeff");
}

TEST(HmacAction, EncodesItsSignature) {
    auto simple = config("Hi There", {{Where::field, "S", text("${signature}")}});
    const std::string key(20, '\x0b');  // RFC 4231, case 1
    EXPECT_EQ(send({simple, key, "GET /"}).field("S"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    simple.signature_encoding = TextEncoding::base64;
    EXPECT_EQ(send({simple, key, "GET /"}).field("S"), "sDRMYdjbOFNcqK/OrwvxK4gdwgDJgz2nJuk3bC4yz/c=");
    simple.signature_encoding = TextEncoding::base64url;
    EXPECT_EQ(send({simple, key, "GET /"}).field("S"), "sDRMYdjbOFNcqK_OrwvxK4gdwgDJgz2nJuk3bC4yz_c");
    simple.algorithm = DigestKind::sha512;
    simple.signature_encoding = TextEncoding::hex;
    EXPECT_EQ(send({simple, key, "GET /"}).field("S").substr(0, 32), "87aa7cdea5ef619d4ff0b4241a1d6cb0");
}

TEST(HmacAction, ReplacesTheSandboxsOwnCopies) {
    const auto simple = config("${target} ${header.X-T}",
                               {{Where::field, "X-T", text("1")}, {Where::field, "X-S", text("${signature}")}, {Where::query, "k", text("a b")}});
    const auto sent = send({simple, "k", "GET /?k=mine&%6b=mine", {{"x-s", "mine"}, {"X_S", "mine"}, {"X-T", "mine"}}});
    ASSERT_FALSE(sent.error);
    EXPECT_EQ(sent.head.target, "/?k=a%20b");
    EXPECT_EQ(sent.head.headers.size(), 2u);
    EXPECT_EQ(sent.field("X-S"), secrets::to_hex(secrets::hmac(DigestKind::sha256, "k", "/?k=a%20b 1").view()));
}

TEST(HmacAction, RefusesFieldsThatAreRepeatedAndValuesThatCannotBeSent) {
    const auto simple = config("${header.X-In}", {{Where::field, "X-S", text("${signature}")}});
    const auto sent = send({simple, "k", "GET /", {{"X-In", "1"}, {"x-in", "2"}}});
    ASSERT_TRUE(sent.error);
    EXPECT_EQ(sent.error->code, ErrorCode::signature_refused);
    const auto empty = config("x", {{Where::field, "X-E", text("${header.X-None}")}, {Where::field, "X-S", text("${signature}")}});
    EXPECT_EQ(send({empty, "k", "GET /"}).error->code, ErrorCode::signature_refused);
    const auto body = config("x", {{Where::field, "X-B", text("${body}")}, {Where::field, "X-S", text("${signature}")}});
    EXPECT_EQ(send({body, "k", "GET /", {}, "a\r\nHost: b"}).error->code, ErrorCode::signature_refused);
}

TEST(HmacAction, OwnsTheFieldsThatItSignsAndAsksForTheBodyOnlyWhereItIsSigned) {
    const http::RequestHead head;
    const HmacAction with_body(config("${header.X-Auth-Token}${body_sha256}", {}), SecretString("k"), {});
    EXPECT_TRUE(with_body.owns_field("x-auth-token"));
    EXPECT_FALSE(with_body.owns_field("Authorization"));
    EXPECT_EQ(with_body.body_use(head), BodyUse::whole);
    const HmacAction without(config("${path}", {{Where::field, "X-S", text("${signature}")}}), SecretString("k"), {});
    EXPECT_EQ(without.body_use(head), BodyUse::untouched);
    const HmacAction in_field(config("${path}", {{Where::field, "Digest", text("${body_sha256_base64}")}}), SecretString("k"), {});
    EXPECT_EQ(in_field.body_use(head), BodyUse::whole);
    NeedleTexts texts;
    without.collect(texts);
    EXPECT_EQ(texts.secrets, std::vector<std::string_view>{"k"});
}

}  // namespace
}  // namespace sallyport::rules
