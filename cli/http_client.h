// How secret stores and token endpoints are reached: over libcurl, which gets a connection's address from us and nothing from
// the environment. Names are looked up as the data plane does it, every answer is checked, and only a checked address is
// connected to. Made before threads are; send() on any of them.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "net/address.h"
#include "net/resolver.h"
#include "secrets/http_client.h"

namespace sallyport::cli {

struct HttpClientOptions {
    net::ResolverOptions resolver;
    std::vector<std::string> upstream_ca_files;  // beside the system's
};

class HttpClient final : public secrets::HttpClient {
public:
    explicit HttpClient(HttpClientOptions options);
    ~HttpClient() override;
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    Result<secrets::HttpReply> send(const secrets::HttpRequest& request) override;

    // Every send() fails from now on, within a second or so those that wait. From any thread.
    void stop() { is_stopping_ = true; }

private:
    Result<std::vector<net::Address>> look_up(const std::string& host, std::chrono::milliseconds timeout) const;

    const HttpClientOptions options_;
    std::atomic<bool> is_stopping_{false};
};

// Whether a store may be at this address. secret_unavailable for link-local and metadata services, and for what nobody can be
// at; where `allow_private` is not set, for every private address and the machine's own.
Result<void> check_store_address(const net::Address& address, bool allow_private);

// "https://host:port" of an URL and the rest of it, both as they will be sent. secret_unavailable for what is no URL of a store:
// a user, a fragment, a path with "." or ".." in it, control characters.
struct StoreUrl {
    std::string origin;
    std::string host;  // canonical
    std::uint16_t port = 0;
    bool is_address = false;
    bool is_cleartext = false;
    std::string target;  // "/v1/secret?version=2"
};
Result<StoreUrl> parse_store_url(std::string_view url);

}  // namespace sallyport::cli
