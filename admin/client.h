// The command line's side of the admin API: one request over the unix socket, blocking, with a deadline.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sallyport::admin {

struct ClientRequest {
    std::string method = "GET";
    std::string target;  // "/v1/policies"
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

struct ClientResponse {
    int status = 0;
    std::string etag;  // without quotes
    std::string body;
};

// Whatever the status is, it is a response. Errors: connect_failed where nobody listens at `socket_path` or we may not
// connect, with what to do about it; origin_timeout; origin_closed, origin_bad_response and the like for what is no answer.
Result<ClientResponse> call(const std::string& socket_path, const ClientRequest& request,
                            std::chrono::milliseconds deadline = std::chrono::seconds(30));

// GET /v1/events: calls `visit` for each event until it returns false or the stream ends. Errors as above, and denied, with
// what the server said, where the answer is not a stream; origin_timeout where even its sign of life is missing.
Result<void> follow(const std::string& socket_path, const std::string& target,
                    const std::function<bool(std::string_view type, std::string_view data)>& visit);

}  // namespace sallyport::admin
