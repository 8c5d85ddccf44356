// Text with references in it: "Bearer ${secrets.token}", "/run/secrets/${params.tenant}/pat". Parsed once; whoever
// fills it in decides what a value may hold.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::secrets {

enum class PartKind { literal, secret, param, label, sandbox_id };

struct TemplatePart {
    PartKind kind = PartKind::literal;
    std::string text;  // the literal, or the name of what is referred to; empty for sandbox_id

    friend bool operator==(const TemplatePart&, const TemplatePart&) = default;
};

using TemplateText = std::vector<TemplatePart>;

// The names of secrets, credentials, policies, parameters and sandboxes: 1 to 63 of [A-Za-z0-9_-], no '-' at either
// end.
bool is_name(std::string_view text);

// "${" begins a reference, every other '$' is itself. config_invalid for a reference that is not closed, or is none of
// ${secrets.NAME}, ${params.NAME}, ${labels.NAME} and ${sandbox.id}; the detail quotes nothing of the text, which may
// be a value pasted by mistake.
Result<TemplateText> parse_template(std::string_view text);

// "parameter \"tenant\"", "label \"team\"", "the sandbox's id": for messages about a part that refers to the sandbox.
std::string describe(const TemplatePart& part);

}  // namespace sallyport::secrets
