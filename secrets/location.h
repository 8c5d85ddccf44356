// Fills a sandbox's parameters into the place where a secret is kept. Parameters are less trusted than the file that
// holds the source: none can lead to another folder or to a variable of another shape.
#pragma once

#include <string>

#include "base/result.h"
#include "secrets/secrets.h"

namespace sallyport::secrets {

// secret_unavailable for a parameter that is not set, and for one whose value could change what the location means: in
// a path '/', NUL, or a component that becomes "." or ".."; in a variable's name anything but [A-Za-z0-9_].
Result<std::string> resolve_location(const SecretSource& source, const Params& params);

}  // namespace sallyport::secrets
