// Templates filled in by a provider, from the secrets that it is given and from who the sandbox is.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret_string.h"
#include "secrets/provider.h"
#include "secrets/template_text.h"

namespace sallyport::secrets {

// All of them: secret_unavailable where something is not set. What comes from a sandbox's parameters, labels and id is less
// trusted than the file that holds the template: only visible ASCII, so that "scope: ${params.x}" is one scope.

// One line: no control characters; for header fields, forms and JSON.
Result<SecretString> fill_in_line(const TemplateText& text, const FetchContext& context);
// May hold line ends: a key in PEM, a JSON document.
Result<SecretString> fill_in_document(const TemplateText& text, const FetchContext& context);
// Part of a URL's path. Literals stand as they are; what is filled in is percent-encoded and never a '/', "." or "..".
Result<std::string> fill_in_path(const TemplateText& text, const FetchContext& context);

// As it was written, for operators: "kv/data/${params.tenant}/db".
std::string source_text(const TemplateText& text);

}  // namespace sallyport::secrets
