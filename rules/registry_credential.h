// `registry`: pulls from (and pushes to) a registry of the OCI distribution specification, with no login inside.
//
//   hub: { type: registry, username: robot, password: "${secrets.hub}", realm: "https://auth.example/token" }
//
// A client makes its way by itself: it asks the registry, is told to get a token from the realm, gets one, and comes back.
// At the realm the user and password are put in, and what the sandbox gets instead of the token is worth something only
// through this credential; at every other host of rules with it, the token is put back into Authorization. Which host is
// the realm is configuration; one that a registry names in a challenge gets nothing.
#pragma once

#include <memory>

#include "rules/credential_reading.h"

namespace sallyport::rules {

std::shared_ptr<const CredentialKind> read_registry_credential(CredentialReading& reading);

}  // namespace sallyport::rules
