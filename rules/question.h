// A request as somebody would type it, and as the proxy would see it: read by the same code, so that what is asked is
// what would be decided. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/header_map.h"
#include "http/validate.h"

namespace sallyport::rules {

// A header may repeat. A URL that ends behind its host means "/", and for OPTIONS the whole origin ("*"), as in HTTP.
struct Question {
    std::string method = "GET";
    std::string url;  // http:// or https://, absolute; a fragment is not sent
    std::vector<std::pair<std::string, std::string>> headers;
};

struct AskedRequest {
    http::CanonicalRequest request;
    http::HeaderMap headers;  // without what belongs to one connection only, as rules see them
    bool websocket = false;   // asks for an upgrade to it
};

// As the proxy would see it after it was parsed and validated; the error is what the client would get.
Result<AskedRequest> ask(const Question& question);

// Why there is no answer: "the request is not well-formed HTTP (a URL begins with https:// or http://)"
std::string reason_of_refusal(const Error& error);

// "GET https://api.github.com/repos/acme/x"
std::string to_string(const http::CanonicalRequest& request);

}  // namespace sallyport::rules
