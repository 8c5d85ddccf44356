#include "secrets/github_app.h"

#include "secrets/encoding.h"
#include "secrets/expiry.h"
#include "secrets/fill_in.h"
#include "secrets/jwt.h"
#include "secrets/token_answer.h"

namespace sallyport::secrets {
namespace {

// GitHub takes ten minutes at most, and advises to allow for clocks that differ by a minute.
constexpr std::chrono::seconds kJwtLifetime{540};
constexpr std::chrono::seconds kClockSkew{60};

}  // namespace

std::string GithubAppProvider::describe() const {
    return "github_app " + source_text(config_.app_id) + " installation " + source_text(config_.installation);
}

void GithubAppProvider::visit_templates(const std::function<void(const TemplateText&)>& visit) const {
    for (const TemplateText* text : {&config_.app_id, &config_.installation, &config_.private_key}) visit(*text);
    for (const TemplateText& repository : config_.repositories) visit(repository);
}

Result<SecretString> GithubAppProvider::app_token(FetchContext& context) const {
    const auto issuer = fill_in_line(config_.app_id, context);
    if (!issuer) return failure(issuer.error());
    const auto pem = fill_in_document(config_.private_key, context);
    if (!pem) return failure(pem.error());
    const auto key = SigningKey::from_pem(pem->reveal());
    if (!key) return failure(key.error());
    JsonObject claims;
    claims.time("iat", context.now - kClockSkew).time("exp", context.now + kJwtLifetime).field("iss", issuer->reveal());
    return sign_jwt(*key, JwtAlgorithm::rs256, {}, claims.text());
}

Result<WipedBuffer> GithubAppProvider::body(const FetchContext& context) const {
    WipedBuffer repositories;
    for (const TemplateText& repository : config_.repositories) {
        const auto name = fill_in_line(repository, context);
        if (!name) return failure(name.error());
        repositories.append(repositories.empty() ? '[' : ',');
        append_json(repositories, name->reveal());
    }
    JsonObject permissions, object;
    for (const auto& [name, level] : config_.permissions) permissions.field(name, level);
    if (!repositories.empty()) {
        repositories.append(']');
        object.raw("repositories", repositories.view());
    }
    if (!config_.permissions.empty()) object.raw("permissions", permissions.text());
    WipedBuffer body;
    body.append(object.text());
    return body;
}

Result<void> GithubAppProvider::check_grant(const JsonValue& answer) const {
    const auto selection = answer.member("repository_selection");
    if (!config_.repositories.empty() && selection && !selection->is_text("selected")) {
        return failure(ErrorCode::secret_unavailable, "the token is for other repositories than were asked for");
    }
    for (const auto& [name, level] : config_.permissions) {
        const auto granted = answer.member("permissions", name);
        if (granted && granted->is_text(level)) continue;
        return failure(ErrorCode::secret_unavailable, "the token's permission \"" + name + "\" is not what was asked for");
    }
    return {};
}

Result<Fetched> GithubAppProvider::fetch(FetchContext& context) const {
    const auto installation = fill_in_path(config_.installation, context);
    if (!installation) return failure(installation.error());
    const auto jwt = app_token(context);
    if (!jwt) return failure(jwt.error());
    const auto json = body(context);
    if (!json) return failure(json.error());
    auto request = request_to(config_.api, "POST", "/app/installations/" + *installation + "/access_tokens");
    request.fields.front().second = "application/vnd.github+json";
    request.fields.emplace_back("X-GitHub-Api-Version", "2022-11-28");
    if (const auto added = add_bearer(request, *jwt); !added) return failure(added.error());
    set_json(request, json->view());
    const auto reply = context.http.send(request);
    if (!reply) return failure(reply.error());
    return take(request, *reply, context);
}

Result<Fetched> GithubAppProvider::take(const HttpRequest& request, const HttpReply& reply,
                                        const FetchContext& context) const {
    // The key was deleted, the app suspended or taken out, or the installation has no such repository any more (422).
    // GitHub's 403 may also be a rate limit, which passes.
    if (reply.status == 401 || reply.status == 404 || reply.status == 422) {
        return failure(ErrorCode::denied, answered(request, reply));
    }
    if (reply.status != 201) return failure(ErrorCode::secret_unavailable, answered(request, reply));
    const auto json = json_object(request, reply);
    if (!json) return failure(json.error());
    auto token = token_member(*json, "token");
    if (!token) return failure(token.error());
    if (const auto checked = check_grant(*json); !checked) return failure(checked.error());
    const auto expires_at = json->member("expires_at");
    const auto text = expires_at ? expires_at->text() : std::nullopt;
    const auto moment = text ? parse_time(text->reveal()) : std::nullopt;
    if (!moment) return failure(ErrorCode::secret_unavailable, "the answer's \"expires_at\" is not a time");
    const auto end = usable_until_moment(context.now, *moment);
    if (!end) return failure(end.error());
    return Fetched{std::move(*token), *end};
}

}  // namespace sallyport::secrets
