#include "admin/admission.h"

#include <algorithm>

namespace sallyport::admin {
namespace {

tl::unexpected<Denial> forbidden(std::string_view why) {
    return tl::unexpected(Denial{Reply::failed(403, "forbidden", why), std::string(why)});
}

tl::unexpected<Denial> unauthorized(std::string_view challenge, std::string_view why) {
    Reply reply = Reply::failed(401, "unauthorized", why);
    reply.headers.emplace_back("WWW-Authenticate", challenge);
    return tl::unexpected(Denial{std::move(reply), std::string(why)});
}

// Browsers say so themselves, and no page can make them not to (Fetch, section 3.1; Fetch Metadata).
bool is_from_a_page(const http::HeaderMap& headers) {
    if (headers.has("Origin")) return true;
    const auto site = headers.get("Sec-Fetch-Site");
    return site && *site != "none" && *site != "same-origin";
}

}  // namespace

// A name that was bound again to our address is another one than those (DNS rebinding).
bool Admission::is_our_name(const http::Authority& authority) const {
    return authority.is_address || authority.host == "localhost" ||
           std::ranges::find(host_names_, authority.host) != host_names_.end();
}

tl::expected<Caller, Denial> Admission::by_token(const http::RequestHead& head) const {
    constexpr std::string_view kScheme = "Bearer ";
    constexpr std::string_view kChallenge = R"(Bearer realm="sallyport")";
    if (head.headers.count("Authorization") != 1) return unauthorized(kChallenge, "a bearer token is required");
    const std::string_view given = *head.headers.get("Authorization");
    if (!http::equals_ignoring_case(given.substr(0, kScheme.size()), kScheme)) {
        return unauthorized(kChallenge, "a bearer token is required");
    }
    auto caller = find_token(tokens_, given.substr(kScheme.size()));
    if (!caller) return unauthorized(R"(Bearer realm="sallyport", error="invalid_token")", "nobody has this token");
    return std::move(*caller);
}

tl::expected<Caller, Denial> Admission::admit(const Peer& peer, const http::RequestHead& head,
                                              const http::Authority& authority) const {
    if (is_from_a_page(head.headers)) return forbidden("requests from web pages are refused");
    if (!peer.is_local && !is_our_name(authority)) return forbidden("the request is for another host than this one");
    if (peer.caller) return *peer.caller;
    if (peer.has_tokens) return by_token(head);
    return forbidden("this peer is nobody's caller");
}

}  // namespace sallyport::admin
