#include "rules/credential.h"

#include <utility>

namespace sallyport::rules {

Result<std::unique_ptr<const CredentialAction>> render(const CredentialSpec& spec, const secrets::Identity& identity,
                                                       const secrets::SecretSnapshot& secrets,
                                                       const Placeholders* placeholders) {
    auto action = spec.kind->render({spec.name, identity, secrets, placeholders});
    if (!action) action.error().detail = "credential \"" + spec.name + "\": " + action.error().detail;
    return action;
}

}  // namespace sallyport::rules
