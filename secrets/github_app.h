// An installation token of a GitHub App, narrowed to repositories and permissions.
// https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "secrets/answer.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

struct GithubAppConfig {
    Endpoint api;                // "https://api.github.com", or "https://ghe.example/api/v3"
    TemplateText app_id;         // its client id will do
    TemplateText installation;   // the installation's id
    TemplateText private_key;    // PEM
    std::vector<TemplateText> repositories;                          // names without their owner; empty: all
    std::vector<std::pair<std::string, std::string>> permissions;    // {"contents", "read"}; empty: all of the app's
};

// An answer that grants another choice of repositories or other permissions than were asked for is refused.
class GithubAppProvider final : public SecretProvider {
public:
    explicit GithubAppProvider(GithubAppConfig config) : config_(std::move(config)) {}

    std::string_view type() const override { return "github_app"; }
    std::string describe() const override;
    void visit_templates(const std::function<void(const TemplateText&)>& visit) const override;
    Result<Fetched> fetch(FetchContext& context) const override;

private:
    Result<SecretString> app_token(FetchContext& context) const;
    Result<WipedBuffer> body(const FetchContext& context) const;
    Result<void> check_grant(const JsonValue& answer) const;
    Result<Fetched> take(const HttpRequest& request, const HttpReply& reply, const FetchContext& context) const;

    GithubAppConfig config_;
};

}  // namespace sallyport::secrets
