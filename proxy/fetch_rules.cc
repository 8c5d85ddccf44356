#include "proxy/fetch_rules.h"

#include <openssl/evp.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/secret_string.h"
#include "rules/actions.h"
#include "rules/percent.h"

namespace sallyport::proxy {
namespace {

// No rule has been found to allow it, or the one that has been found lacks a credential that is not wanted.
bool is_left_to_the_call(const rules::Decision& decision, bool wants_credential) {
    switch (decision.error) {
        case ErrorCode::denied:
        case ErrorCode::address_literal: return true;
        case ErrorCode::cleartext_credential:
        case ErrorCode::secret_unavailable: return !wants_credential;
        default: return false;
    }
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    rules::PercentReader read(text);
    for (int c = read(); c >= 0; c = read()) out += static_cast<char>(c);
    return out;
}

// What follows "Basic ", decoded; empty for anything else.
std::string decoded_basic(std::string_view value) {
    constexpr std::string_view kBasic = "basic ";
    if (value.size() <= kBasic.size() || !http::equals_ignoring_case(value.substr(0, kBasic.size()), kBasic)) return {};
    const std::string_view text = value.substr(kBasic.size());
    std::vector<unsigned char> out(text.size() / 4 * 3 + 3);
    const int size = EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    std::string decoded(reinterpret_cast<const char*>(out.data()), size > 0 ? static_cast<std::size_t>(size) : 0);
    wipe_bytes(out.data(), out.size());
    return decoded;
}

bool holds(std::string_view text, const rules::PolicySnapshot::Environment& environment) {
    return std::any_of(environment.begin(), environment.end(), [&](const auto& each) {
        return !each.second.empty() && text.find(each.second) != text.npos;
    });
}

bool holds_and_wipe(std::string text, const rules::PolicySnapshot::Environment& environment) {
    const bool found = holds(text, environment);
    wipe_bytes(text.data(), text.size());
    return found;
}

}  // namespace

FetchDecision decide_fetch(const rules::PolicySnapshot& now, const http::CanonicalRequest& request,
                           const http::HeaderMap& headers, bool is_own_host, const rules::Decision& call) {
    FetchDecision fetch{now.decide(request, headers, rules::Handlers::skip)};
    if (!is_own_host) return fetch;
    rules::Decision& decision = fetch.decision;
    const bool wants_credential = call.handler->kind == rules::HandlerKind::rule;
    if (decision.verdict == rules::Verdict::deny) {
        if (!is_left_to_the_call(decision, wants_credential)) return fetch;
        fetch.is_ruled = decision.error == ErrorCode::secret_unavailable;
        decision.verdict = rules::Verdict::allow;
    }
    if (!fetch.is_ruled) decision.rule = call.rule;
    if (!wants_credential) {
        decision.credential = {};
        decision.credential_index = -1;
    }
    return fetch;
}

bool holds_value(const http::RequestHead& head, const rules::PolicySnapshot::Environment& environment) {
    if (environment.empty()) return false;
    if (holds(head.method, environment) || holds(head.target, environment)) return true;
    if (holds_and_wipe(percent_decoded(head.target), environment)) return true;
    for (const auto [name, value] : head.headers) {
        if (holds(name, environment) || holds(value, environment)) return true;
        if (holds_and_wipe(decoded_basic(value), environment)) return true;
    }
    return false;
}

}  // namespace sallyport::proxy
