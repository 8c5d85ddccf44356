// How secret stores and token endpoints are asked. The interface only: whoever owns sockets implements it (cli/), tests have
// a fake one. Blocking; called on the refresher's threads, several at once.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "base/secret_string.h"

namespace sallyport::secrets {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

// Field values and the body may hold secrets: wiped when gone.
struct HttpRequest {
    HttpRequest() = default;
    HttpRequest(HttpRequest&&) = default;
    HttpRequest& operator=(HttpRequest&&) = default;
    ~HttpRequest() {
        for (auto& field : fields) wipe_bytes(field.second.data(), field.second.size());
        wipe_bytes(body.data(), body.size());
    }

    std::string method = "GET";
    std::string url;  // operator's configuration, never a request's; https unless it says http, which needs allow_cleartext
    HttpFields fields;
    std::string body;
    std::string ca_file;                  // PEM, instead of the system's; empty: the system's and `upstream_ca`
    std::string client_certificate_file;  // PEM; empty: none
    std::string client_key_file;
    bool allow_cleartext = false;
    // Loopback, RFC 1918 and the like; never link-local and metadata addresses, unless `url` names the address itself.
    bool allow_private = true;
    std::chrono::milliseconds timeout{10'000};
};

struct HttpReply {
    HttpReply() = default;
    HttpReply(HttpReply&&) = default;
    HttpReply& operator=(HttpReply&&) = default;
    ~HttpReply() { wipe_bytes(body.data(), body.size()); }

    int status = 0;
    HttpFields fields;  // names in lower case
    std::string body;   // at most kReplyBytesMax
};

inline constexpr std::size_t kReplyBytesMax = 1024 * 1024;

class HttpClient {
public:
    virtual ~HttpClient() = default;
    // Verifies the certificate, follows no redirect, resolves the name itself and connects to an address that it has
    // checked. Any status is a reply. secret_unavailable otherwise: the detail says what and where, never a value.
    virtual Result<HttpReply> send(const HttpRequest& request) = 0;
};

}  // namespace sallyport::secrets
