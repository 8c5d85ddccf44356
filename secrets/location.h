// Fills a sandbox's parameters, labels and id into the place where a secret is kept. They are less trusted than the
// file that holds the source: none can lead to another folder or to a variable of another shape.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "secrets/secrets.h"
#include "secrets/template_text.h"

namespace sallyport::secrets {

// What a part that refers to the sandbox stands for: secret_unavailable where it is not set.
Result<std::string_view> value_of(const TemplatePart& part, const Identity& identity);

// The variable's name, or the file's path: of systemd's credentials too. secret_unavailable for a parameter or label that is
// not set, and for a value that could change what the location means: in a path '/', NUL, or a component that becomes "." or
// ".."; in a variable's name anything but [A-Za-z0-9_].
Result<std::string> resolve_location(const SecretSource& source, const Identity& identity);

}  // namespace sallyport::secrets
