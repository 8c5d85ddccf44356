#include "proxy/server_tls.h"

#include <algorithm>
#include <string_view>

namespace sallyport::proxy {
namespace {

constexpr int kNoAlert = -1;

// How a connection is answered: its app data points to one of these.
struct Manner {
    int alert;
    Spoken spoken;
};
constexpr Manner kManners[] = {
    {SSL_AD_ACCESS_DENIED, Spoken::http1}, {SSL_AD_UNRECOGNIZED_NAME, Spoken::http1}, {SSL_AD_DECODE_ERROR, Spoken::http1},
    {kNoAlert, Spoken::http1},             {kNoAlert, Spoken::http2},
};

const Manner* manner_of(const SSL* ssl) { return static_cast<const Manner*>(SSL_get_app_data(ssl)); }

// Where there is no such one, the first: access is denied.
void set_manner(SSL* ssl, int alert, Spoken spoken) {
    const auto is_meant = [&](const Manner& manner) { return manner.alert == alert && manner.spoken == spoken; };
    const Manner* known = std::find_if(std::begin(kManners), std::end(kManners), is_meant);
    if (known == std::end(kManners)) known = kManners;
    SSL_set_app_data(ssl, const_cast<Manner*>(known));
}

int refuse_client_hello(SSL* ssl, int* alert, void*) noexcept {
    const Manner* manner = manner_of(ssl);
    if (manner == nullptr || manner->alert == kNoAlert) return SSL_CLIENT_HELLO_SUCCESS;
    *alert = manner->alert;
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

int select_protocol(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned in_size, void*) noexcept {
    static constexpr std::string_view kPreferred[] = {kAlpnHttp2, kAlpnHttp11, kAlpnHttp10};
    const Manner* manner = manner_of(ssl);
    const bool may_speak_http2 = manner != nullptr && manner->spoken == Spoken::http2;
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
    SSL_CTX_set_client_hello_cb(context, &refuse_client_hello, nullptr);
    SSL_CTX_set_alpn_select_cb(context, &select_protocol, nullptr);
}

void refuse_with_alert(SSL* ssl, int alert) { set_manner(ssl, alert, Spoken::http1); }

void set_spoken(SSL* ssl, Spoken spoken) { set_manner(ssl, kNoAlert, spoken); }

Spoken agreed_on(const SSL* ssl) {
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &size);
    const bool is_http2 = std::string_view(reinterpret_cast<const char*>(protocol), size) == kAlpnHttp2;
    return is_http2 ? Spoken::http2 : Spoken::http1;
}

}  // namespace sallyport::proxy
