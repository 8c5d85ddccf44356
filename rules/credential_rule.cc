#include "rules/credential_rule.h"

#include "rules/fields.h"
#include "rules/public_suffix.h"

namespace sallyport::rules {
namespace {

void check_hosts(const Node& node, const Rule& rule, Reporter& reporter) {
    const Node* host = find(node, "host");
    if (host == nullptr) {
        // Neither: that is said already.
        if (find(node, "cidr") == nullptr) return;
        return reporter.error(find(node, "credential")->place, "a credential needs \"host\": addresses never get one");
    }
    if (!rule.addresses.empty()) {
        return reporter.error(host->place, "a credential never goes to an address: " + quote(rule.addresses[0]));
    }
    for (const HostPattern& pattern : rule.hosts) {
        if (pattern.is_any()) {
            reporter.error(host->place, "a credential needs hosts by name: \"*\" is every name");
        } else if (const std::string shared = find_shared_domain(pattern); !shared.empty()) {
            reporter.error(host->place, "a credential for " + quote(to_string(pattern)) +
                                            " would go to anyone with a name under " + quote(shared) +
                                            ", a public suffix");
        }
    }
}

// What the sandbox speaks does not carry the credential then.
void check_destination(const Node& node, const Rule& rule, Reporter& reporter) {
    const Node* upstream = find(node, "upstream");
    if (rule.upstream->authority.is_address) {
        reporter.error(upstream->place,
                       "a credential never goes to an address: " + quote(rule.upstream->authority.host));
    }
    if (rule.upstream->scheme == http::Scheme::http && !rule.allow_cleartext_credential) {
        reporter.error(upstream->place, "a credential over cleartext needs \"allow_cleartext_credential: true\"");
    }
}

}  // namespace

void restrict_to_credential(const Node& node, Rule& rule, Reporter& reporter) {
    // That is said already: neither has a use for one.
    if (rule.tcp || rule.passthrough) return;
    check_hosts(node, rule, reporter);
    if (rule.upstream != nullptr) return check_destination(node, rule, reporter);
    const Node* scheme = find(node, "scheme");
    if (rule.allow_cleartext_credential) return;
    if (scheme == nullptr) {
        rule.http = false;
    } else if (rule.http) {
        reporter.error(scheme->place, "a credential over cleartext needs \"allow_cleartext_credential: true\"");
    }
}

}  // namespace sallyport::rules
