#include "rules/placeholder_head.h"

#include <algorithm>
#include <utility>

#include "http/header_map.h"
#include "rules/auth_family.h"
#include "rules/base64.h"
#include "rules/percent.h"
#include "rules/placeholders.h"

namespace sallyport::rules {
namespace {

// What a placeholder may not be a part of.
bool is_word(char c) { return (is_unreserved(c) && c != '.' && c != '~'); }

// npos for an empty one.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
    if (word.empty()) return text.npos;
    for (auto at = text.find(word, from); at != text.npos; at = text.find(word, at + 1)) {
        const auto end = at + word.size();
        const bool is_whole = (at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]));
        if (is_whole) return at;
    }
    return text.npos;
}

}  // namespace

Result<void> HeadSwap::apply(http::RequestHead& head) {
    rewrite_fields(head.headers, [this](const http::HeaderMap::Field& field, Buffer& value) { return judge(field, value); });
    if (!places_.query_keys.empty()) exchange_query(head.target);
    if (are_too_many_) {
        return failure(ErrorCode::placeholder_misused, "more often than the credential's \"count\"");
    }
    return {};
}

FieldFate HeadSwap::judge(const http::HeaderMap::Field& field, Buffer& value) {
    const bool is_declared = places_.has_field(field.name);
    const bool is_authorization = http::equals_ignoring_case(field.name, "Authorization");
    if (!is_declared && !(is_authorization && places_.has_authorization())) return FieldFate::keep;
    if (is_declared && exchange(field.value, value)) return FieldFate::replace;
    if (mentions_placeholder(field.value)) return FieldFate::keep;
    if (const auto pair = read_basic(field.value); pair && mentions_placeholder(pair->view())) {
        value.clear();
        value.append("Basic ");
        WipedBuffer exchanged;
        const bool is_exchanged = exchange_basic(pair->view(), is_declared || places_.basic_username,
                                                 is_declared || places_.basic_password, exchanged);
        append_base64(value, exchanged.view());
        return is_exchanged ? FieldFate::replace : FieldFate::keep;
    }
    return is_auth_field(field.name) ? FieldFate::remove : FieldFate::keep;
}

// False where there was nothing to do: `out` is then of no use.
bool HeadSwap::exchange(std::string_view text, Buffer& out) {
    std::size_t copied = 0;
    for (auto at = find_word(text, placeholder_, 0); at != text.npos; at = find_word(text, placeholder_, copied)) {
        if (count_left_ == 0) {
            are_too_many_ = true;
            return false;
        }
        --count_left_;
        out.append(text.substr(copied, at - copied));
        out.append(secret_);
        copied = at + placeholder_.size();
    }
    out.append(text.substr(copied));
    return copied > 0;
}

bool HeadSwap::exchange_basic(std::string_view pair, bool in_username, bool in_password, Buffer& out) {
    const auto colon = pair.find(':');
    if (colon == pair.npos) return false;
    // A ':' in the user's name would end it.
    const bool fits_username = in_username && secret_.find(':') == secret_.npos;
    const auto username = pair.substr(0, colon);
    const auto password = pair.substr(colon + 1);
    const bool first = fits_username && exchange(username, out);
    if (!first) {
        out.wipe();
        out.append(username);
    }
    out.append(':');
    WipedBuffer other;
    const bool second = in_password && exchange(password, other);
    out.append(second ? other.view() : password);
    return first || second;
}

void HeadSwap::exchange_query(std::string& target) {
    const auto start = target.find('?');
    if (start == target.npos) return;
    WipedBuffer kept;
    kept.append(std::string_view(target).substr(0, start));
    char separator = '?';
    std::string_view query = std::string_view(target).substr(start + 1);
    while (true) {
        const auto end = std::min(query.find('&'), query.size());
        WipedBuffer pair;
        if (keeps_pair(query.substr(0, end), pair)) {
            kept.append(std::exchange(separator, '&'));
            kept.append(pair.view());
        }
        if (end == query.size()) break;
        query.remove_prefix(end + 1);
    }
    target.assign(kept.view());
}

bool HeadSwap::keeps_pair(std::string_view pair, Buffer& out) {
    const auto equals = std::min(pair.find('='), pair.size());
    const auto key = pair.substr(0, equals);
    const auto value = pair.substr(std::min(equals + 1, pair.size()));
    out.append(pair.substr(0, pair.size() - value.size()));
    if (!places_.has_query_key(key)) return out.append(value), true;
    if (placeholder_.empty() || !reads_as(value, placeholder_)) {
        out.append(value);
        return mentions_placeholder(value) || !is_auth_key(key);
    }
    are_too_many_ = are_too_many_ || count_left_ == 0;
    if (!are_too_many_) {
        --count_left_;
        append_percent_encoded(out, secret_);
    }
    return true;
}

}  // namespace sallyport::rules
