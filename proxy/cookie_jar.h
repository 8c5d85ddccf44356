// The cookies that origins set beside one sandbox's credentials: a session that began with a credential is a credential
// too, so it stays here, and is sent for the sandbox. Kept for each credential and host by itself: a Domain attribute, which
// would take them to other hosts, is read as the host alone. Owned by the sandbox's Egress, in memory only; lives on one
// worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret_string.h"
#include "http/header_map.h"
#include "proxy/set_cookie.h"
#include "rules/needle_set.h"

namespace sallyport::proxy {

// The request that a cookie came with, or goes with. Views are valid during a call.
struct CookiePlace {
    std::string_view credential;  // its name
    std::string_view host;        // canonical
    std::string_view path;
    bool is_secure = false;       // over TLS
};

class CookieJar final {
public:
    // One that is not for the place, or too long, is dropped; over a bound the one that was used longest ago goes.
    void store(const CookiePlace& place, std::string_view set_cookie, CookieTime now);
    // Adds those for the place to the Cookie field, behind what the credential has put there, whose names stand for
    // themselves.
    void add_to(http::HeaderMap& headers, const CookiePlace& place, CookieTime now);
    // What must not come back beside this credential: the values that are long enough to be no everyday words
    // (kCookieNeedleBytesMin); null for none.
    std::shared_ptr<const rules::NeedleSet> needles(std::string_view credential);

    // Forgets those of every credential of which `stays` does not say so.
    void keep_only(const std::function<bool(std::string_view credential)>& stays);
    bool empty() const { return jars_.empty(); }
    std::size_t size() const;

private:
    struct Cookie {
        std::string host;
        std::string name;
        std::string path;
        SecretString value;
        bool is_secure = false;
        std::optional<CookieTime> expires;
        std::uint64_t made = 0;  // counted, not timed: which came first
        std::uint64_t used = 0;
        std::size_t repeats = 0;  // of the value inside of itself

        std::size_t bytes() const { return host.size() + name.size() + path.size() + value.size(); }
    };
    // Of one credential.
    struct Jar {
        std::vector<Cookie> cookies;
        std::shared_ptr<const rules::NeedleSet> needles;
        bool is_compiled = false;
    };

    static std::vector<Cookie>::iterator find(Jar& jar, const Cookie& like);
    static void make_room(Jar& jar);
    static void expire(Jar& jar, CookieTime now);
    std::vector<const Cookie*> choose(Jar& jar, const CookiePlace& place);

    std::map<std::string, Jar, std::less<>> jars_;
    std::uint64_t clock_ = 0;
};

}  // namespace sallyport::proxy
