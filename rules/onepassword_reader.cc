#include "rules/onepassword_reader.h"

#include "rules/provider_fields.h"
#include "secrets/onepassword.h"

namespace sallyport::rules {
namespace {

constexpr std::string_view kKeys[] = {"address", "token", "vault", "item", "field"};

}  // namespace

std::shared_ptr<const secrets::SecretProvider> read_onepassword(SecretReading& reading) {
    ProviderFields fields(reading, joined({kKeys, kEndpointKeys}));
    secrets::OnePasswordConfig config;
    fields.endpoint("address", config.server, Presence::required);
    fields.secret("token", config.token, Presence::required);
    fields.any("vault", config.vault, Presence::required);
    fields.any("item", config.item, Presence::required);
    fields.text("field", config.field, Presence::required);
    if (!fields.ok()) return nullptr;
    return std::make_shared<const secrets::OnePasswordProvider>(std::move(config));
}

}  // namespace sallyport::rules
