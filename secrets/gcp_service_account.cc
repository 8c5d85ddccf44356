#include "secrets/gcp_service_account.h"

#include "secrets/encoding.h"
#include "secrets/fill_in.h"
#include "secrets/jwt.h"
#include "secrets/token_answer.h"

namespace sallyport::secrets {
namespace {

constexpr std::chrono::seconds kAssertionLifetime{3600};
constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

tl::unexpected<Error> not_a_key() {
    return failure(ErrorCode::secret_unavailable,
                   "the service account's key is not the JSON document with \"client_email\" and \"private_key\"");
}

}  // namespace

std::string GcpServiceAccountProvider::describe() const {
    const TemplateText& what = config_.audience.empty() ? config_.scope : config_.audience;
    return "gcp_service_account " + source_text(what);
}

void GcpServiceAccountProvider::visit_templates(const std::function<void(const TemplateText&)>& visit) const {
    for (const TemplateText* text : {&config_.key, &config_.scope, &config_.audience, &config_.subject}) {
        if (!text->empty()) visit(*text);
    }
}

Result<SecretString> GcpServiceAccountProvider::assertion(FetchContext& context) const {
    const auto document = fill_in_document(config_.key, context);
    if (!document) return failure(document.error());
    const auto json = JsonValue::parse(document->reveal());
    if (!json || !json->is_object()) return not_a_key();
    return sign(*json, context);
}

Result<SecretString> GcpServiceAccountProvider::sign(const JsonValue& json, FetchContext& context) const {
    const auto email_member = json.member("client_email"), pem_member = json.member("private_key");
    const auto email = email_member ? email_member->text() : std::nullopt;
    const auto pem = pem_member ? pem_member->text() : std::nullopt;
    if (!email || !pem) return not_a_key();
    const auto key = SigningKey::from_pem(pem->reveal());
    if (!key) return failure(key.error());
    const bool is_id_token = !config_.audience.empty();
    const auto target = fill_in_line(is_id_token ? config_.audience : config_.scope, context);
    if (!target) return failure(target.error());
    JsonObject claims;
    claims.field("iss", email->reveal()).field("aud", config_.token_endpoint.url);
    claims.time("iat", context.now).time("exp", context.now + kAssertionLifetime);
    claims.field(is_id_token ? "target_audience" : "scope", target->reveal());
    if (!config_.subject.empty()) {
        const auto subject = fill_in_line(config_.subject, context);
        if (!subject) return failure(subject.error());
        claims.field("sub", subject->reveal());
    }
    JsonObject header;
    const auto id_member = json.member("private_key_id");
    if (const auto id = id_member ? id_member->text() : std::nullopt) header.field("kid", id->reveal());
    return sign_jwt(*key, JwtAlgorithm::rs256, header.text().substr(1, header.text().size() - 2), claims.text());
}

Result<Fetched> GcpServiceAccountProvider::fetch(FetchContext& context) const {
    const auto jwt = assertion(context);
    if (!jwt) return failure(jwt.error());
    WipedBuffer form;
    append_form(form, "grant_type", kJwtBearer);
    append_form(form, "assertion", jwt->reveal());
    auto request = request_to(config_.token_endpoint, "POST");
    set_form(request, form);
    const auto reply = context.http.send(request);
    if (!reply) return failure(reply.error());
    auto answer = config_.audience.empty() ? read_token_answer(request, *reply, context.now)
                                           : read_id_token_answer(request, *reply, context.now);
    if (!answer) return failure(answer.error());
    return Fetched{std::move(answer->token), answer->expires_at};
}

}  // namespace sallyport::secrets
