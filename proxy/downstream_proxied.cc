// What is different about a connection that came to the explicit proxy: how it begins, and what each of its requests must show.
#include "proxy/absolute_target.h"
#include "proxy/downstream.h"
#include "proxy/egress.h"
#include "proxy/proxy_credential.h"

namespace sallyport::proxy {

void Downstream::begin_tunnel(std::string_view first_bytes) {
    target_.is_proxied = true;
    if (!first_bytes.empty()) take_greeting(first_bytes);
}

void Downstream::refuse_tunnel(const Error& error, const ProxyOpening& opening) {
    target_.is_proxied = true;
    LocalReply reply;
    reply.error = error.code;
    const bool has_status = opening.form == ProxyOpening::Form::connect;
    log_refusal(error, has_status ? http_status(error.code) : 0);
    reply.request_id = context_.last_request_id;
    const std::string answer = tunnel_refused(opening, reply);
    const net::IoResult result = connection_.write(answer);
    if (result.state != net::IoState::ok || result.bytes != answer.size()) return abort();
    connection_.shutdown_write();
    linger();
}

void Downstream::begin_requests(std::string_view first_bytes) {
    target_.is_proxied = true;
    takes_absolute_targets_ = true;
    protocol_ = Protocol::http1;
    head_started_ = context_.loop.now();
    state_ = State::open;
    bytes_in_ += first_bytes.size();
    context_.counters.bytes_from_sandboxes += first_bytes.size();
    feed(first_bytes);
    end_round();
}

// What shows whose it is goes no further: not to rules, not to handlers, not to logs. The password of another sandbox is a
// wrong one here; the client finds that out at the door, on a connection of its own.
Result<void> Downstream::take_proxy_request(http::RequestHead& head) {
    // What is refused is not about the host of the request before.
    target_ = {};
    target_.is_proxied = true;
    const auto login = ProxyLogin::read(head.headers);
    head.headers.remove("Proxy-Authorization");
    const auto& credential = egress_.proxy_credential();
    const bool is_known = login && login->user() == egress_.id().value && credential && credential->matches(login->password());
    if (!is_known) {
        head.keep_alive = false;
        return failure(ErrorCode::proxy_authentication, "not the password that the connection was opened with");
    }
    auto named = take_absolute_target(head);
    if (!named) return failure(named.error());
    target_ = std::move(*named);
    target_.is_proxied = true;
    return {};
}

}  // namespace sallyport::proxy
