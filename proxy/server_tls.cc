#include "proxy/server_tls.h"

#include <algorithm>
#include <string_view>

namespace sallyport::proxy {
namespace {

// A connection's app data points to what it may speak; to nothing where that is HTTP/1.1.
constexpr Spoken kHttp2 = Spoken::http2;

// The protocols of an ALPN list (RFC 7301 section 3.1); a list that is malformed offers nothing.
bool offers(std::string_view list, std::string_view protocol) {
    while (!list.empty()) {
        const auto size = static_cast<std::size_t>(static_cast<unsigned char>(list.front()));
        if (list.substr(1, size) == protocol) return true;
        list.remove_prefix(std::min(list.size(), size + 1));
    }
    return false;
}

int select_protocol(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned in_size, void*) noexcept {
    static constexpr std::string_view kPreferred[] = {kAlpnHttp2, kAlpnHttp11, kAlpnHttp10};
    const bool may_speak_http2 = SSL_get_app_data(ssl) == &kHttp2;
    const std::string_view offered(reinterpret_cast<const char*>(in), in_size);
    for (const std::string_view protocol : kPreferred) {
        if (!offers(offered, protocol) || (protocol == kAlpnHttp2 && !may_speak_http2)) continue;
        *out = reinterpret_cast<const unsigned char*>(protocol.data());
        *out_size = static_cast<unsigned char>(protocol.size());
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

void prepare_server_context(SSL_CTX* context) {
    SSL_CTX_set_alpn_select_cb(context, &select_protocol, nullptr);
}

std::string fatal_alert(int alert) {
    return {SSL3_RT_ALERT, 3, 3, 0, 2, SSL3_AL_FATAL, static_cast<char>(alert)};
}

void set_spoken(SSL* ssl, Spoken spoken) {
    SSL_set_app_data(ssl, spoken == Spoken::http2 ? const_cast<Spoken*>(&kHttp2) : nullptr);
}

Spoken agreed_on(const SSL* ssl) {
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &size);
    const bool is_http2 = std::string_view(reinterpret_cast<const char*>(protocol), size) == kAlpnHttp2;
    return is_http2 ? Spoken::http2 : Spoken::http1;
}

}  // namespace sallyport::proxy
