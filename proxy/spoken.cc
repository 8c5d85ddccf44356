#include "proxy/spoken.h"

#include <algorithm>

namespace sallyport::proxy {
namespace {

bool offers(const std::vector<std::string>& offered, std::string_view protocol) {
    return std::find(offered.begin(), offered.end(), protocol) != offered.end();
}

bool offers_http1(const std::vector<std::string>& offered) {
    return offers(offered, kAlpnHttp11) || offers(offered, kAlpnHttp10);
}

}  // namespace

bool depends_on_origin(const std::vector<std::string>& offered) {
    return offers(offered, kAlpnHttp2) && offers_http1(offered);
}

Spoken choose_spoken(const std::vector<std::string>& offered, std::optional<Spoken> origin) {
    if (!offers(offered, kAlpnHttp2)) return Spoken::http1;
    if (!offers_http1(offered)) return Spoken::http2;
    return origin.value_or(Spoken::http1);
}

}  // namespace sallyport::proxy
