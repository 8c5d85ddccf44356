// Whether a request may come in: who calls, and that it was no web page that made a browser call. Pure; immutable once made.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "admin/api.h"
#include "admin/callers.h"
#include "http/authority.h"
#include "http/message.h"

namespace sallyport::admin {

// The other end of a connection.
struct Peer {
    std::string who;               // for the audit log: "uid 1000", "127.0.0.1:40000"
    std::optional<Caller> caller;  // as the transport knows it
    bool has_tokens = false;       // a bearer token says who it is
    bool is_local = false;         // the unix socket: no browser and no name of ours leads there
};

struct Denial {
    Reply reply;  // 401, 403
    std::string why;
};

class Admission final {
public:
    // `host_names` are canonical names.
    Admission(std::vector<TokenCaller> tokens, std::vector<std::string> host_names)
        : tokens_(std::move(tokens)), host_names_(std::move(host_names)) {}

    // Browsers come first: their pages must not learn whether a token is right.
    tl::expected<Caller, Denial> admit(const Peer& peer, const http::RequestHead& head,
                                       const http::Authority& authority) const;

private:
    bool is_our_name(const http::Authority& authority) const;
    tl::expected<Caller, Denial> by_token(const http::RequestHead& head) const;

    std::vector<TokenCaller> tokens_;
    std::vector<std::string> host_names_;
};

}  // namespace sallyport::admin
