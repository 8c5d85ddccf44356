// Requests of our own to AWS (Secrets Manager, STS), signed with Signature Version 4.
#pragma once

#include <chrono>
#include <string_view>

#include "secrets/aws_signing_key.h"
#include "secrets/http_client.h"

namespace sallyport::secrets {

// Adds X-Amz-Date, X-Amz-Security-Token where there is a session token, and Authorization. The method, the URL and the body
// may not change after it; of the fields, Content-Type and those that begin with X-Amz- may not. Not for S3.
void sign_aws_request(HttpRequest& request, const AwsKeys& keys, std::string_view region, std::string_view service,
                      std::chrono::system_clock::time_point now);

}  // namespace sallyport::secrets
