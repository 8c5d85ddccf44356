// Text that is made of a request: what an `hmac` credential signs, and the fields and query keys that it puts in.
//   "${method}\n${path}\n${timestamp}\n${body_sha256}"
// Beside what secrets/template_text.h knows (${secrets.NAME}, ${params.NAME}, …). Parsed once, when a file is loaded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "secrets/digest.h"
#include "secrets/template_text.h"

namespace sallyport::rules {

enum class HmacPartKind {
    text,          // a literal, or a reference to a secret or to the sandbox
    method,        // ${method}
    host,          // ${host}: with the port, where it is not the scheme's own
    path,          // ${path}: as it is sent
    query,         // ${query}: as it is sent, without '?'; with the keys that the credential puts in before the signature
    sorted_query,  // ${sorted_query}: decoded, encoded again (all but unreserved characters), sorted
    target,        // ${target}: the path, and '?' and the query where there is one
    timestamp,     // ${timestamp}
    nonce,         // ${nonce}
    field,         // ${header.NAME}: empty where there is none
    body,          // ${body}
    body_digest,   // ${body_sha256}, ${body_sha256_base64}; md5, sha1 and sha512 too
    signature,     // ${signature}: in fields and query keys only
};

enum class TextEncoding { hex, base64, base64url };

struct HmacPart {
    HmacPartKind kind = HmacPartKind::text;
    secrets::TemplatePart text;  // text: what it is; field: a literal with the field's name
    secrets::DigestKind digest = secrets::DigestKind::sha256;
    TextEncoding encoding = TextEncoding::hex;
};

using HmacTemplate = std::vector<HmacPart>;

// config_invalid for a reference that is not closed or not known; the detail quotes nothing of the text but the names of
// references.
Result<HmacTemplate> parse_hmac_template(std::string_view text);

bool mentions(const HmacTemplate& text, HmacPartKind kind);
// Whether the body must be there.
bool needs_body(const HmacTemplate& text);

}  // namespace sallyport::rules
