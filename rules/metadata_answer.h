// Answers like the metadata service of a cloud, so that unmodified SDKs inside a sandbox find credentials: dummies, which
// are worth nothing anywhere. The rules for the cloud's own hosts put the real ones in. As the real services do, what a
// proxy has forwarded for somebody is refused, and so is what does not say that it means a metadata service. One for each
// sandbox, owned by its Egress; lives on its worker. Pure: the clock is passed in.
//
//   GCP     metadata.google.internal: token, identity, email, scopes, project; listings, also recursive
//   AWS     169.254.169.254: IMDSv2 only, role credentials, placement, identity document; 169.254.170.2: those of containers
//   Azure   169.254.169.254: tokens of managed identities, instance
#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <string_view>

#include "base/random.h"
#include "http/validate.h"
#include "rules/actions.h"
#include "rules/metadata_spec.h"

namespace sallyport::rules {

class MetadataAnswers final {
public:
    using Time = std::chrono::system_clock::time_point;

    // IMDSv2's sessions: the oldest gives way.
    static constexpr std::size_t kSessionsMax = 64;

    explicit MetadataAnswers(Random& random) : random_(random) {}

    // To HEAD, the caller leaves the body out.
    Respond answer(const MetadataSpec& spec, const http::CanonicalRequest& request, const http::HeaderMap& headers,
                   Time now);

private:
    struct Session {
        std::string token;
        Time expires_at;
    };

    Respond answer_gcp(const MetadataSpec& spec, const http::CanonicalRequest& request, const http::HeaderMap& headers,
                       Time now);
    Respond answer_aws(const MetadataSpec& spec, const http::CanonicalRequest& request, const http::HeaderMap& headers,
                       Time now);
    Respond answer_aws_container(const MetadataSpec& spec, const http::CanonicalRequest& request, Time now);
    Respond answer_azure(const MetadataSpec& spec, const http::CanonicalRequest& request,
                         const http::HeaderMap& headers, Time now);
    Respond open_session(const http::CanonicalRequest& request, const http::HeaderMap& headers, Time now);
    bool has_session(const http::HeaderMap& headers, Time now) const;
    std::string aws_keys(const MetadataSpec& spec, Time now, bool is_container);
    std::string identity_token(const MetadataSpec& spec, std::string_view audience, Time now);

    Random& random_;
    std::deque<Session> sessions_;
};

}  // namespace sallyport::rules
