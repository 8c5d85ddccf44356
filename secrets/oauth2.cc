#include "secrets/oauth2.h"

#include "secrets/encoding.h"
#include "secrets/expiry.h"
#include "secrets/fill_in.h"
#include "secrets/jwt.h"
#include "secrets/token_answer.h"

namespace sallyport::secrets {
namespace {

constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::string_view kTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr std::chrono::seconds kAssertionLifetime{300};

struct OAuth2State final : ProviderState {
    SecretString configured;  // the refresh token that `current` came from
    SecretString current;
};

std::string_view name_of(OAuth2Grant grant) {
    switch (grant) {
        case OAuth2Grant::client_credentials: return "client_credentials";
        case OAuth2Grant::refresh_token: return "refresh_token";
        case OAuth2Grant::jwt_bearer: return kJwtBearer;
        case OAuth2Grant::token_exchange: return kTokenExchange;
    }
    return "";
}

// One request to the endpoint, part by part.
class TokenRequest {
public:
    TokenRequest(const OAuth2Config& config, const FetchContext& context, const SecretString* refresh_token)
        : config_(config), context_(context), refresh_token_(refresh_token) {}

    Result<HttpRequest> build() {
        request_ = request_to(config_.token_endpoint, "POST");
        append_form(form_, "grant_type", name_of(config_.grant));
        for (auto step : {&TokenRequest::add_grant, &TokenRequest::add_client, &TokenRequest::add_parameters}) {
            if (const auto done = (this->*step)(); !done) return failure(done.error());
        }
        set_form(request_, form_);
        return std::move(request_);
    }

private:
    Result<void> add_grant() {
        switch (config_.grant) {
            case OAuth2Grant::client_credentials: return {};
            case OAuth2Grant::refresh_token: append_form(form_, "refresh_token", refresh_token_->reveal()); return {};
            case OAuth2Grant::jwt_bearer: return add_assertion("assertion", config_.issuer, config_.subject);
            case OAuth2Grant::token_exchange: return add_exchange();
        }
        return {};
    }

    Result<void> add_exchange() {
        if (const auto added = add("subject_token", config_.subject_token); !added) return added;
        append_form(form_, "subject_token_type", config_.subject_token_type);
        if (config_.actor_token.empty()) return {};
        append_form(form_, "actor_token_type", config_.actor_token_type);
        return add("actor_token", config_.actor_token);
    }

    Result<void> add_client() {
        switch (config_.client_auth) {
            case ClientAuth::none: return add("client_id", config_.client_id);
            case ClientAuth::basic: return add_basic();
            case ClientAuth::post:
                if (const auto added = add("client_id", config_.client_id); !added) return added;
                return add("client_secret", config_.client_secret);
            case ClientAuth::private_key_jwt:
                append_form(form_, "client_assertion_type", kAssertionType);
                return add_assertion("client_assertion", config_.client_id, config_.client_id);
        }
        return {};
    }

    // Both are form-encoded first (RFC 6749 section 2.3.1), so that a ':' in the id does no harm.
    Result<void> add_basic() {
        const auto id = fill_in_line(config_.client_id, context_);
        if (!id) return failure(id.error());
        const auto secret = fill_in_line(config_.client_secret, context_);
        if (!secret) return failure(secret.error());
        WipedBuffer pair, value;
        append_percent(pair, id->reveal());
        pair.append(':');
        append_percent(pair, secret->reveal());
        value.append("Basic ");
        append_base64(value, pair.view());
        return add_field(request_, "Authorization", value.view());
    }

    Result<void> add_assertion(std::string_view name, const TemplateText& issuer, const TemplateText& subject) {
        const auto pem = fill_in_document(config_.key.private_key, context_);
        if (!pem) return failure(pem.error());
        const auto key = SigningKey::from_pem(pem->reveal());
        if (!key) return failure(key.error());
        JsonObject claims;
        if (const auto filled = add_claims(claims, issuer, subject); !filled) return filled;
        JsonObject header;
        if (!config_.key.key_id.empty()) header.field("kid", config_.key.key_id);
        const auto fields = header.text().substr(1, header.text().size() - 2);
        const auto token = sign_jwt(*key, key->algorithm(), fields, claims.text());
        if (!token) return failure(token.error());
        append_form(form_, name, token->reveal());
        return {};
    }

    Result<void> add_claims(JsonObject& claims, const TemplateText& issuer, const TemplateText& subject) {
        if (const auto added = add_claim(claims, "iss", issuer.empty() ? config_.client_id : issuer); !added) return added;
        if (const auto added = add_claim(claims, "sub", subject); !added) return added;
        if (config_.jwt_audience.empty()) claims.field("aud", config_.token_endpoint.url);
        else if (const auto added = add_claim(claims, "aud", config_.jwt_audience); !added) return added;
        claims.time("iat", context_.now).time("exp", context_.now + kAssertionLifetime);
        claims.field("jti", random_id(context_.random));
        return {};
    }

    Result<void> add_claim(JsonObject& claims, std::string_view name, const TemplateText& text) {
        if (text.empty()) return {};
        const auto value = fill_in_line(text, context_);
        if (!value) return failure(value.error());
        claims.field(name, value->reveal());
        return {};
    }

    Result<void> add_parameters() {
        const std::pair<std::string_view, const TemplateText*> kKnown[] = {
            {"scope", &config_.scope}, {"audience", &config_.audience}, {"resource", &config_.resource}};
        for (const auto& [name, text] : kKnown) {
            if (const auto added = add(name, *text); !added) return added;
        }
        for (const auto& [name, text] : config_.parameters) {
            if (const auto added = add(name, text); !added) return added;
        }
        return {};
    }

    Result<void> add(std::string_view name, const TemplateText& text) {
        if (text.empty()) return {};
        const auto value = fill_in_line(text, context_);
        if (!value) return failure(value.error());
        append_form(form_, name, value->reveal());
        return {};
    }

    const OAuth2Config& config_;
    const FetchContext& context_;
    const SecretString* refresh_token_;
    HttpRequest request_;
    WipedBuffer form_;
};

// The one to send now: the last that the endpoint has given, unless the operator has put in another one since.
Result<const SecretString*> refresh_token_of(const OAuth2Config& config, FetchContext& context) {
    auto configured = fill_in_line(config.refresh_token, context);
    if (!configured) return failure(configured.error());
    if (!context.state) context.state = std::make_unique<OAuth2State>();
    auto& state = static_cast<OAuth2State&>(*context.state);
    if (state.configured.reveal() != configured->reveal()) {
        state.current = SecretString(configured->reveal());
        state.configured = std::move(*configured);
    }
    return &state.current;
}

void keep_rotated(FetchContext& context, std::optional<SecretString>& refresh_token) {
    if (!refresh_token || !context.state) return;
    static_cast<OAuth2State&>(*context.state).current = std::move(*refresh_token);
}

}  // namespace

std::string OAuth2Provider::describe() const { return "oauth2 " + config_.token_endpoint.url; }

void OAuth2Provider::visit_templates(const std::function<void(const TemplateText&)>& visit) const {
    const TemplateText* texts[] = {
        &config_.client_id,     &config_.client_secret, &config_.key.private_key, &config_.scope,
        &config_.audience,      &config_.resource,      &config_.refresh_token,   &config_.issuer,
        &config_.subject,       &config_.jwt_audience,  &config_.subject_token,   &config_.actor_token,
    };
    for (const TemplateText* text : texts) {
        if (!text->empty()) visit(*text);
    }
    for (const auto& parameter : config_.parameters) visit(parameter.second);
}

Result<Fetched> OAuth2Provider::fetch(FetchContext& context) const {
    const SecretString* refresh_token = nullptr;
    if (config_.grant == OAuth2Grant::refresh_token) {
        const auto found = refresh_token_of(config_, context);
        if (!found) return failure(found.error());
        refresh_token = *found;
    }
    const auto request = TokenRequest(config_, context, refresh_token).build();
    if (!request) return failure(request.error());
    const auto reply = context.http.send(*request);
    if (!reply) return failure(reply.error());
    auto answer = read_token_answer(*request, *reply, context.now);
    if (!answer) return failure(answer.error());
    if (config_.grant == OAuth2Grant::refresh_token) keep_rotated(context, answer->refresh_token);
    return Fetched{std::move(answer->token), answer->expires_at};
}

}  // namespace sallyport::secrets
