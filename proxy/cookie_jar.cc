#include "proxy/cookie_jar.h"

#include <algorithm>
#include <utility>

#include "proxy/limits.h"
#include "rules/repetition.h"

namespace sallyport::proxy {
namespace {

// The name of each cookie in a Cookie field.
bool has_cookie(std::string_view field, std::string_view name) {
    while (!field.empty()) {
        const auto end = std::min(field.find(';'), field.size());
        std::string_view pair = field.substr(0, end);
        pair.remove_prefix(std::min(pair.find_first_not_of(" \t"), pair.size()));
        if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) return true;
        field.remove_prefix(std::min(end + 1, field.size()));
    }
    return false;
}

// Lives on the stack for one request: what it held is wiped.
struct WipedString {
    ~WipedString() { wipe_bytes(text.data(), text.size()); }
    std::string text;
};

bool is_for(const SetCookie& cookie, const CookiePlace& place) {
    if (cookie.domain && !cookie_domain_matches(*cookie.domain, place.host)) return false;
    return !cookie.is_secure || place.is_secure;
}

}  // namespace

void CookieJar::store(const CookiePlace& place, std::string_view set_cookie, CookieTime now) {
    const auto read = parse_set_cookie(set_cookie, now);
    if (!read || !is_for(*read, place)) return;
    const std::string_view path = read->path.value_or(default_cookie_path(place.path));
    if (read->name.size() + read->value.size() + path.size() > kCookieBytesMax) return;
    const std::size_t repeats = read->value.size() < kCookieNeedleBytesMin ? 0 : rules::repetitions_of(read->value);
    if (repeats > kCookieRepeatsMax) return;
    Cookie cookie{std::string(place.host), std::string(read->name), std::string(path), SecretString(read->value),
                  read->is_secure, read->expires, ++clock_, clock_, repeats};
    Jar& jar = jars_.try_emplace(std::string(place.credential)).first->second;
    // Many origins say the same again with every response.
    bool is_known = false;
    if (const auto old = find(jar, cookie); old != jar.cookies.end()) {
        // What came in the clear must not replace what only TLS may carry.
        if (old->is_secure && !place.is_secure) return;
        is_known = old->value.reveal() == cookie.value.reveal();
        cookie.made = old->made;
        jar.cookies.erase(old);
    }
    jar.is_compiled = jar.is_compiled && is_known;
    jar.cookies.push_back(std::move(cookie));
    expire(jar, now);
    make_room(jar);
    if (jar.cookies.empty()) jars_.erase(jars_.find(place.credential));
}

std::vector<CookieJar::Cookie>::iterator CookieJar::find(Jar& jar, const Cookie& like) {
    return std::find_if(jar.cookies.begin(), jar.cookies.end(), [&](const Cookie& cookie) {
        return cookie.name == like.name && cookie.host == like.host && cookie.path == like.path;
    });
}

void CookieJar::expire(Jar& jar, CookieTime now) {
    const auto gone = std::erase_if(jar.cookies, [&](const Cookie& cookie) { return cookie.expires && *cookie.expires <= now; });
    if (gone > 0) jar.is_compiled = false;
}

void CookieJar::make_room(Jar& jar) {
    const auto bytes = [&] {
        std::size_t sum = 0;
        for (const Cookie& cookie : jar.cookies) sum += cookie.bytes();
        return sum;
    };
    const auto repeats = [&] {
        std::size_t sum = 0;
        for (const Cookie& cookie : jar.cookies) sum += cookie.repeats;
        return sum;
    };
    while (jar.cookies.size() > kCookiesPerCredentialMax || bytes() > kCookieBytesPerCredentialMax ||
           repeats() > kCookieRepeatsPerCredentialMax) {
        jar.cookies.erase(std::min_element(jar.cookies.begin(), jar.cookies.end(),
                                           [](const Cookie& a, const Cookie& b) { return a.used < b.used; }));
    }
}

// Longer paths first, then those that came first (RFC 6265 section 5.4).
std::vector<const CookieJar::Cookie*> CookieJar::choose(Jar& jar, const CookiePlace& place) {
    std::vector<const Cookie*> chosen;
    for (Cookie& cookie : jar.cookies) {
        if (cookie.host != place.host || (cookie.is_secure && !place.is_secure)) continue;
        if (!cookie_path_matches(cookie.path, place.path)) continue;
        cookie.used = ++clock_;
        chosen.push_back(&cookie);
    }
    std::sort(chosen.begin(), chosen.end(), [](const Cookie* a, const Cookie* b) {
        return a->path.size() != b->path.size() ? a->path.size() > b->path.size() : a->made < b->made;
    });
    return chosen;
}

void CookieJar::add_to(http::HeaderMap& headers, const CookiePlace& place, CookieTime now) {
    const auto found = jars_.find(place.credential);
    if (found == jars_.end()) return;
    expire(found->second, now);
    const auto chosen = choose(found->second, place);
    if (chosen.empty()) return;
    WipedString field{std::string(headers.get("Cookie").value_or(""))};
    const std::size_t own_size = field.text.size();
    std::size_t size = own_size;
    for (const Cookie* cookie : chosen) size += cookie->name.size() + cookie->value.size() + 3;
    // Once, so that no copy stays behind where it grew out of.
    field.text.reserve(size);
    for (const Cookie* cookie : chosen) {
        if (has_cookie(std::string_view(field.text).substr(0, own_size), cookie->name)) continue;
        if (!field.text.empty()) field.text += "; ";
        field.text.append(cookie->name).append(1, '=').append(cookie->value.reveal());
    }
    headers.set("Cookie", field.text);
}

std::shared_ptr<const rules::NeedleSet> CookieJar::needles(std::string_view credential) {
    const auto found = jars_.find(credential);
    if (found == jars_.end()) return nullptr;
    Jar& jar = found->second;
    if (std::exchange(jar.is_compiled, true)) return jar.needles;
    std::vector<std::string_view> values;
    for (const Cookie& cookie : jar.cookies) {
        if (cookie.value.size() >= kCookieNeedleBytesMin) values.push_back(cookie.value.reveal());
    }
    jar.needles = values.empty() ? nullptr : rules::NeedleSet::compile(values);
    return jar.needles;
}

void CookieJar::keep_only(const std::function<bool(std::string_view credential)>& stays) {
    std::erase_if(jars_, [&](const auto& each) { return !stays(each.first); });
}

std::size_t CookieJar::size() const {
    std::size_t size = 0;
    for (const auto& [credential, jar] : jars_) size += jar.cookies.size();
    return size;
}

}  // namespace sallyport::proxy
