#include "proxy/route_key.h"

#include "rules/credential_action.h"

namespace sallyport::proxy {

UpstreamKey key_of_route(const ConnectionTarget& target, const rules::PolicySnapshot& snapshot,
                         const rules::Decision& route) {
    UpstreamKey key;
    key.generation = snapshot.generation();
    key.scheme = target.scheme;
    key.host = target.host;
    key.is_address = target.is_address;
    key.port = target.port;
    key.h2c = route.h2c && target.scheme == http::Scheme::http;
    key.granted_networks = route.granted_networks;
    const auto* action = snapshot.action_of(route);
    key.client_certificate = action != nullptr ? action->client_certificate() : nullptr;
    key.credential_index = key.client_certificate != nullptr ? route.credential_index : kAnyCredential;
    return key;
}

}  // namespace sallyport::proxy
