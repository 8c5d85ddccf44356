// A kind of credential as a file configures it: header, bearer, placeholder, aws_sigv4, … One class for each, in a file of
// its own (rules/*_credential.h), made by its reader and listed in rules/credential_reader.cc. Configuration only: it holds
// references, never values. Immutable; shared by the policies that use it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rules/credential_action.h"
#include "secrets/secrets.h"
#include "secrets/template_text.h"

namespace sallyport::rules {

class Placeholders;  // rules/placeholders.h

// What a credential's secrets and references are filled in from.
struct RenderContext {
    std::string_view credential;  // its name
    const secrets::Identity& identity;
    const secrets::SecretSnapshot& secrets;
    const Placeholders* placeholders = nullptr;  // the sandbox's; null where it has none
};

// The views live as long as the kind.
struct PlaceholderShape {
    std::string_view variable;  // that holds the placeholder; empty where there is none
    std::string_view prefix;
    std::string_view secret;    // the name of what it stands for
};

class CredentialKind {
public:
    virtual ~CredentialKind() = default;
    // "header", "aws_sigv4", …: as in the file.
    virtual std::string_view type() const = 0;
    // Where it is put, for operators: "header X-Auth-Token". Holds no value.
    virtual std::string place() const { return {}; }
    // Every template that it fills in: which secrets, parameters and labels it needs is found by these.
    virtual void visit_templates(const std::function<void(const secrets::TemplateText&)>& visit) const = 0;
    // What depends on the sandbox beside those templates: then it is rendered for each.
    virtual bool is_per_sandbox() const { return false; }
    // What stands for it inside sandboxes.
    virtual PlaceholderShape placeholder() const { return {}; }
    // secret_unavailable where a secret or parameter is missing or unfit. The detail never holds a value.
    virtual Result<std::unique_ptr<const CredentialAction>> render(const RenderContext& context) const = 0;
};

}  // namespace sallyport::rules
