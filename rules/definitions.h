// What a file defines for its policies to refer to, and what of it they use. Names are there also for what has faults.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "rules/credential.h"

namespace sallyport::rules {

struct Definitions {
    using Names = std::set<std::string, std::less<>>;

    Names secrets;
    Names credentials;
    std::map<std::string, CredentialSpec, std::less<>> specs;
    Names used_secrets;
    Names used_credentials;
};

}  // namespace sallyport::rules
