// An access token from an OAuth 2.0 token endpoint. The endpoint is the operator's configuration: nothing that comes from a
// request, a sandbox or an answer says where secrets are sent.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "secrets/answer.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

enum class OAuth2Grant {
    client_credentials,  // RFC 6749 section 4.4
    refresh_token,       // section 6
    jwt_bearer,          // RFC 7523 section 2.1
    token_exchange,      // RFC 8693
};

// How the client shows who it is.
enum class ClientAuth {
    none,             // its id in the form, or nothing at all (jwt_bearer)
    basic,            // RFC 6749 section 2.3.1
    post,             // the same in the form
    private_key_jwt,  // RFC 7523 section 2.2
};

struct JwtKeyConfig {
    TemplateText private_key;  // PEM
    std::string key_id;        // "kid"; empty: none
};

struct OAuth2Config {
    Endpoint token_endpoint;
    OAuth2Grant grant = OAuth2Grant::client_credentials;
    ClientAuth client_auth = ClientAuth::basic;
    TemplateText client_id;
    TemplateText client_secret;  // basic, post
    JwtKeyConfig key;            // private_key_jwt, jwt_bearer
    TemplateText scope;          // separated by spaces
    TemplateText audience;
    TemplateText resource;       // RFC 8707
    std::vector<std::pair<std::string, TemplateText>> parameters;  // others, as they are

    TemplateText refresh_token;  // refresh_token: the first one; an answer may replace it
    TemplateText issuer;         // jwt_bearer: "iss"; empty: the client's id
    TemplateText subject;        // jwt_bearer: "sub"; empty: none
    TemplateText jwt_audience;   // jwt_bearer, private_key_jwt: "aud"; empty: the token endpoint
    TemplateText subject_token;  // token_exchange
    std::string subject_token_type;  // a URI
    TemplateText actor_token;        // token_exchange; empty: none
    std::string actor_token_type;
};

// A refresh token that the endpoint has replaced is kept in memory: it is used from then on, until the configured one
// changes. After a restart the configured one is sent again: see docs/credentials.md.
class OAuth2Provider final : public SecretProvider {
public:
    explicit OAuth2Provider(OAuth2Config config) : config_(std::move(config)) {}

    std::string_view type() const override { return "oauth2"; }
    std::string describe() const override;
    void visit_templates(const std::function<void(const TemplateText&)>& visit) const override;
    Result<Fetched> fetch(FetchContext& context) const override;

private:
    OAuth2Config config_;
};

}  // namespace sallyport::secrets
