#include "rules/public_suffix.h"

#include <libpsl.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace sallyport::rules {
namespace {

// Every name right below is some customer's. Debian's list is some years old, and never had many of these.
constexpr std::string_view kTenants[] = {
    // Code, previews and what it runs on.
    "ghe.com", "github.dev", "app.github.dev", "gitbook.io", "gitpod.io", "codespaces.new", "csb.app",
    "stackblitz.io", "webcontainer.io", "replit.app", "replit.dev", "railway.app", "up.railway.app", "hf.space",
    "huggingface.cloud", "modal.run", "modal.host", "surge.sh", "vercel.sh", "amplifyapp.com", "cloudshell.dev",
    "bubbleapps.io", "webflow.io", "notion.site", "wordpress.com", "tumblr.com", "squarespace.com",
    "myjetbrains.com", "youtrack.cloud", "jfrog.io", "artifactoryonline.com", "pkg.dev", "azurecr.io", "neon.tech",
    "upstash.io",
    // Tunnels and request bins.
    "ngrok.app", "ngrok.dev", "ngrok-free.app", "ngrok-free.dev", "loca.lt", "localhost.run", "lhr.life",
    "serveo.net", "requestcatcher.com", "webhook.site", "oastify.com", "burpcollaborator.net", "pipedream.net",
    "beeceptor.com",
    // Clouds.
    "storage.googleapis.com", "usercontent.google.com", "googleusercontent.com", "azure-api.net", "azurefd.net",
    "azureedge.net", "trafficmanager.net", "vault.azure.net", "azmk8s.io", "azuredatabricks.net",
    "azurehdinsight.net", "visualstudio.com", "cloud.databricks.com", "mongodb.net", "cockroachlabs.cloud",
    "confluent.cloud", "cloudamqp.com", "elastic-cloud.com", "found.io", "b-cdn.net", "cdn.cloudflare.net",
    "cloudflareaccess.com", "members.linode.com", "app.render.com",
    // Software that each customer has under a name of its own.
    "atlassian.net", "auth0.com", "okta.com", "oktapreview.com", "onelogin.com", "slack.com", "sharepoint.com",
    "service-now.com", "snowflakecomputing.com", "zendesk.com", "freshdesk.com", "my.salesforce.com",
    "myworkday.com", "looker.com", "statuspage.io", "splunkcloud.com", "ingest.sentry.io", "retool.com",
};

// Customers have names at every depth of these trees.
constexpr std::string_view kTenantTrees[] = {
    "aliyuncs.com", "amazonaws.com", "amazonaws.com.cn", "awsapps.com", "backblazeb2.com", "cloudapp.azure.com",
    "fastly.net",   "force.com",     "myqcloud.com",     "nip.io",      "on.aws",          "oraclecloud.com",
    "sslip.io",     "wasabisys.com", "windows.net",      "xip.io",
};

bool is_below(std::string_view name, std::string_view domain) {
    return name.size() > domain.size() && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.';
}

// Whether some name that the pattern matches lies below `domain`, which lies below the pattern's suffix.
bool reaches(const HostPattern& pattern, std::string_view domain) {
    if (!is_below(domain, pattern.suffix)) return false;
    return pattern.is_open || pattern.wildcards > count_labels(domain) - count_labels(pattern.suffix);
}

}  // namespace

bool is_shared_domain(const std::string& domain) {
    if (domain.find('.') == domain.npos) return true;
    if (std::find(std::begin(kTenants), std::end(kTenants), domain) != std::end(kTenants)) return true;
    const auto holds = [&](std::string_view tree) { return domain == tree || is_below(domain, tree); };
    if (std::any_of(std::begin(kTenantTrees), std::end(kTenantTrees), holds)) return true;
    return psl_is_public_suffix(psl_builtin(), domain.c_str()) != 0;
}

std::string find_shared_domain(const HostPattern& pattern) {
    if (!pattern.has_wildcard()) return {};
    if (is_shared_domain(pattern.suffix)) return pattern.suffix;
    const auto is_reached = [&](std::string_view domain) { return reaches(pattern, domain); };
    const auto* tenant = std::find_if(std::begin(kTenants), std::end(kTenants), is_reached);
    if (tenant != std::end(kTenants)) return std::string(*tenant);
    const auto* tree = std::find_if(std::begin(kTenantTrees), std::end(kTenantTrees), is_reached);
    return tree != std::end(kTenantTrees) ? std::string(*tree) : std::string();
}

}  // namespace sallyport::rules
