#include "rules/aws_reader.h"

#include "rules/provider_fields.h"
#include "secrets/aws_secrets_manager.h"
#include "secrets/aws_sts.h"

namespace sallyport::rules {
namespace {

constexpr std::string_view kManagerKeys[] = {"region", "secret", "field", "stage", "endpoint"};
constexpr std::string_view kStsKeys[] = {"region",   "role_arn",    "session_name", "duration",
                                         "external_id", "policy", "web_identity", "endpoint"};

// What STS takes; what a role allows may be less.
constexpr std::chrono::minutes kDurationMin{15};
constexpr std::chrono::hours kDurationMax{12};

void read_duration_of_session(SecretReading& reading, ProviderFields& fields, std::chrono::seconds& out) {
    const Node* node = reading.find("duration");
    if (node == nullptr) return;
    const auto duration = read_duration(*node, "duration", reading.reporter);
    if (duration && *duration >= kDurationMin && *duration <= kDurationMax) {
        out = std::chrono::duration_cast<std::chrono::seconds>(*duration);
        return;
    }
    fields.fault(*node, "\"duration\" is from 15m to 12h");
}

}  // namespace

std::shared_ptr<const secrets::SecretProvider> read_aws(SecretReading& reading) {
    ProviderFields fields(reading, joined({kManagerKeys, kEndpointKeys, kAwsKeysKeys}));
    secrets::AwsSecretsManagerConfig config;
    fields.aws_region(config.region);
    fields.any("secret", config.secret, Presence::required);
    fields.text("field", config.field, Presence::optional);
    fields.text("stage", config.stage, Presence::optional);
    fields.endpoint("endpoint", config.endpoint, Presence::optional);
    fields.aws_keys(config.keys);
    if (!fields.ok()) return nullptr;
    return std::make_shared<const secrets::AwsSecretsManagerProvider>(std::move(config));
}

std::shared_ptr<const secrets::SecretProvider> read_aws_sts(SecretReading& reading) {
    ProviderFields fields(reading, joined({kStsKeys, kEndpointKeys, kAwsKeysKeys}));
    secrets::AwsStsConfig config;
    config.session_name = {{secrets::PartKind::literal, "sallyport"}};
    fields.aws_region(config.region);
    fields.any("role_arn", config.role_arn, Presence::required);
    fields.any("session_name", config.session_name, Presence::optional);
    read_duration_of_session(reading, fields, config.duration);
    fields.any("external_id", config.external_id, Presence::optional);
    fields.any("policy", config.policy, Presence::optional);
    fields.endpoint("endpoint", config.endpoint, Presence::optional);
    if (fields.has("web_identity")) {
        fields.secret("web_identity", config.web_identity, Presence::required);
        for (const std::string_view key : kAwsKeysKeys) {
            if (fields.has(key)) fields.fault_at(key, quote(key) + " does not go with \"web_identity\"");
        }
    } else {
        fields.aws_keys(config.keys);
    }
    if (!fields.ok()) return nullptr;
    return std::make_shared<const secrets::AwsStsProvider>(std::move(config));
}

}  // namespace sallyport::rules
