// What a request says about its own AWS signature: who signed it, for which service and region, and in which of the two
// forms. The signature itself is of no interest: the sandbox's keys are dummies. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "secrets/aws_signature.h"

namespace sallyport::rules {

enum class AwsForm {
    none,    // not signed at all
    header,  // Authorization: AWS4-HMAC-SHA256 …
    query,   // presigned: ?X-Amz-Algorithm=…&X-Amz-Signature=…
};

struct AwsClaim {
    AwsForm form = AwsForm::none;
    secrets::AwsVersion version = secrets::AwsVersion::v4;
    std::string access_key_id;
    std::string region;  // v4a: the set, as X-Amz-Region-Set says it
    std::string service;
    std::uint32_t expires_seconds = 0;  // presigned only
};

// signature_refused for everything that could be read as another signature than the one that is returned: two of them,
// one of another scheme (AWS's Version 2 too), parts that are missing, repeated or spelled
// in another case.
Result<AwsClaim> read_aws_claim(const http::RequestHead& head);

// The query without what belongs to a signature, in its order, and with "%20" for '+', which readers take for one of two
// things.
std::string query_without_signature(std::string_view query);
// A presigned query's parameter, decoded; empty where there is none.
std::string aws_query_value(std::string_view query, std::string_view key);

// Fields that say who signs, when and for what: replaced, or removed. `name` in any case.
bool is_aws_signature_field(std::string_view name);

// "/bucket/key" of "/bucket/key?versionId=1", and "versionId=1".
std::string_view path_of(std::string_view target);
std::string_view query_of(std::string_view target);

}  // namespace sallyport::rules
