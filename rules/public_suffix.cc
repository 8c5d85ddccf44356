#include "rules/public_suffix.h"

#include <libpsl.h>

#include <algorithm>
#include <array>

namespace sallyport::rules {
namespace {

// Every name below is some customer's.
constexpr std::array<std::string_view, 10> kTenants{
    "atlassian.net", "auth0.com",      "ghe.com",         "googleusercontent.com",  "okta.com",
    "slack.com",     "sharepoint.com", "service-now.com", "snowflakecomputing.com", "zendesk.com",
};

// The list holds only some names in these trees, and customers have names at every depth.
constexpr std::array<std::string_view, 4> kTenantTrees{"amazonaws.com", "amazonaws.com.cn", "fastly.net",
                                                       "windows.net"};

bool is_at_or_below(std::string_view name, std::string_view domain) {
    if (!name.ends_with(domain)) return false;
    return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

}  // namespace

bool is_shared_domain(const std::string& domain) {
    if (domain.find('.') == domain.npos) return true;
    if (std::find(kTenants.begin(), kTenants.end(), domain) != kTenants.end()) return true;
    const auto holds = [&](std::string_view tree) { return is_at_or_below(domain, tree); };
    if (std::any_of(kTenantTrees.begin(), kTenantTrees.end(), holds)) return true;
    return psl_is_public_suffix(psl_builtin(), domain.c_str()) != 0;
}

}  // namespace sallyport::rules
