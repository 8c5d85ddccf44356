#include "secrets/aws_keys.h"

#include "secrets/answer.h"
#include "secrets/fill_in.h"
#include "secrets/json_value.h"
#include "secrets/jwt.h"
#include "secrets/token_answer.h"

namespace sallyport::secrets {

void AwsKeysConfig::visit(const std::function<void(const TemplateText&)>& visit) const {
    for (const TemplateText* text : {&access_key_id, &secret_access_key, &session_token, &document}) {
        if (!text->empty()) visit(*text);
    }
}

Result<AwsKeySet> fill_in_keys(const AwsKeysConfig& config, const FetchContext& context) {
    if (!config.document.empty()) {
        const auto document = fill_in_document(config.document, context);
        if (!document) return failure(document.error());
        return parse_aws_key_document(document->reveal());
    }
    auto id = fill_in_line(config.access_key_id, context);
    if (!id) return failure(id.error());
    auto key = fill_in_line(config.secret_access_key, context);
    if (!key) return failure(key.error());
    if (config.session_token.empty()) return AwsKeySet{std::move(*id), std::move(*key), {}};
    auto token = fill_in_line(config.session_token, context);
    if (!token) return failure(token.error());
    return AwsKeySet{std::move(*id), std::move(*key), std::move(*token)};
}

SecretString aws_key_document(const AwsKeySet& keys) {
    JsonObject json;
    json.field("access_key_id", keys.access_key_id.reveal()).field("secret_access_key", keys.secret_access_key.reveal());
    if (!keys.session_token.empty()) json.field("session_token", keys.session_token.reveal());
    return SecretString(json.text());
}

Result<AwsKeySet> parse_aws_key_document(std::string_view document) {
    const auto json = JsonValue::parse(document);
    if (!json || !json->is_object()) {
        return failure(ErrorCode::secret_unavailable, "the keys are not a JSON object with \"access_key_id\" and \"secret_access_key\"");
    }
    auto id = token_member(*json, "access_key_id");
    if (!id) return failure(id.error());
    auto key = token_member(*json, "secret_access_key");
    if (!key) return failure(key.error());
    if (!json->member("session_token")) return AwsKeySet{std::move(*id), std::move(*key), {}};
    auto token = token_member(*json, "session_token");
    if (!token) return failure(token.error());
    return AwsKeySet{std::move(*id), std::move(*key), std::move(*token)};
}

}  // namespace sallyport::secrets
