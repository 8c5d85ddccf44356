// The explicit proxy's listeners, as the deployment's file wants them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "rules/policy_file.h"

namespace sallyport::cli {

struct ProxyListener {
    UniqueFd socket;
    std::string place;  // a unix socket's path, or "127.0.0.1:3128" with the port that it has
};

// Opens them all: before the process is confined. Whoever may connect to a unix socket is for the credential to say.
Result<std::vector<ProxyListener>> open_proxy_listeners(const rules::ProxySpec& spec);

// For clients: "http://box:…@127.0.0.1:3128". Empty for a unix socket, which no such URL can name.
std::string proxy_url(const std::string& scheme, const std::string& place, const std::string& user, std::string_view password);

}  // namespace sallyport::cli
