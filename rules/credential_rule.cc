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
        } else if (pattern.has_wildcard() && is_shared_domain(pattern.suffix)) {
            reporter.error(host->place, "a credential for " + quote(to_string(pattern)) +
                                            " would go to anyone with a name under " + quote(pattern.suffix) +
                                            ", a public suffix");
        }
    }
}

}  // namespace

void restrict_to_credential(const Node& node, Rule& rule, Reporter& reporter) {
    if (rule.deny) {
        return reporter.error(find(node, "credential")->place, "a rule with \"deny\" has no use for \"credential\"");
    }
    check_hosts(node, rule, reporter);
    const Node* scheme = find(node, "scheme");
    if (rule.allow_cleartext_credential) return;
    if (scheme == nullptr) {
        rule.http = false;
    } else if (rule.http) {
        reporter.error(scheme->place, "a credential over cleartext needs \"allow_cleartext_credential: true\"");
    }
}

}  // namespace sallyport::rules
