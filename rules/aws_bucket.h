// Which bucket of S3 a request is about: the host names it ("photos.s3.eu-west-1.amazonaws.com"), or the path does
// ("s3.eu-west-1.amazonaws.com/photos/cat.jpg"). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport::rules {

// `host` canonical, without a port; `path` as it is sent. `endpoint` is the host of a store that is not Amazon's, canonical,
// or empty. signature_refused where no bucket is named, where it is not known how this host names one, and where the path
// could be read as that of another bucket (dot segments, '\\').
Result<std::string> bucket_of(std::string_view host, std::string_view path, std::string_view endpoint);

// The bucket in an X-Amz-Copy-Source: "photos/cat.jpg", "/photos/cat.jpg?versionId=…", percent-encoded or not.
// signature_refused for access points and as above.
Result<std::string> bucket_of_copy_source(std::string_view value);

}  // namespace sallyport::rules
