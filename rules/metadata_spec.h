// A rule's `metadata`: which cloud's metadata service it stands in for, and what that says about the machine. Configuration,
// checked at load; nothing of it is secret.
//
//   - { host: [metadata.google.internal, 169.254.169.254], metadata: { gcp: storage, project: acme, email: a@b.example } }
//   - { host: [169.254.169.254, 169.254.170.2], metadata: { aws: bucket, region: eu-west-1, role: agent } }
//   - { host: 169.254.169.254, metadata: { azure: graph } }
#pragma once

#include <memory>
#include <set>
#include <string>

#include "rules/document.h"

namespace sallyport::rules {

enum class Cloud { aws, gcp, azure };

struct MetadataSpec {
    Cloud cloud = Cloud::aws;
    // What the rules for the cloud's own hosts put in, whatever the sandbox has been told here.
    std::string credential;

    std::string region;  // aws, azure; gcp: the zone's
    std::string account = "000000000000";                                    // aws
    std::string role = "sallyport";                                          // aws
    std::string access_key_id;                                               // aws; empty: what aws_sigv4 takes for its own
    std::string project = "sallyport";                                       // gcp
    std::string project_number = "0";                                        // gcp
    std::string zone;                                                        // gcp
    std::string email = "default@sallyport.invalid";                         // gcp
    std::string scope = "https://www.googleapis.com/auth/cloud-platform";    // gcp
    std::string client_id = "00000000-0000-0000-0000-000000000000";          // azure
    std::string subscription_id = "00000000-0000-0000-0000-000000000000";    // azure
};

// Null, with a report, where it is wrong.
std::shared_ptr<const MetadataSpec> read_metadata(const Node& node,
                                                  const std::set<std::string, std::less<>>& credential_names,
                                                  Reporter& reporter);

}  // namespace sallyport::rules
