#include "rules/registry_credential.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rules/base64.h"
#include "rules/basic_value.h"
#include "rules/filled_template.h"
#include "rules/issued_tokens.h"
#include "rules/placeholders.h"
#include "rules/token_swap.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 3> kKeys{"username", "password", "realm"};
constexpr std::string_view kAuthorization = "Authorization";

struct Realm {
    http::Scheme scheme = http::Scheme::https;
    http::Authority authority;
    std::string path;
};

struct RegistryConfig {
    secrets::TemplateText username;
    secrets::TemplateText password;
    Realm realm;
    TokenSwap tokens;
};

// A URL without a query: that is the client's.
std::optional<Realm> parse_realm(std::string_view text) {
    Realm realm;
    const auto separator = text.find("://");
    if (separator == text.npos) return std::nullopt;
    const auto scheme = text.substr(0, separator);
    if (scheme != "https" && scheme != "http") return std::nullopt;
    realm.scheme = scheme == "https" ? http::Scheme::https : http::Scheme::http;
    text.remove_prefix(separator + 3);
    const auto slash = std::min(text.find('/'), text.size());
    auto authority = http::parse_authority(text.substr(0, slash), realm.scheme);
    const auto target = http::canonical_target(slash == text.size() ? "/" : text.substr(slash));
    if (!authority || !target || target->has_query || target->ambiguous) return std::nullopt;
    realm.authority = std::move(*authority);
    realm.path = target->path;
    return realm;
}

class RegistryAction final : public CredentialAction {
public:
    RegistryAction(const RegistryConfig& config, SecretString basic, UsedSecrets used)
        : config_(config), basic_(std::move(basic)), used_(std::move(used)) {}

    bool owns_field(std::string_view name) const override { return http::equals_ignoring_case(name, kAuthorization); }

    Result<void> apply(OutgoingRequest& request) const override {
        http::HeaderMap& headers = request.head.headers;
        if (is_realm(request.canonical)) {
            headers.remove(kAuthorization);
            if (request.head.method == "GET") headers.add(kAuthorization, basic_.reveal());
            return {};
        }
        const bool is_exchanged =
            request.issued != nullptr && request.issued->exchange_for(config_.tokens.credential, headers);
        // The sandbox's own would make it somebody else's pull; what looks like a placeholder is left to be refused.
        if (!is_exchanged && !mentions_placeholder(request.head)) headers.remove(kAuthorization);
        return {};
    }

    const TokenSwap* token_swap(const http::CanonicalRequest& request) const override {
        return is_realm(request) ? &config_.tokens : nullptr;
    }

    void collect(NeedleTexts& texts) const override {
        used_.collect(texts);
        texts.rendered.push_back(basic_.reveal());
    }

private:
    bool is_realm(const http::CanonicalRequest& request) const {
        const Realm& realm = config_.realm;
        return request.scheme == realm.scheme && request.authority == realm.authority &&
               request.target.path == realm.path && !request.target.ambiguous;
    }

    const RegistryConfig& config_;  // the kind's
    const SecretString basic_;
    const UsedSecrets used_;
};

class RegistryKind final : public CredentialKind {
public:
    explicit RegistryKind(RegistryConfig config) : config_(std::move(config)) {}

    std::string_view type() const override { return "registry"; }
    std::string place() const override {
        return "tokens of " + http::to_string(config_.realm.authority, config_.realm.scheme) + config_.realm.path;
    }
    void visit_templates(const std::function<void(const secrets::TemplateText&)>& visit) const override {
        visit(config_.username);
        visit(config_.password);
    }
    Result<std::unique_ptr<const CredentialAction>> render(const RenderContext& context) const override {
        WipedBuffer pair, basic;
        UsedSecrets used;
        if (auto filled = fill_in(config_.username, context, pair, used); !filled) return failure(filled.error());
        if (pair.view().find(':') != std::string_view::npos) {
            return failure(ErrorCode::secret_unavailable, "the user name holds a ':'");
        }
        pair.append(':');
        if (auto filled = fill_in(config_.password, context, pair, used); !filled) return failure(filled.error());
        if (auto fit = check_sent_value(pair.view()); !fit) return failure(fit.error());
        basic.append("Basic ");
        append_base64(basic, pair.view());
        return std::make_unique<const RegistryAction>(config_, SecretString(basic.view()), std::move(used));
    }

private:
    const RegistryConfig config_;
};

}  // namespace

std::shared_ptr<const CredentialKind> read_registry_credential(CredentialReading& reading) {
    if (!reading.expect(kKeys)) return nullptr;
    auto username = reading.read_template("username");
    auto password = reading.read_value("password");
    const Node* node = reading.require("realm");
    const auto text = node == nullptr ? std::nullopt : read_text(*node, "realm", reading.reporter);
    auto realm = text ? parse_realm(*text) : std::nullopt;
    if (text && !realm) {
        reading.reporter.error(node->place, quote(*text) + " is not where tokens are had, such as \"https://auth.example/token\"");
    }
    if (!username || !password || !realm) return nullptr;
    RegistryConfig config{std::move(*username), std::move(*password), std::move(*realm), {}};
    config.tokens.fields = {"token", "access_token", "refresh_token", "id_token"};
    config.tokens.credential = reading.name;
    return std::make_shared<const RegistryKind>(std::move(config));
}

}  // namespace sallyport::rules
