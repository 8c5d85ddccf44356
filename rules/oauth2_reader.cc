#include "rules/oauth2_reader.h"

#include <algorithm>
#include <array>

#include "rules/provider_fields.h"
#include "secrets/oauth2.h"

namespace sallyport::rules {
namespace {

using secrets::ClientAuth;
using secrets::OAuth2Config;
using secrets::OAuth2Grant;

constexpr std::string_view kKeys[] = {"token_url",     "grant",  "client_id", "client_secret", "client_auth", "private_key",
                                      "key_id",        "scopes", "audience",  "resource",      "params",      "refresh_token",
                                      "issuer",        "subject", "assertion_audience", "subject_token",
                                      "subject_token_type", "actor_token", "actor_token_type"};

// In the order of the enumerations.
constexpr std::string_view kGrants[] = {"client_credentials", "refresh_token", "jwt_bearer", "token_exchange"};
constexpr std::string_view kClientAuths[] = {"none", "basic", "post", "private_key_jwt"};

// Keys that one grant alone has.
constexpr std::pair<std::string_view, OAuth2Grant> kGrantKeys[] = {
    {"refresh_token", OAuth2Grant::refresh_token},       {"issuer", OAuth2Grant::jwt_bearer},
    {"subject", OAuth2Grant::jwt_bearer},                {"subject_token", OAuth2Grant::token_exchange},
    {"subject_token_type", OAuth2Grant::token_exchange}, {"actor_token", OAuth2Grant::token_exchange},
    {"actor_token_type", OAuth2Grant::token_exchange},
};

// What the request has of its own: another of that name would be read by some and not by others.
constexpr std::array<std::string_view, 14> kOwnParameters{
    "grant_type",       "client_id",           "client_secret", "client_assertion", "client_assertion_type",
    "assertion",        "refresh_token",       "scope",         "audience",         "resource",
    "subject_token",    "subject_token_type",  "actor_token",   "actor_token_type"};

constexpr std::string_view kTokenTypes[] = {"access_token", "refresh_token", "id_token", "saml1", "saml2", "jwt"};

class OAuth2Reader {
public:
    explicit OAuth2Reader(SecretReading& reading) : reading_(reading), fields_(reading, joined({kKeys, kEndpointKeys})) {}

    std::shared_ptr<const secrets::SecretProvider> read() {
        fields_.endpoint("token_url", config_.token_endpoint, Presence::required);
        read_grant();
        read_client();
        read_key();
        fields_.words("scopes", config_.scope, Presence::optional);
        fields_.any("audience", config_.audience, Presence::optional);
        fields_.any("resource", config_.resource, Presence::optional);
        read_parameters();
        if (!fields_.ok()) return nullptr;
        return std::make_shared<const secrets::OAuth2Provider>(std::move(config_));
    }

private:
    bool is(OAuth2Grant grant) const { return config_.grant == grant; }
    Presence where(bool required) const { return required ? Presence::required : Presence::optional; }

    void read_grant() {
        std::size_t grant = 0;
        fields_.choice("grant", kGrants, grant);
        config_.grant = static_cast<OAuth2Grant>(grant);
        for (const auto& [key, only] : kGrantKeys) {
            if (fields_.has(key) && !is(only)) {
                fields_.fault_at(key, quote(key) + " belongs to the grant " + std::string(kGrants[static_cast<std::size_t>(only)]));
            }
        }
        fields_.secret("refresh_token", config_.refresh_token, where(is(OAuth2Grant::refresh_token)));
        fields_.any("issuer", config_.issuer, Presence::optional);
        fields_.any("subject", config_.subject, Presence::optional);
        fields_.any("assertion_audience", config_.jwt_audience, Presence::optional);
        fields_.secret("subject_token", config_.subject_token, where(is(OAuth2Grant::token_exchange)));
        fields_.secret("actor_token", config_.actor_token, Presence::optional);
        config_.subject_token_type = read_token_type("subject_token_type");
        config_.actor_token_type = read_token_type("actor_token_type");
    }

    // Short for the URIs of RFC 8693; any other URI as it is.
    std::string read_token_type(std::string_view key) {
        std::string type = "access_token";
        fields_.text(key, type, Presence::optional);
        if (std::find(std::begin(kTokenTypes), std::end(kTokenTypes), type) != std::end(kTokenTypes)) {
            return "urn:ietf:params:oauth:token-type:" + type;
        }
        if (type.find(':') == type.npos) fields_.fault_at(key, quote(key) + " is a URI, or one of access_token, refresh_token, id_token, "
                                                                           "saml1, saml2, jwt");
        return type;
    }

    void read_client() {
        const bool has_secret = fields_.has("client_secret");
        std::size_t client_auth = static_cast<std::size_t>(has_secret ? ClientAuth::basic : ClientAuth::none);
        fields_.choice("client_auth", kClientAuths, client_auth);
        config_.client_auth = static_cast<ClientAuth>(client_auth);
        const bool needs_secret = config_.client_auth == ClientAuth::basic || config_.client_auth == ClientAuth::post;
        if (has_secret && !needs_secret) fields_.fault_at("client_secret", "\"client_secret\" goes with client_auth basic and post");
        if (is(OAuth2Grant::client_credentials) && config_.client_auth == ClientAuth::none && !fields_.has("client_auth")) {
            fields_.fault_at("client_secret", "\"client_secret\" is missing, or client_auth: private_key_jwt");
        }
        if (is(OAuth2Grant::client_credentials) && fields_.has("client_auth") && config_.client_auth == ClientAuth::none) {
            fields_.fault_at("client_auth", "the grant client_credentials needs a client that shows who it is");
        }
        const bool is_anonymous = config_.client_auth == ClientAuth::none &&
                                  (is(OAuth2Grant::jwt_bearer) || is(OAuth2Grant::token_exchange));
        fields_.any("client_id", config_.client_id, where(!is_anonymous));
        fields_.secret("client_secret", config_.client_secret, where(needs_secret));
    }

    void read_key() {
        const bool needs_key = is(OAuth2Grant::jwt_bearer) || config_.client_auth == ClientAuth::private_key_jwt;
        fields_.secret("private_key", config_.key.private_key, where(needs_key));
        fields_.text("key_id", config_.key.key_id, Presence::optional);
        for (const std::string_view key : {"private_key", "key_id", "assertion_audience"}) {
            if (!needs_key && fields_.has(key)) {
                fields_.fault_at(key, quote(key) + " goes with the grant jwt_bearer and with client_auth private_key_jwt");
            }
        }
        if (is(OAuth2Grant::jwt_bearer) && !fields_.has("issuer") && !fields_.has("client_id")) {
            fields_.fault_at("issuer", "the grant jwt_bearer needs an \"issuer\" or a \"client_id\"");
        }
    }

    void read_parameters() {
        const Node* params = reading_.find("params");
        if (params == nullptr) return;
        if (params->kind != NodeKind::map || params->entries.empty()) return fields_.fault(*params, "\"params\" is a mapping of names to values");
        for (const Entry& entry : params->entries) {
            if (std::find(kOwnParameters.begin(), kOwnParameters.end(), entry.key) != kOwnParameters.end()) {
                fields_.fault(entry.value, quote(entry.key) + " is not set by \"params\"");
                continue;
            }
            secrets::TemplateText value;
            fields_.any_at(entry.value, entry.key, value);
            config_.parameters.emplace_back(entry.key, std::move(value));
        }
    }

    SecretReading& reading_;
    ProviderFields fields_;
    OAuth2Config config_;
};

}  // namespace

std::shared_ptr<const secrets::SecretProvider> read_oauth2(SecretReading& reading) { return OAuth2Reader(reading).read(); }

}  // namespace sallyport::rules
