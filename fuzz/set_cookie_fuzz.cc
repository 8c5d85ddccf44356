// A Set-Cookie value that passed http/validate, from an origin beside a credential: whatever it is, what the jar sends for it
// is a Cookie field of pairs that are as they were set, to the host that set it alone, and within the jar's bounds.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/characters.h"
#include "proxy/cookie_jar.h"
#include "proxy/limits.h"

namespace sallyport::proxy {
namespace {

constexpr CookieTime kNow = CookieTime(std::chrono::seconds(1'800'000'000));

std::string sent(CookieJar& jar, const CookiePlace& place) {
    http::HeaderMap headers;
    jar.add_to(headers, place, kNow);
    SALLYPORT_CHECK(headers.count("Cookie") <= 1);
    return std::string(headers.get("Cookie").value_or(""));
}

void check(std::string_view input) {
    if (!http::is_field_value(input)) return;
    CookieJar jar;
    const CookiePlace place{"one", "api.x.dev", "/a/b", true};
    jar.store(place, input, kNow);
    SALLYPORT_CHECK(jar.size() <= 1);
    const auto read = parse_set_cookie(input, kNow);
    const std::string cookie = sent(jar, place);
    if (!cookie.empty()) {
        SALLYPORT_CHECK(read && cookie == std::string(read->name) + "=" + std::string(read->value));
        SALLYPORT_CHECK(cookie.find(';') == cookie.npos && http::is_field_value(cookie));
        SALLYPORT_CHECK(cookie.size() <= kCookieBytesMax + 1);
        SALLYPORT_CHECK(!read->expires || *read->expires > kNow);
    }
    SALLYPORT_CHECK(sent(jar, {"two", "api.x.dev", "/a/b", true}).empty());
    SALLYPORT_CHECK(sent(jar, {"one", "x.dev", "/a/b", true}).empty());
    if (read && read->is_secure) SALLYPORT_CHECK(sent(jar, {"one", "api.x.dev", "/a/b", false}).empty());
    // Said again, it is the same cookie.
    jar.store(place, input, kNow);
    SALLYPORT_CHECK(jar.size() <= 1 && sent(jar, place) == cookie);
    (void)jar.needles("one");
}

}  // namespace
}  // namespace sallyport::proxy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sallyport::proxy::check({reinterpret_cast<const char*>(data), size});
    return 0;
}
