#include "proxy/set_cookie.h"

#include <algorithm>
#include <charconv>

#include "http/header_map.h"

namespace sallyport::proxy {
namespace {

using std::chrono::seconds;

// Longer is as good as for ever, and fits into any clock.
constexpr long long kAgeSecondsMax = 10LL * 366 * 24 * 3600;

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

// Takes up to the next separator from the front.
std::string_view take(std::string_view& rest, char separator) {
    const auto end = std::min(rest.find(separator), rest.size());
    const auto part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return trim(part);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// An attribute that is no number is passed over.
std::optional<CookieTime> read_max_age(std::string_view value, CookieTime now) {
    const bool is_negative = value.starts_with('-');
    const std::string_view digits = value.substr(is_negative ? 1 : 0);
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
    long long age = kAgeSecondsMax;
    (void)std::from_chars(digits.data(), digits.data() + digits.size(), age);
    if (is_negative || age == 0) return CookieTime::min();
    return now + seconds(std::min(age, kAgeSecondsMax));
}

class AttributeReader final {
public:
    AttributeReader(SetCookie& cookie, CookieTime now) : cookie_(cookie), now_(now) {}

    // The last of a name counts (section 5.3).
    void read(std::string_view name, std::string_view value) {
        if (http::equals_ignoring_case(name, "Secure")) {
            cookie_.is_secure = true;
        } else if (http::equals_ignoring_case(name, "Path")) {
            cookie_.path = value.starts_with('/') ? std::optional(value) : std::nullopt;
        } else if (http::equals_ignoring_case(name, "Domain")) {
            const auto domain = value.substr(value.starts_with('.') ? 1 : 0);
            if (!domain.empty()) cookie_.domain = domain;
        } else if (http::equals_ignoring_case(name, "Expires")) {
            if (const auto date = parse_cookie_date(value)) expires_ = date;
        } else if (http::equals_ignoring_case(name, "Max-Age")) {
            if (const auto end = read_max_age(value, now_)) max_age_ = end;
        }
    }
    // Max-Age has precedence, wherever it stands.
    void finish() { cookie_.expires = max_age_ ? max_age_ : expires_; }

private:
    SetCookie& cookie_;
    const CookieTime now_;
    std::optional<CookieTime> expires_;
    std::optional<CookieTime> max_age_;
};

bool has_prefix(std::string_view name, std::string_view prefix) {
    return name.size() >= prefix.size() && http::equals_ignoring_case(name.substr(0, prefix.size()), prefix);
}

bool keeps_its_promise(const SetCookie& cookie) {
    if (has_prefix(cookie.name, "__Secure-")) return cookie.is_secure;
    if (has_prefix(cookie.name, "__Host-")) return cookie.is_secure && cookie.path == "/" && !cookie.domain;
    return true;
}

bool is_delimiter(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x09 || (byte >= 0x20 && byte <= 0x2f) || (byte >= 0x3b && byte <= 0x40) || (byte >= 0x5b && byte <= 0x60) ||
           (byte >= 0x7b && byte <= 0x7e);
}

// "1*2DIGIT" and then none: what is behind is taken from `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits_min, std::size_t digits_max) {
    std::size_t size = 0;
    int value = 0;
    while (size < text.size() && size < digits_max && is_digit(text[size])) value = value * 10 + (text[size++] - '0');
    if (size < digits_min || (size < text.size() && is_digit(text[size]))) return std::nullopt;
    text.remove_prefix(size);
    return value;
}

struct Date {
    std::optional<int> second_of_day;
    std::optional<int> day;
    std::optional<int> month;
    std::optional<int> year;

    void take(std::string_view token) {
        if (!second_of_day && (second_of_day = read_time(token))) return;
        if (!day && (day = take_number_of(token, 1, 2))) return;
        if (!month && (month = read_month(token))) return;
        if (!year) year = take_number_of(token, 2, 4);
    }

private:
    static std::optional<int> take_number_of(std::string_view token, std::size_t digits_min, std::size_t digits_max) {
        return take_number(token, digits_min, digits_max);
    }
    static std::optional<int> read_time(std::string_view token) {
        const auto hour = take_number(token, 1, 2);
        if (!hour || *hour > 23 || !token.starts_with(':')) return std::nullopt;
        token.remove_prefix(1);
        const auto minute = take_number(token, 1, 2);
        if (!minute || *minute > 59 || !token.starts_with(':')) return std::nullopt;
        token.remove_prefix(1);
        const auto second = take_number(token, 1, 2);
        if (!second || *second > 59) return std::nullopt;
        return (*hour * 60 + *minute) * 60 + *second;
    }
    static std::optional<int> read_month(std::string_view token) {
        constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
        for (int month = 0; month < 12; ++month) {
            if (has_prefix(token, kMonths.substr(static_cast<std::size_t>(month) * 3, 3))) return month + 1;
        }
        return std::nullopt;
    }
};

int full_year(int year) { return year >= 70 && year <= 99 ? year + 1900 : year <= 69 ? year + 2000 : year; }

}  // namespace

std::optional<CookieTime> parse_cookie_date(std::string_view text) {
    Date date;
    while (!text.empty()) {
        std::size_t size = 0;
        while (size < text.size() && !is_delimiter(text[size])) ++size;
        if (size > 0) date.take(text.substr(0, size));
        text.remove_prefix(std::min(size + 1, text.size()));
    }
    if (!date.second_of_day || !date.day || !date.month || !date.year) return std::nullopt;
    using namespace std::chrono;
    const year_month_day day{year(full_year(*date.year)), month(static_cast<unsigned>(*date.month)), std::chrono::day(static_cast<unsigned>(*date.day))};
    // Before 1601 is an error; the clock's own range ends in 2262.
    if (!day.ok() || day.year() < year(1601)) return std::nullopt;
    if (day.year() < year(1970)) return CookieTime::min();
    if (day.year() > year(2200)) return sys_days(year(2200) / 1 / 1);
    return sys_days(day) + seconds(*date.second_of_day);
}

std::optional<SetCookie> parse_set_cookie(std::string_view field, CookieTime now) {
    std::string_view rest = field;
    std::string_view pair = take(rest, ';');
    if (pair.find('=') == pair.npos) return std::nullopt;
    SetCookie cookie;
    cookie.name = take(pair, '=');
    cookie.value = trim(pair);
    if (cookie.name.empty()) return std::nullopt;
    AttributeReader attributes(cookie, now);
    while (!rest.empty()) {
        std::string_view attribute = take(rest, ';');
        const std::string_view name = take(attribute, '=');
        attributes.read(name, trim(attribute));
    }
    attributes.finish();
    return keeps_its_promise(cookie) ? std::optional(cookie) : std::nullopt;
}

std::string_view default_cookie_path(std::string_view path) {
    const auto slash = path.rfind('/');
    if (!path.starts_with('/') || slash == 0) return "/";
    return path.substr(0, slash);
}

bool cookie_path_matches(std::string_view cookie_path, std::string_view path) {
    if (!path.starts_with(cookie_path)) return false;
    return path.size() == cookie_path.size() || cookie_path.ends_with('/') || path[cookie_path.size()] == '/';
}

bool cookie_domain_matches(std::string_view domain, std::string_view host) {
    if (http::equals_ignoring_case(domain, host)) return true;
    return host.size() > domain.size() && host[host.size() - domain.size() - 1] == '.' &&
           http::equals_ignoring_case(host.substr(host.size() - domain.size()), domain);
}

}  // namespace sallyport::proxy
