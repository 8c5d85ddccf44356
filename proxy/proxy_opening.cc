#include "proxy/proxy_opening.h"

#include "http/http1_writer.h"
#include "net/socks5.h"

namespace sallyport::proxy {

std::string tunnel_accepted(ProxyOpening::Form form) {
    if (form == ProxyOpening::Form::socks5) return net::socks5_answer(net::Socks5Reply::succeeded);
    return "HTTP/1.1 200 Connection established\r\n\r\n";
}

std::string tunnel_refused(const ProxyOpening& opening, LocalReply reply) {
    if (opening.form == ProxyOpening::Form::socks5) return net::socks5_answer(net::Socks5Reply::not_allowed);
    reply.keep_alive = false;
    reply.http_1_0 = opening.http_1_0;
    Buffer out;
    http::Http1ResponseWriter writer(out);
    // Not how the policy wants its refusals to look: a status of 200, say, would be a tunnel.
    reply.blocked = nullptr;
    write_local_reply(writer, reply);
    return std::string(out.view());
}

}  // namespace sallyport::proxy
