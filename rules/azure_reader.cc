#include "rules/azure_reader.h"

#include "rules/provider_fields.h"
#include "secrets/azure_client.h"

namespace sallyport::rules {
namespace {

constexpr std::string_view kKeys[] = {"tenant", "client_id", "client_secret", "certificate", "scopes", "authority"};

}  // namespace

std::shared_ptr<const secrets::SecretProvider> read_azure_client(SecretReading& reading) {
    ProviderFields fields(reading, joined({kKeys, kEndpointKeys}));
    secrets::AzureClientConfig config;
    fields.path("tenant", config.tenant, ProviderFields::Slashes::refused, Presence::required);
    fields.any("client_id", config.client_id, Presence::required);
    fields.words("scopes", config.scope, Presence::required);
    fields.one_of("client_secret", "certificate");
    fields.secret("client_secret", config.client_secret, Presence::optional);
    fields.secret("certificate", config.certificate, Presence::optional);
    fields.endpoint("authority", config.authority, Presence::optional);
    if (!fields.ok()) return nullptr;
    return std::make_shared<const secrets::AzureClientProvider>(std::move(config));
}

}  // namespace sallyport::rules
