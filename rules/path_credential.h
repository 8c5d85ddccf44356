// `path`: a secret as a segment of the path ("/bot123:TOKEN/getMe"). The sandbox writes a fixed text in its place, which
// rules see, logs show, and which is changed after the decision.
#pragma once

#include <memory>

#include "rules/credential_reading.h"

namespace sallyport::rules {

std::shared_ptr<const CredentialKind> read_path_credential(CredentialReading& reading);

}  // namespace sallyport::rules
