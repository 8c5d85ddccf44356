#include "rules/placeholder_credential.h"

#include <gtest/gtest.h>

#include "rules/compiled_policy.h"
#include "rules/registry_credential.h"
#include "tests/rules/counting_random.h"
#include "tests/rules/rendered_kind.h"
#include "tests/rules/swap_pieces.h"

namespace sallyport::rules {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kSecret = sample::kMarker;

std::string entry(const std::string& more, const std::string& secret = "token") {
    return "{ type: placeholder, secret: " + secret + ", env: API_KEY, " + more + " }";
}

class PlaceholderCredentialTest : public testing::Test {
protected:
    void use(const std::string& text, std::size_t placeholder_size = 40) {
        kind_ = std::make_unique<RenderedKind>(read_placeholder_credential, text);
        ASSERT_TRUE(kind_->kind) << (kind_->faults.empty() ? "" : kind_->faults[0]);
        const std::vector<PlaceholderNeed> needs{{"c", "API_KEY", "sk-", placeholder_size}, {"other", "OTHER", "sk-", 40}};
        placeholders_ = Placeholders::make(needs, nullptr, random_);
        placeholder_ = placeholders_->of("c");
        action_ = std::move(*kind_->render(placeholders_.get()));
    }

    struct Sent {
        std::string error;
        http::RequestHead head;
        BodyUse use = BodyUse::untouched;
        std::string body;
        bool has_websocket = false;
    };
    // "PH" is the placeholder.
    Sent send(const std::string& target, Fields fields, std::string body = "", bool is_chunked = false) {
        for (auto at = body.find("PH"); at != body.npos; at = body.find("PH")) body.replace(at, 2, placeholder_);
        Sent sent;
        sent.head.target = target;
        for (const auto& [name, value] : fields) sent.head.headers.add(name, value);
        if (is_chunked) sent.head.body.kind = http::BodyKind::chunked;
        else if (!body.empty()) sent.head.body = {http::BodyKind::length, body.size()};
        sent.use = action_->body_use(sent.head);
        const auto canonical = sample::request_of("POST https://a.example/");
        OutgoingRequest request{sent.head, canonical, {}, random_};
        Buffer buffer;
        buffer.append(body);
        if (sent.use == BodyUse::whole) request.body = &buffer;
        auto outcome = action_->apply(request);
        if (outcome) outcome = refuse_placeholders(request.head);
        if (!outcome) {
            sent.error = tag(outcome.error().code);
            return sent;
        }
        EXPECT_EQ(request.body_rewriter != nullptr, sent.use == BodyUse::rewritten);
        sent.body = request.body_rewriter ? rewritten(*request.body_rewriter, body, [] { return 7; }) : buffer.view();
        sent.has_websocket = request.websocket_rewriter != nullptr;
        return sent;
    }

    CountingRandom random_;
    std::unique_ptr<RenderedKind> kind_;
    std::shared_ptr<const Placeholders> placeholders_;
    std::string placeholder_;
    std::unique_ptr<const CredentialAction> action_;
};

const Fields kJson{{"Content-Type", "application/json"}};
const Fields kForm{{"Content-Type", "application/x-www-form-urlencoded"}};

TEST_F(PlaceholderCredentialTest, TheSecretGoesWhereThePlaceholderStands) {
    use(entry(R"(prefix: "sk-", in: ["header:x-api-key", "query:key"])"));
    const Sent sent = send("/?key=" + placeholder_, {{"X-Api-Key", placeholder_}});
    EXPECT_EQ(sent.head.target, "/?key=" + std::string(kSecret));
    EXPECT_EQ(sent.head.headers.get("X-Api-Key"), kSecret);
    EXPECT_TRUE(action_->owns_field("X-API-KEY"));
    EXPECT_FALSE(action_->owns_field("Authorization"));
    EXPECT_TRUE(action_->owns_query_key("ke%79"));
}

TEST_F(PlaceholderCredentialTest, WithoutItARequestGoesOutWithoutACredential) {
    use(entry(R"(in: ["header:x-api-key", "json:/token"])"));
    const Sent sent = send("/", {{"Accept", "*/*"}, {"Content-Type", "application/json"}}, "{\"token\":\"own\"}");
    EXPECT_EQ(sent.error, "");
    EXPECT_FALSE(sent.head.headers.has("X-Api-Key"));
    EXPECT_EQ(sent.body, "{\"token\":\"own\"}");
}

TEST_F(PlaceholderCredentialTest, R16_AnotherCredentialsPlaceholderIsRefused) {
    use(entry(R"(in: ["header:x-api-key", "json:/token"])"));
    EXPECT_EQ(send("/", {{"X-Api-Key", std::string(placeholders_->of("other"))}}).error, "placeholder_misused");
    EXPECT_EQ(send("/", {{"X-Other", placeholder_}}).error, "placeholder_misused");
    EXPECT_EQ(send("/", kJson, "{\"token\":\"" + std::string(placeholders_->of("other")) + "\"}").error, "placeholder_misused");
}

TEST_F(PlaceholderCredentialTest, R17_ABodyOfTheSameLengthIsRewrittenAsItPasses) {
    use(entry(R"(in: ["json:/token", "form:token"])", "long"), RenderedKind::kLong.size());
    const Sent json = send("/", kJson, R"({"token":"PH"})");
    EXPECT_EQ(json.use, BodyUse::rewritten);
    EXPECT_EQ(json.body, "{\"token\":\"" + std::string(RenderedKind::kLong) + "\"}");
    EXPECT_EQ(json.head.body.length_bytes, json.body.size());
    EXPECT_EQ(send("/", kForm, "token=PH").use, BodyUse::rewritten);
}

TEST_F(PlaceholderCredentialTest, ABodyThatChangesItsLengthIsChangedWhole) {
    use(entry(R"(in: ["json:/token", "form:token"])", "odd"));
    const Sent json = send("/", kJson, R"({"a":1,"token":"PH"})");
    EXPECT_EQ(json.use, BodyUse::whole);
    EXPECT_EQ(json.body, "{\"a\":1,\"token\":\"o d/d+\\\"\\\\&:ü\"}");
    EXPECT_EQ(json.head.body.length_bytes, json.body.size());
    const Sent form = send("/", kForm, "a=1&token=PH");
    EXPECT_EQ(form.body, "a=1&token=o%20d%2Fd%2B%22%5C%26%3A%C3%BC");
    EXPECT_EQ(form.head.body.length_bytes, form.body.size());
    const Sent chunked = send("/", kJson, R"({"token":"PH"})", true);
    EXPECT_EQ(chunked.use, BodyUse::rewritten);
    EXPECT_EQ(chunked.body, "{\"token\":\"o d/d+\\\"\\\\&:ü\"}");
    EXPECT_EQ(chunked.head.body.kind, http::BodyKind::chunked);
}

TEST_F(PlaceholderCredentialTest, R12_AFreeBodyIsNeverTouched) {
    use(entry(R"(in: ["json:/token", "form:token"])"));
    EXPECT_EQ(send("/", kJson, R"({"body":"PH"})").error, "placeholder_misused");
    EXPECT_EQ(send("/", kForm, "comment=PH").error, "placeholder_misused");
    const Sent text = send("/", {{"Content-Type", "text/plain"}}, "PH");
    EXPECT_EQ(text.use, BodyUse::untouched);
    EXPECT_EQ(text.body, placeholder_);
    use(entry(R"(in: ["header:x-api-key"])"));
    EXPECT_EQ(send("/", kJson, R"({"token":"PH"})").use, BodyUse::untouched);
}

TEST_F(PlaceholderCredentialTest, R12_CountAndMisplacedAreTheOperators) {
    use(entry(R"(in: ["header:x-a", "json:/*"], count: 2)"));
    EXPECT_EQ(send("/", {{"X-A", placeholder_}, {"Content-Type", "text/json"}}, R"(["PH"])").error, "");
    EXPECT_EQ(send("/", {{"X-A", placeholder_}, {"Content-Type", "text/json"}}, R"(["PH","PH"])").error, "placeholder_misused");
    use(entry(R"(in: ["json:/token"], misplaced: pass)"));
    EXPECT_EQ(send("/", kJson, R"({"log":"PH","token":"PH"})").body,
              R"({"log":")" + placeholder_ + R"(","token":")" + std::string(kSecret) + "\"}");
}

TEST_F(PlaceholderCredentialTest, ACodedBodyCannotBeRead) {
    use(entry(R"(in: ["json:/token"])"));
    EXPECT_EQ(send("/", {{"Content-Type", "text/json"}, {"Content-Encoding", "gzip"}}, "x").error, "body_unreadable");
    EXPECT_EQ(send("/", {{"Content-Type", "text/json; charset=utf-16"}}, "x").error, "body_unreadable");
    EXPECT_EQ(send("/", kJson, "{\"token\":").error, "body_unreadable");
}

TEST_F(PlaceholderCredentialTest, AWebSocketsMessagesAreRewrittenWhereThatIsDeclared) {
    use(entry("in: [websocket]"));
    EXPECT_TRUE(send("/", {{"Sec-WebSocket-Key", "x"}}).has_websocket);
    EXPECT_FALSE(send("/", {}).has_websocket);
    use(entry(R"(in: ["header:x-a"])"));
    EXPECT_FALSE(send("/", {{"Sec-WebSocket-Key", "x"}}).has_websocket);
}

TEST_F(PlaceholderCredentialTest, WhereASandboxHasNoneNothingIsExchanged) {
    use(entry(R"(in: ["header:x-api-key"])"));
    action_ = std::move(*kind_->render(nullptr));
    EXPECT_EQ(send("/", {{"X-Api-Key", placeholder_}}).error, "placeholder_misused");
    EXPECT_FALSE(send("/", {{"X-Api-Key", "own"}}).head.headers.has("X-Api-Key"));
}

TEST_F(PlaceholderCredentialTest, ASecretThatDoesNotFitIsNotRendered) {
    const RenderedKind absent(read_placeholder_credential, entry(R"(in: ["header:x"])", "absent"));
    EXPECT_EQ(absent.render().error().code, ErrorCode::secret_unavailable);
    const RenderedKind odd(read_placeholder_credential, entry(R"(in: ["basic:username"])", "odd"));
    EXPECT_EQ(odd.render().error().detail, "a user name may not hold ':'");
}

TEST(PlaceholderCredential, NeedsAPlaceholderAsLongAsItsSecret) {
    const RenderedKind rendered(read_placeholder_credential, entry(R"(prefix: "sk-ant-", in: ["header:x"])"));
    const auto need = placeholder_need({"c", rendered.kind, {}, ""}, rendered.secrets);
    ASSERT_TRUE(need);
    EXPECT_EQ(need->credential + need->variable + need->prefix, "cAPI_KEYsk-ant-");
    EXPECT_EQ(need->secret_size, kSecret.size());
    EXPECT_EQ(rendered.kind->placeholder().variable, "API_KEY");
    EXPECT_TRUE(rendered.kind->is_per_sandbox());
    const RenderedKind other(read_registry_credential, "{ type: registry, username: u, password: \"${secrets.token}\", realm: \"https://a.example/\" }");
    EXPECT_FALSE(placeholder_need({"c", other.kind, {}, ""}, rendered.secrets));
}

TEST(PlaceholderCredential, ASandboxHasThoseThatItsPoliciesUse) {
    CountingRandom random;
    const RenderedKind rendered(read_placeholder_credential, entry(R"(in: ["header:x"])"));
    CompiledPolicy policy, runtime;
    policy.credentials.push_back({"c", rendered.kind, {}, ""});
    runtime.credentials.push_back({"d", rendered.kind, {}, ""});
    EXPECT_EQ(placeholders_for(nullptr, nullptr, rendered.secrets, nullptr, random), nullptr);
    const auto first = placeholders_for(&policy, nullptr, rendered.secrets, nullptr, random);
    EXPECT_NE(first->of("c"), "");
    const auto second = placeholders_for(&policy, &runtime, rendered.secrets, first, random);
    EXPECT_EQ(second->of("c"), first->of("c"));
    EXPECT_NE(second->of("d"), "");
    EXPECT_EQ(placeholders_for(nullptr, nullptr, rendered.secrets, second, random), second);
}

TEST(PlaceholderCredential, SaysWhatIsWrongWithAnEntry) {
    const std::pair<std::string, std::string> cases[] = {
        {"{ type: placeholder, secret: token, in: [\"header:x\"] }", "the credential has no \"env\""},
        {"{ type: placeholder, secret: token, env: A }", "the credential has no \"in\""},
        {"{ type: placeholder, env: A, in: [websocket] }", "the credential has no \"secret\""},
        {"{ type: placeholder, secret: token, env: 1A, in: [websocket] }", "\"1A\" is not the name of an environment variable"},
        {"{ type: placeholder, secret: token, env: A, in: [websocket], prefix: \"a b\" }",
         "\"prefix\" has up to 64 letters, digits, '-', '_' and '.'"},
        {"{ type: placeholder, secret: token, env: A, in: [websocket], misplaced: no }",
         "\"misplaced\" must be block or pass, not \"no\""},
    };
    for (const auto& [text, fault] : cases) {
        const RenderedKind rendered(read_placeholder_credential, text);
        EXPECT_FALSE(rendered.kind) << text;
        ASSERT_FALSE(rendered.faults.empty()) << text;
        EXPECT_EQ(rendered.faults[0], fault) << text;
    }
    EXPECT_FALSE(RenderedKind(read_placeholder_credential, entry("in: [websocket], count: 0")).kind);
}

}  // namespace
}  // namespace sallyport::rules
