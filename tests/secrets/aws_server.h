// What AWS does with every request before it looks at it: whether it is signed by the account's keys, for this region and
// service, just now.
#pragma once

#include "desk.h"
#include "secrets/aws_request.h"

namespace sallyport::secrets {

inline bool is_signed(const HttpRequest& request, const AwsKeys& keys, std::string_view region, std::string_view service,
                      WallClock::time_point now) {
    HttpRequest again;
    again.method = request.method;
    again.url = request.url;
    again.body = request.body;
    for (const auto& field : request.fields) {
        const bool is_signers = field.first == "X-Amz-Date" || field.first == "X-Amz-Security-Token" || field.first == "Authorization";
        if (!is_signers) again.fields.push_back(field);
    }
    sign_aws_request(again, keys, region, service, now);
    const std::string signature = field_of(request, "Authorization");
    return !signature.empty() && signature == field_of(again, "Authorization") &&
           field_of(request, "X-Amz-Security-Token") == keys.session_token;
}

}  // namespace sallyport::secrets
