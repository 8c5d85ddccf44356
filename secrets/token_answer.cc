#include "secrets/token_answer.h"

#include <algorithm>
#include <array>

#include "secrets/expiry.h"
#include "secrets/jwt.h"

namespace sallyport::secrets {
namespace {

struct KnownError {
    std::string_view name;
    ErrorCode code;
};

// RFC 6749 section 5.2, RFC 8693 section 2.2.2. What is not among them is not repeated: it is the answer's own text.
constexpr std::array<KnownError, 9> kErrors{{
    {"invalid_client", ErrorCode::denied},
    {"invalid_grant", ErrorCode::denied},
    {"unauthorized_client", ErrorCode::denied},
    {"access_denied", ErrorCode::denied},
    {"invalid_request", ErrorCode::secret_unavailable},
    {"unsupported_grant_type", ErrorCode::secret_unavailable},
    {"invalid_scope", ErrorCode::secret_unavailable},
    {"invalid_target", ErrorCode::secret_unavailable},
    {"temporarily_unavailable", ErrorCode::secret_unavailable},
}};

bool is_visible(char c) { return c > 0x20 && c < 0x7f; }

tl::unexpected<Error> refusal(const HttpRequest& request, const HttpReply& reply) {
    const auto json = JsonValue::parse(reply.body);
    const auto error = json ? json->member("error") : std::nullopt;
    for (const KnownError& known : kErrors) {
        if (!error || reply.status >= 500 || !error->is_text(known.name)) continue;
        return failure(known.code, answered(request, reply) + ": " + std::string(known.name));
    }
    return failure(ErrorCode::secret_unavailable, answered(request, reply));
}

// "Bearer" in any case. Left out by some servers, which mean it.
bool is_bearer(const std::optional<JsonValue>& type) {
    const auto text = type ? type->text() : std::nullopt;
    if (!text) return !type;
    constexpr std::string_view kBearer = "bearer";
    return std::equal(text->reveal().begin(), text->reveal().end(), kBearer.begin(), kBearer.end(),
                      [](char c, char expected) { return (c | 0x20) == expected; });
}

Result<WallClock::time_point> end_of(const JsonValue& json, WallClock::time_point asked_at) {
    const auto expires_in = json.member("expires_in");
    if (!expires_in) return usable_until(asked_at, kTokenLifetimeDefault);
    const auto lifetime = read_lifetime(*expires_in, "expires_in");
    if (!lifetime) return failure(lifetime.error());
    return usable_until(asked_at, *lifetime);
}

}  // namespace

Result<SecretString> token_member(const JsonValue& object, std::string_view name) {
    auto token = secret_member(object, name);
    if (!token) return token;
    const auto text = token->reveal();
    if (std::all_of(text.begin(), text.end(), is_visible)) return token;
    return failure(ErrorCode::secret_unavailable, "the answer's \"" + std::string(name) + "\" is not a token");
}

Result<TokenAnswer> read_token_answer(const HttpRequest& request, const HttpReply& reply, WallClock::time_point asked_at) {
    if (!is_success(reply)) return refusal(request, reply);
    const auto json = json_object(request, reply);
    if (!json) return failure(json.error());
    if (!is_bearer(json->member("token_type"))) {
        return failure(ErrorCode::secret_unavailable, "the answer's \"token_type\" is not Bearer");
    }
    TokenAnswer answer;
    auto token = token_member(*json, "access_token");
    if (!token) return failure(token.error());
    answer.token = std::move(*token);
    const auto end = end_of(*json, asked_at);
    if (!end) return failure(end.error());
    answer.expires_at = *end;
    if (json->member("refresh_token")) {
        auto refresh_token = token_member(*json, "refresh_token");
        if (!refresh_token) return failure(refresh_token.error());
        answer.refresh_token = std::move(*refresh_token);
    }
    return answer;
}

Result<TokenAnswer> read_id_token_answer(const HttpRequest& request, const HttpReply& reply,
                                         WallClock::time_point asked_at) {
    if (!is_success(reply)) return refusal(request, reply);
    const auto json = json_object(request, reply);
    if (!json) return failure(json.error());
    auto token = token_member(*json, "id_token");
    if (!token) return failure(token.error());
    const auto moment = expiry_of_jwt(token->reveal());
    if (!moment) return failure(ErrorCode::secret_unavailable, "the answer's \"id_token\" does not say when it ends");
    const auto end = usable_until_moment(asked_at, *moment);
    if (!end) return failure(end.error());
    return TokenAnswer{std::move(*token), *end, std::nullopt};
}

}  // namespace sallyport::secrets
