// The promise, over random cases: secrets and what was made of them, in every spelling, in every place of a response, under
// every framing and coding, in WebSocket messages however they are framed, cut anywhere. At the sandbox's side there is not
// one of them, and everything else is as it was. 20,000 cases; SALLYPORT_RESPONSE_CASES=1000000 asks for more.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "proxy/websocket_filter.h"
#include "tests/proxy/random_response.h"

namespace sallyport::proxy {
namespace {

std::size_t cases() {
    const char* asked = std::getenv("SALLYPORT_RESPONSE_CASES");
    return asked == nullptr ? 20'000 : std::strtoul(asked, nullptr, 10);
}

// A needle is let go of in a pause if it is no more than this; see rules::kPausedBytesMax.
constexpr std::size_t kShownInPause = rules::kPausedBytesMax;
// Trying everything at every place is slow: for one case in this many.
constexpr std::size_t kSlowSearchEvery = 50;
constexpr std::size_t kSlowSearchBytesMax = 2'000;

std::string through_the_gate(Random& random, const Secrets& secrets, std::string_view wire, bool pauses) {
    ResponseFilter::Setup setup;
    setup.scrub.add(secrets.needles);
    ResponseFilter filter(std::move(setup));
    ResponsePath path(filter);
    const auto next_size = random_cut(random);
    while (!wire.empty()) {
        const auto piece = wire.substr(0, next_size());
        wire.remove_prefix(piece.size());
        path.feed(piece);
        if (pauses) path.pause();
    }
    path.end();
    return std::string(path.to_sandbox());
}

// In a pause, the first bytes of what may be a secret are let go of.
void expect_at_most_beginnings(const std::string& seen, const Planted& body) {
    ASSERT_EQ(seen.size(), body.expected.size());
    std::size_t shown = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (seen[i] == body.expected[i]) continue;
        ASSERT_EQ(seen[i], body.text[i]);
        ++shown;
    }
    EXPECT_LE(shown, kShownInPause * body.plants.size());
}

void expect_untouched_framing(const SeenResponse& seen, const Response& response) {
    EXPECT_TRUE(response.is_coded || seen.framing == response.expected.framing);
    EXPECT_TRUE(seen.framing.kind != BodyKind::length || seen.framing.length_bytes == seen.body.size());
}

void check_response(Random& random, const Secrets& secrets, const Search& search, std::size_t number) {
    const Response response = random_response(random, secrets);
    const bool pauses = pick(random, 10) == 0;
    const std::string out = through_the_gate(random, secrets, response.wire, pauses);
    const SeenResponse seen = ResponseReader::read(out);
    EXPECT_EQ(seen.interim, response.expected.interim);
    EXPECT_EQ(seen.reason, response.expected.reason);
    EXPECT_EQ(seen.fields, response.expected.fields);
    EXPECT_EQ(seen.trailers, response.expected.trailers);
    expect_untouched_framing(seen, response);
    if (pauses) {
        expect_at_most_beginnings(seen.body, response.body);
    } else {
        EXPECT_EQ(seen.body, response.expected.body);
    }
    for (const std::string_view bytes : {std::string_view(out), std::string_view(seen.body)}) {
        EXPECT_EQ(search.find_in(bytes), "");
        const bool is_slow_turn = number % kSlowSearchEvery == 0 && bytes.size() <= kSlowSearchBytesMax;
        EXPECT_FALSE(is_slow_turn && search.finds_slowly(bytes));
    }
}

void check_websocket(Random& random, const Secrets& secrets, const Search& search, std::size_t number) {
    const Messages messages = random_messages(random, secrets);
    ScrubChain chain;
    chain.add(secrets.needles);
    WebSocketScrubber scrubber(std::move(chain));
    Buffer out;
    std::string_view wire = messages.wire;
    const auto next_size = random_cut(random);
    while (!wire.empty()) {
        const auto piece = wire.substr(0, next_size());
        wire.remove_prefix(piece.size());
        ASSERT_TRUE(scrubber.feed(piece, out));
    }
    const auto seen = http::read_messages(out.view());
    EXPECT_EQ(seen, messages.expected);
    for (const std::string& message : seen) {
        EXPECT_EQ(search.find_in(message), "");
        EXPECT_FALSE(number % kSlowSearchEvery == 0 && search.finds_slowly(message));
    }
}

// The secrets change now and then: compiling their needles costs as much as many cases.
void check_all(unsigned seed, std::size_t count, void (*check)(Random&, const Secrets&, const Search&, std::size_t)) {
    Random random(seed);
    Secrets secrets;
    std::optional<Search> search;
    for (std::size_t i = 0; i < count; ++i) {
        if (i % 50 == 0) {
            secrets = rules::random_secrets(random);
            search.emplace(secrets);
        }
        check(random, secrets, *search, i);
        if (testing::Test::HasFailure()) FAIL() << "in case " << i;
    }
}

TEST(NothingComesBack, R1R2R3R4R5R8R14R17_OfAnySecretInAnyResponse) { check_all(201, cases() * 7 / 10, check_response); }
TEST(NothingComesBack, R14_InAnyMessageOfAWebSocket) { check_all(202, cases() * 3 / 10, check_websocket); }

// What the searches are worth: each finds what nobody has taken out.
TEST(NothingComesBack, TheSearchFindsWhatIsThere) {
    Random random(203);
    for (int i = 0; i < 200; ++i) {
        const Secrets secrets = rules::random_secrets(random);
        const Search search(secrets);
        const std::string& secret = secrets.values[0];
        EXPECT_NE(search.find_in("a" + secret + "b"), "");
        EXPECT_NE(search.find_in(hex_of(secret)), "");
        for (std::size_t before = 0; before < 3; ++before) {
            EXPECT_NE(search.find_in(rules::base64(std::string(before, 'u') + secret + ":x")), "");
        }
        const auto spelling = static_cast<rules::Spelling>(pick(random, rules::kSpellings));
        EXPECT_TRUE(search.finds_slowly(rules::spell(random, secret, spelling).text)) << static_cast<int>(spelling);
    }
}

}  // namespace
}  // namespace sallyport::proxy
