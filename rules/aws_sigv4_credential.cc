#include "rules/aws_sigv4_credential.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http/authority.h"
#include "http/characters.h"
#include "rules/aws_sigv4_action.h"
#include "rules/filled_template.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 11> kKeys{
    "access_key_id", "secret_access_key", "session_token", "keys",                 "services", "regions",
    "buckets",       "accounts",          "endpoint",      "dummy_access_key_id", "sigv4a",
};

using secrets::TemplateText;

struct KindConfig {
    AwsSigv4Config signing;             // without buckets
    std::vector<TemplateText> buckets;  // may depend on the sandbox
    secrets::AwsKeysConfig keys;
};

bool is_visible(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// In the Authorization field it stands between '=' and '/'.
bool is_access_key_id(std::string_view text) { return is_visible(text) && text.find_first_of(",;") == text.npos; }

Result<SecretString> fill_in_key(const TemplateText& text, const RenderContext& context) {
    if (text.empty()) return SecretString();
    WipedBuffer value;
    UsedSecrets used;
    if (auto filled = fill_in(text, context, value, used); !filled) return failure(filled.error());
    if (auto fit = check_sent_value(value.view()); !fit) return failure(fit.error());
    return SecretString(value.view());
}

Result<secrets::AwsKeySet> fill_in_keys(const secrets::AwsKeysConfig& config, const RenderContext& context) {
    if (!config.document.empty()) {
        WipedBuffer document;
        UsedSecrets used;
        if (auto filled = fill_in(config.document, context, document, used); !filled) return failure(filled.error());
        return secrets::parse_aws_key_document(document.view());
    }
    secrets::AwsKeySet keys;
    const std::pair<const TemplateText*, SecretString*> parts[] = {{&config.access_key_id, &keys.access_key_id},
                                                                   {&config.secret_access_key, &keys.secret_access_key},
                                                                   {&config.session_token, &keys.session_token}};
    for (const auto& [text, value] : parts) {
        auto filled = fill_in_key(*text, context);
        if (!filled) return failure(filled.error());
        *value = std::move(*filled);
    }
    return keys;
}

class AwsSigv4Kind final : public CredentialKind {
public:
    explicit AwsSigv4Kind(KindConfig config) : config_(std::move(config)) {}

    std::string_view type() const override { return "aws_sigv4"; }
    std::string place() const override { return "AWS signature"; }
    void visit_templates(const std::function<void(const TemplateText&)>& visit) const override {
        config_.keys.visit(visit);
        for (const auto& bucket : config_.buckets) visit(bucket);
    }
    Result<std::unique_ptr<const CredentialAction>> render(const RenderContext& context) const override {
        auto keys = fill_in_keys(config_.keys, context);
        if (!keys) return failure(keys.error());
        if (!is_access_key_id(keys->access_key_id.reveal()) || !is_visible(keys->session_token.reveal())) {
            return failure(ErrorCode::secret_unavailable, "the access key's id or the session token cannot be sent");
        }
        auto signing = config_.signing;
        for (const auto& text : config_.buckets) {
            const auto bucket = fill_in_key(text, context);
            if (!bucket) return failure(bucket.error());
            signing.buckets.emplace_back(bucket->reveal());
        }
        return std::make_unique<const AwsSigv4Action>(std::move(signing), std::move(*keys));
    }

private:
    const KindConfig config_;
};

class AwsSigv4Reader final {
public:
    explicit AwsSigv4Reader(CredentialReading& reading) : reading_(reading) {}

    std::shared_ptr<const CredentialKind> read() {
        if (!reading_.expect(kKeys)) return nullptr;
        read_keys();
        read_names("services", Need::required, config_.signing.services, &is_scope_name, "is not the name of a service or region");
        read_names("regions", Need::required, config_.signing.regions, &is_scope_name, "is not the name of a service or region");
        read_names("accounts", Need::optional, config_.signing.accounts, &is_account, "is not an account's number of twelve digits");
        read_buckets();
        read_endpoint();
        read_dummy();
        if (const Node* node = find(reading_.node, "sigv4a")) {
            const auto flag = read_flag(*node, "sigv4a", reading_.reporter);
            is_good_ = is_good_ && flag.has_value();
            config_.signing.allow_v4a = flag.value_or(false);
        }
        return is_good_ ? std::make_shared<const AwsSigv4Kind>(std::move(config_)) : nullptr;
    }

private:
    enum class Need { optional, required };

    static bool is_scope_name(std::string_view text) {
        return std::all_of(text.begin(), text.end(), [](char c) {
            return http::has_class(c, http::character_class::kUnreserved) || c == '*';
        });
    }
    static bool is_account(std::string_view text) {
        return text.size() == 12 && std::all_of(text.begin(), text.end(), http::is_digit);
    }

    void fault(const Node& node, const std::string& text) {
        reading_.reporter.error(node.place, text);
        is_good_ = false;
    }

    void take(std::optional<TemplateText> text, TemplateText& out) {
        is_good_ = is_good_ && text.has_value();
        if (text) out = std::move(*text);
    }

    void read_keys() {
        if (find(reading_.node, "keys") == nullptr) {
            take(reading_.read_template("access_key_id"), config_.keys.access_key_id);
            take(reading_.read_value("secret_access_key"), config_.keys.secret_access_key);
            if (find(reading_.node, "session_token") != nullptr) take(reading_.read_value("session_token"), config_.keys.session_token);
            return;
        }
        const auto name = reading_.read_secret_name("keys");
        is_good_ = is_good_ && name.has_value();
        if (name) config_.keys.document = {{secrets::PartKind::secret, *name}};
        for (const std::string_view key : {"access_key_id", "secret_access_key", "session_token"}) {
            if (const Node* node = find(reading_.node, key)) fault(*node, quote(key) + " does not go with \"keys\"");
        }
    }

    void read_names(std::string_view key, Need need, std::vector<std::string>& out, bool (*is_fit)(std::string_view),
                    const char* what) {
        const Node* node = need == Need::required ? reading_.require(key) : find(reading_.node, key);
        is_good_ = is_good_ && (node != nullptr || need == Need::optional);
        if (node == nullptr) return;
        each_text(*node, key, ListForm::one_or_list, reading_.reporter, [&](const Node& item, std::string_view text) {
            if (!is_fit(text)) return fault(item, quote(text) + ' ' + what);
            out.emplace_back(text);
        });
        is_good_ = is_good_ && !out.empty();
    }

    void read_buckets() {
        const Node* node = find(reading_.node, "buckets");
        if (node == nullptr) return;
        for (const Node* item : read_list(*node, "buckets", ListForm::one_or_list, reading_.reporter)) {
            take(reading_.read_template(*item, "buckets"), config_.buckets.emplace_back());
        }
        is_good_ = is_good_ && !config_.buckets.empty();
    }

    void read_endpoint() {
        const Node* node = find(reading_.node, "endpoint");
        const auto text = node == nullptr ? std::nullopt : read_text(*node, "endpoint", reading_.reporter);
        is_good_ = is_good_ && (node == nullptr || text.has_value());
        if (!text) return;
        auto host = http::canonical_host(*text);
        if (!host) return fault(*node, quote(*text) + " is not the name of a host");
        config_.signing.endpoint = std::move(*host);
    }

    void read_dummy() {
        const Node* node = find(reading_.node, "dummy_access_key_id");
        const auto text = node == nullptr ? std::nullopt : read_text(*node, "dummy_access_key_id", reading_.reporter);
        is_good_ = is_good_ && (node == nullptr || text.has_value());
        if (!text) return;
        if (!is_access_key_id(*text)) return fault(*node, quote(*text) + " cannot be the id of an access key");
        config_.signing.dummy_access_key_id = *text;
    }

    CredentialReading& reading_;
    KindConfig config_;
    bool is_good_ = true;
};

}  // namespace

std::shared_ptr<const CredentialKind> read_aws_sigv4_credential(CredentialReading& reading) {
    return AwsSigv4Reader(reading).read();
}

}  // namespace sallyport::rules
