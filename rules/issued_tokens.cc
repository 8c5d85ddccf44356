#include "rules/issued_tokens.h"

#include <algorithm>
#include <array>
#include <optional>

#include "http/characters.h"
#include "rules/base64.h"
#include "rules/basic_value.h"
#include "rules/body_format.h"
#include "rules/field_rewrite.h"
#include "rules/json_scan.h"
#include "rules/json_text.h"
#include "rules/percent.h"
#include "rules/placeholders.h"
#include "rules/repetition.h"

namespace sallyport::rules {
namespace {

using http::equals_ignoring_case;

// Where clients of token endpoints say a token that they have (RFC 6749 section 6, RFC 7009, RFC 8693), beside the
// fields that the rule names.
constexpr std::array<std::string_view, 5> kSentFields{"token", "subject_token", "actor_token", "refresh_token",
                                                      "access_token"};

// No token is "aaaa…", but whoever can have an endpoint echo one would like us to look for it: see rules/repetition.h.
constexpr std::size_t kTokenRepetitionsMax = 8;

Result<void> drop() { return failure(ErrorCode::origin_bad_response, "tokens cannot be taken out of the answer"); }

bool is_base64url(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (is_unreserved(c) && c != '.' && c != '~') || c == '=';
    });
}

// Where the signature of a signed JWT (RFC 7515) begins; npos where it is none.
std::size_t signature_of(std::string_view token) {
    constexpr std::string_view kObject = "eyJ";  // {"
    const auto first = token.find('.');
    const auto second = first == token.npos ? first : token.find('.', first + 1);
    if (second == token.npos) return token.npos;
    const auto payload = token.substr(first + 1, second - first - 1);
    const bool is_jwt = token.starts_with(kObject) && payload.starts_with(kObject) &&
                        is_base64url(token.substr(0, first)) && is_base64url(payload) &&
                        is_base64url(token.substr(second + 1));
    return is_jwt ? second + 1 : token.npos;
}

bool holds(const std::vector<std::string>& names, std::string_view name) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& each) { return equals_ignoring_case(each, name); });
}

bool is_sent_field(const TokenSwap& swap, std::string_view name) {
    return std::find(kSentFields.begin(), kSentFields.end(), name) != kSentFields.end() || holds(swap.fields, name);
}

std::string decoded(std::string_view raw) {
    std::string text;
    PercentReader read(raw, Plus::space);
    for (int c = read(); c >= 0; c = read()) text += static_cast<char>(c);
    return text;
}

// What becomes of one value, raw: false where it stays.
using SwapValue = std::function<Result<bool>(std::string_view name, std::string_view raw, Buffer& out)>;

// Each string that is a member of an object.
Result<void> rewrite_json(std::string_view body, const SwapValue& swap,
                          const std::function<bool(std::string_view name)>& must_be_text, Buffer& out) {
    JsonScan scan;
    std::size_t copied = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < body.size(); ++i) {
        const auto event = scan.feed(body[i]);
        if (event == JsonScan::Event::bad) return drop();
        const auto& levels = scan.levels();
        const std::size_t depth = levels.size() - (event == JsonScan::Event::opens ? 1 : 0);
        const JsonScan::Level* in = depth > 0 ? &levels[depth - 1] : nullptr;
        const bool is_member = in != nullptr && !in->is_array && !in->is_cut;
        if (event == JsonScan::Event::string_begins) begin = i + 1;
        const bool is_other = event == JsonScan::Event::opens ||
                              (event == JsonScan::Event::other_begins && (body[i] == '-' || http::is_digit(body[i])));
        if (is_other && is_member && must_be_text(in->key)) return drop();
        if (event != JsonScan::Event::string_ends || !is_member) continue;
        out.append(body.substr(copied, begin - copied));
        const auto raw = body.substr(begin, i - begin);
        const auto swapped = swap(in->key, raw, out);
        if (!swapped) return failure(swapped.error());
        if (!*swapped) out.append(raw);
        copied = i;
    }
    out.append(body.substr(copied));
    return scan.finish() ? Result<void>() : drop();
}

Result<void> rewrite_form(std::string_view body, const SwapValue& swap, Buffer& out) {
    while (true) {
        const auto end = std::min(body.find('&'), body.size());
        const auto pair = body.substr(0, end);
        const auto equals = std::min(pair.find('='), pair.size());
        const auto raw = pair.substr(std::min(equals + 1, pair.size()));
        out.append(pair.substr(0, pair.size() - raw.size()));
        const auto swapped = swap(decoded(pair.substr(0, equals)), raw, out);
        if (!swapped) return failure(swapped.error());
        if (!*swapped) out.append(raw);
        if (end == body.size()) return {};
        out.append('&');
        body.remove_prefix(end + 1);
    }
}

bool looks_like_json(std::string_view body) {
    const auto first = body.find_first_not_of(" \t\r\n");
    return first != body.npos && (body[first] == '{' || body[first] == '[');
}

bool has_body(const http::RequestHead& head) {
    return head.body.kind != http::BodyKind::none && !(head.body.kind == http::BodyKind::length && head.body.length_bytes == 0);
}

}  // namespace

Result<void> IssuedTokens::swap_answer(const TokenSwap& swap, const http::CanonicalRequest& request,
                                       const http::ResponseHead& head, std::string_view body, Buffer& out) {
    if (body.empty()) return {};
    if (body.size() > kTokenAnswerBytesMax) return drop();
    if (body_format(head.headers) == BodyFormat::form) return swap_form(swap, request, body, out);
    if (looks_like_json(body)) return swap_json(swap, request, body, out);
    // A page that says what is wrong holds no token.
    if (head.status / 100 == 2) return drop();
    out.append(body);
    return {};
}

Result<void> IssuedTokens::swap_json(const TokenSwap& swap, const http::CanonicalRequest& request,
                                     std::string_view body, Buffer& out) {
    const auto swap_value = [&](std::string_view name, std::string_view raw, Buffer& to) -> Result<bool> {
        if (raw.empty() || !holds(swap.fields, name)) return false;
        WipedBuffer value;
        if (!append_json_unescaped(value, raw)) return failure(drop().error());
        if (repetitions_of(value.view()) > kTokenRepetitionsMax) return failure(drop().error());
        to.append(issue(value.view(), swap, request));
        return true;
    };
    return rewrite_json(body, swap_value, [&](std::string_view name) { return holds(swap.fields, name); }, out);
}

Result<void> IssuedTokens::swap_form(const TokenSwap& swap, const http::CanonicalRequest& request,
                                     std::string_view body, Buffer& out) {
    const auto swap_value = [&](std::string_view name, std::string_view raw, Buffer& to) -> Result<bool> {
        if (raw.empty() || !holds(swap.fields, name)) return false;
        WipedBuffer value;
        PercentReader read(raw, Plus::space);
        for (int c = read(); c >= 0; c = read()) value.append(static_cast<char>(c));
        if (repetitions_of(value.view()) > kTokenRepetitionsMax) return failure(drop().error());
        to.append(issue(value.view(), swap, request));
        return true;
    };
    return rewrite_form(body, swap_value, out);
}

const std::string& IssuedTokens::issue(std::string_view value, const TokenSwap& swap,
                                       const http::CanonicalRequest& request) {
    const http::Authority& from = request.authority;
    const auto known = std::find_if(tokens_.begin(), tokens_.end(), [&](const Token& token) {
        return token.value.reveal() == value && token.credential == swap.credential && token.host == from.host &&
               token.port == from.port && token.hosts == swap.hosts;
    });
    if (known != tokens_.end()) {
        tokens_.splice(tokens_.begin(), tokens_, known);
        return tokens_.front().stand_in;
    }
    while (tokens_.size() >= kIssuedTokensMax) tokens_.pop_back();
    tokens_.push_front({stand_in_for(value), SecretString(value), swap.credential, from.host, from.port, swap.hosts});
    ++revision_;
    return tokens_.front().stand_in;
}

// Clients read what a JWT says (when it expires, who it is for): only its signature makes it worth something.
std::string IssuedTokens::stand_in_for(std::string_view value) {
    const auto signature = signature_of(value);
    if (signature == value.npos) return make_placeholder("", value.size(), random_);
    return std::string(value.substr(0, signature)) + make_placeholder("", value.size() - signature, random_);
}

const IssuedTokens::Token* IssuedTokens::find(std::string_view stand_in, const MayHave& may_have) const {
    const auto found = std::find_if(tokens_.begin(), tokens_.end(), [&](const Token& token) {
        return stand_in.ends_with(token.stand_in) && may_have(token);
    });
    if (found == tokens_.end()) return nullptr;
    tokens_.splice(tokens_.begin(), tokens_, found);
    return &tokens_.front();
}

// True if anything was put back. What is left of placeholders is for others to refuse.
bool IssuedTokens::exchange_text(std::string_view text, const MayHave& may_have, Buffer& out) const {
    bool is_changed = false;
    while (true) {
        const auto placeholder = find_placeholder(text);
        const auto end = placeholder.empty() ? 0 : static_cast<std::size_t>(placeholder.end() - text.begin());
        const Token* token = placeholder.empty() ? nullptr : find(text.substr(0, end), may_have);
        if (token == nullptr) {
            out.append(text);
            return is_changed;
        }
        out.append(text.substr(0, end - token->stand_in.size()));
        out.append(token->value.reveal());
        text.remove_prefix(end);
        is_changed = true;
    }
}

bool IssuedTokens::exchange_basic(std::string_view value, const MayHave& may_have, Buffer& out) const {
    const auto pair = read_basic(value);
    WipedBuffer exchanged;
    if (!pair || !exchange_text(pair->view(), may_have, exchanged)) return false;
    out.append("Basic ");
    append_base64(out, exchanged.view());
    return true;
}

bool IssuedTokens::exchange_authorization(http::HeaderMap& headers, const MayHave& may_have) const {
    bool is_changed = false;
    rewrite_fields(headers, [&](const http::HeaderMap::Field& field, Buffer& value) {
        if (!equals_ignoring_case(field.name, "Authorization")) return FieldFate::keep;
        const bool is_exchanged = mentions_placeholder(field.value) ? exchange_text(field.value, may_have, value)
                                                                    : exchange_basic(field.value, may_have, value);
        is_changed = is_changed || is_exchanged;
        return is_exchanged ? FieldFate::replace : FieldFate::keep;
    });
    return is_changed;
}

BodyUse IssuedTokens::body_use(const TokenSwap* swap, const http::RequestHead& head) const {
    const bool is_asked = swap != nullptr && !tokens_.empty() && has_body(head);
    return is_asked && body_format(head.headers) != BodyFormat::other ? BodyUse::whole : BodyUse::untouched;
}

Result<void> IssuedTokens::exchange(OutgoingRequest& request, const TokenSwap* swap, http::Scheme sent_over) const {
    if (tokens_.empty() || sent_over != http::Scheme::https) return {};
    const http::Authority& to = request.canonical.authority;
    const MayHave may_have = [&](const Token& token) {
        if (!token.credential.empty() || to.is_address) return false;
        if (to.host == token.host && to.port == token.port) return true;
        return to.port == http::default_port(http::Scheme::https) &&
               std::any_of(token.hosts.begin(), token.hosts.end(),
                           [&](const HostPattern& pattern) { return matches(pattern, to.host); });
    };
    exchange_authorization(request.head.headers, may_have);
    if (swap == nullptr || request.body == nullptr) return {};
    return exchange_body(request, *swap, may_have);
}

bool IssuedTokens::exchange_for(std::string_view credential, http::HeaderMap& headers) const {
    return exchange_authorization(headers, [&](const Token& token) { return token.credential == credential; });
}

Result<void> IssuedTokens::exchange_body(OutgoingRequest& request, const TokenSwap& swap,
                                         const MayHave& may_have) const {
    const auto format = body_format(request.head.headers);
    if (format == BodyFormat::other) return {};
    if (!is_plainly_coded(request.head.headers)) return failure(ErrorCode::body_unreadable, "it is coded");
    const auto swap_value = [&](std::string_view name, std::string_view raw, Buffer& to) -> Result<bool> {
        WipedBuffer exchanged;
        if (!is_sent_field(swap, name) || !exchange_text(raw, may_have, exchanged)) return false;
        if (format == BodyFormat::json) {
            append_json_escaped(to, exchanged.view());
        } else {
            append_percent_encoded(to, exchanged.view());
        }
        return true;
    };
    WipedBuffer rewritten;
    const auto outcome = format == BodyFormat::json
                             ? rewrite_json(request.body->view(), swap_value, [](std::string_view) { return false; }, rewritten)
                             : rewrite_form(request.body->view(), swap_value, rewritten);
    if (!outcome) return failure(ErrorCode::body_unreadable, "not JSON as all read it");
    if (mentions_placeholder(rewritten.view())) return failure(ErrorCode::placeholder_misused, "in the body");
    request.body->wipe();
    request.body->append(rewritten.view());
    if (request.head.body.kind == http::BodyKind::length) request.head.body.length_bytes = rewritten.size();
    return {};
}

void IssuedTokens::collect(NeedleTexts& texts) const {
    for (const Token& token : tokens_) {
        const auto value = token.value.reveal();
        texts.secrets.push_back(value);
        if (const auto signature = signature_of(value); signature != value.npos) {
            texts.secrets.push_back(value.substr(signature));
        }
    }
}

Result<void> settle_placeholders(OutgoingRequest& request, const TokenSwap* swap, http::Scheme sent_over) {
    if (request.issued != nullptr) {
        if (auto exchanged = request.issued->exchange(request, swap, sent_over); !exchanged) return exchanged;
    }
    return refuse_placeholders(request.head);
}

}  // namespace sallyport::rules
