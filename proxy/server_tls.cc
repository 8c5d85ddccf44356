#include "proxy/server_tls.h"

#include <algorithm>
#include <string_view>

namespace sallyport::proxy {
namespace {

// A refused connection's app data points to its alert.
constexpr int kAlerts[] = {SSL_AD_ACCESS_DENIED, SSL_AD_UNRECOGNIZED_NAME, SSL_AD_DECODE_ERROR};

int refuse_client_hello(SSL* ssl, int* alert, void*) noexcept {
    const auto* refusal = static_cast<const int*>(SSL_get_app_data(ssl));
    if (refusal == nullptr) return SSL_CLIENT_HELLO_SUCCESS;
    *alert = *refusal;
    return SSL_CLIENT_HELLO_ERROR;
}

// The protocols of an ALPN list (RFC 7301 section 3.1); a list that is malformed offers nothing.
bool offers(std::string_view list, std::string_view protocol) {
    while (!list.empty()) {
        const auto size = static_cast<std::size_t>(static_cast<unsigned char>(list.front()));
        if (list.substr(1, size) == protocol) return true;
        list.remove_prefix(std::min(list.size(), size + 1));
    }
    return false;
}

int select_http1(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                 void*) noexcept {
    static constexpr std::string_view kSpoken[] = {"http/1.1", "http/1.0"};
    const std::string_view offered(reinterpret_cast<const char*>(in), in_size);
    for (const std::string_view protocol : kSpoken) {
        if (!offers(offered, protocol)) continue;
        *out = reinterpret_cast<const unsigned char*>(protocol.data());
        *out_size = static_cast<unsigned char>(protocol.size());
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

void prepare_server_context(SSL_CTX* context) {
    SSL_CTX_set_client_hello_cb(context, &refuse_client_hello, nullptr);
    SSL_CTX_set_alpn_select_cb(context, &select_http1, nullptr);
}

void refuse_with_alert(SSL* ssl, int alert) {
    const int* known = std::find(std::begin(kAlerts), std::end(kAlerts), alert);
    if (known == std::end(kAlerts)) known = kAlerts;
    SSL_set_app_data(ssl, const_cast<int*>(known));
}

}  // namespace sallyport::proxy
