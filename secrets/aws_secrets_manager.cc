#include "secrets/aws_secrets_manager.h"

#include <array>

#include "secrets/aws_request.h"
#include "secrets/encoding.h"
#include "secrets/fill_in.h"
#include "secrets/jwt.h"
#include "secrets/value_check.h"

namespace sallyport::secrets {
namespace {

// What says that it is gone or ours no longer; all else (throttling, a clock that is off, their own faults) passes.
constexpr std::array<std::string_view, 5> kRevoked{"ResourceNotFoundException", "AccessDeniedException",
                                                   "UnrecognizedClientException", "InvalidClientTokenId",
                                                   "DecryptionFailure"};

// "__type" may have a namespace before its name: "com.amazonaws.secretsmanager#ResourceNotFoundException".
std::string_view revocation(const JsonValue& answer) {
    const auto type = answer.member("__type");
    const auto text = type ? type->text() : std::nullopt;
    if (!text) return {};
    const auto name = text->reveal().substr(text->reveal().find('#') + 1);
    for (const std::string_view known : kRevoked) {
        if (name == known) return known;
    }
    return {};
}

}  // namespace

AwsSecretsManagerProvider::AwsSecretsManagerProvider(AwsSecretsManagerConfig config) : config_(std::move(config)) {
    if (config_.endpoint.url.empty()) config_.endpoint.url = "https://secretsmanager." + config_.region + ".amazonaws.com";
}

std::string AwsSecretsManagerProvider::describe() const {
    return "aws " + config_.region + ' ' + source_text(config_.secret) + (config_.field.empty() ? "" : '#' + config_.field);
}

void AwsSecretsManagerProvider::visit_templates(const std::function<void(const TemplateText&)>& visit) const {
    config_.keys.visit(visit);
    visit(config_.secret);
}

Result<Fetched> AwsSecretsManagerProvider::fetch(FetchContext& context) const {
    const auto keys = fill_in_keys(config_.keys, context);
    if (!keys) return failure(keys.error());
    const auto secret = fill_in_line(config_.secret, context);
    if (!secret) return failure(secret.error());
    JsonObject body;
    body.field("SecretId", secret->reveal());
    if (!config_.stage.empty()) body.field("VersionStage", config_.stage);
    auto request = request_to(config_.endpoint, "POST", "/");
    request.fields.emplace_back("Content-Type", "application/x-amz-json-1.1");
    request.fields.emplace_back("X-Amz-Target", "secretsmanager.GetSecretValue");
    request.body = std::string(body.text());
    const AwsKeys views{keys->access_key_id.reveal(), keys->secret_access_key.reveal(), keys->session_token.reveal()};
    sign_aws_request(request, views, config_.region, "secretsmanager", context.now);
    const auto reply = context.http.send(request);
    if (!reply) return failure(reply.error());
    return take(request, *reply);
}

Result<Fetched> AwsSecretsManagerProvider::take(const HttpRequest& request, const HttpReply& reply) const {
    const auto json = json_object(request, reply);
    const std::string_view revoked = json && reply.status < 500 ? revocation(*json) : std::string_view();
    if (!is_success(reply)) {
        if (revoked.empty()) return failure(ErrorCode::secret_unavailable, answered(request, reply));
        return failure(ErrorCode::denied, answered(request, reply) + ": " + std::string(revoked));
    }
    if (!json) return failure(json.error());
    auto value = value_of(*json);
    if (!value) return failure(value.error());
    return Fetched{std::move(*value), std::nullopt};
}

Result<SecretString> AwsSecretsManagerProvider::value_of(const JsonValue& answer) const {
    if (!answer.member("SecretString")) {
        const auto encoded = secret_member(answer, "SecretBinary");
        if (!encoded) return failure(encoded.error());
        WipedBuffer bytes;
        if (!decode_base64(encoded->reveal(), bytes)) {
            return failure(ErrorCode::secret_unavailable, "the answer's \"SecretBinary\" is not base64");
        }
        return field_of(bytes.view(), config_.field);
    }
    const auto text = secret_member(answer, "SecretString");
    if (!text) return failure(text.error());
    return field_of(text->reveal(), config_.field);
}

}  // namespace sallyport::secrets
