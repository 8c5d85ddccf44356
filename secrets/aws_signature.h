// The texts of AWS Signature Version 4 and 4a: the canonical request, and what is signed of it. Who signs and who verifies
// must write them alike to the byte. Keys and signatures are in secrets/aws_signing_key.h. Pure.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"

namespace sallyport::secrets {

enum class AwsVersion {
    v4,   // AWS4-HMAC-SHA256: for one region
    v4a,  // AWS4-ECDSA-P256-SHA256: for a set of regions
};

// "AWS4-HMAC-SHA256"
std::string_view algorithm_name(AwsVersion version);

// What a signature is good for.
struct AwsScope {
    AwsVersion version = AwsVersion::v4;
    std::string timestamp;  // 20150830T123600Z
    std::string region;     // v4a: the set ("*", "eu-west-1,eu-central-1"), which a field of the request carries
    std::string service;

    std::string_view date() const { return std::string_view(timestamp).substr(0, 8); }
};

std::string aws_timestamp(std::chrono::system_clock::time_point now);
// "20150830/us-east-1/service/aws4_request"; v4a has no region in it. What follows the access key's id in a credential.
std::string scope_text(const AwsScope& scope);

// How the path of a request is written.
enum class AwsPathForm {
    normalised,   // dot segments and empty ones are gone, and what is sent is encoded once more
    as_it_is,     // S3: a key may have any segments; decoded and encoded once
};
// By the service's name in the scope.
AwsPathForm path_form(std::string_view service);

struct AwsField {
    std::string_view name;  // in any case
    std::string_view value;
};

// A request as it will be sent; the views are the caller's.
struct AwsRequest {
    std::string_view method;
    std::string_view path;         // without the query
    std::string_view query;        // without '?'; a presigned one without X-Amz-Signature
    std::vector<AwsField> fields;  // those that are signed, in the order in which they are sent; "host" is one
    std::string_view payload_hash; // of the body, in hex, or one of the words below
    AwsPathForm path_form = AwsPathForm::normalised;
};

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kEmptyPayloadHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string canonical_aws_path(std::string_view path, AwsPathForm form);
// Decoded, encoded and sorted. A '+' is a space, as it is for whoever decodes forms: write "%20" into what is sent, so that
// all agree.
std::string canonical_aws_query(std::string_view query);
// The names in lower case, sorted, each once: "host;x-amz-date".
std::string signed_field_names(const std::vector<AwsField>& fields);
// Percent-encoded, all but unreserved characters: how values are put into a presigned query.
void append_aws_encoded(std::string& out, std::string_view text);

// Field values may be secret (session tokens): wipe `out` afterwards.
void append_canonical_request(Buffer& out, const AwsRequest& request);
// What the signature of a request is made of.
std::string string_to_sign(const AwsScope& scope, const AwsRequest& request);

// The Authorization field's value.
std::string authorization_value(const AwsScope& scope, std::string_view access_key_id,
                                const std::vector<AwsField>& fields, std::string_view signature);

// Bodies of the form aws-chunked (STREAMING-…-PAYLOAD): each chunk's signature is chained to the one before, the first to
// the request's. Hashes are in hex.
std::string chunk_string_to_sign(const AwsScope& scope, std::string_view previous_signature, std::string_view chunk_hash);
// The trailer section after the last chunk (…-PAYLOAD-TRAILER); `trailers_hash` is that of "name:value\n" for each.
std::string trailer_string_to_sign(const AwsScope& scope, std::string_view previous_signature,
                                   std::string_view trailers_hash);

}  // namespace sallyport::secrets
