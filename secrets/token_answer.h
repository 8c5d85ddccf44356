// What a token endpoint has answered (RFC 6749 section 5).
#pragma once

#include <optional>

#include "base/result.h"
#include "base/secret_string.h"
#include "secrets/answer.h"
#include "secrets/provider.h"

namespace sallyport::secrets {

struct TokenAnswer {
    SecretString token;
    WallClock::time_point expires_at;
    std::optional<SecretString> refresh_token;
};

// A bearer token: "access_token", of visible ASCII, and "expires_in", without which it is used for kTokenLifetimeDefault.
// denied where the endpoint says that the client or its grant is not, or no longer, good ("invalid_client", "invalid_grant",
// "unauthorized_client", "access_denied"); secret_unavailable for all else.
Result<TokenAnswer> read_token_answer(const HttpRequest& request, const HttpReply& reply, WallClock::time_point asked_at);
// The same of an answer whose token is an OpenID Connect ID token: "id_token", which says itself when it ends.
Result<TokenAnswer> read_id_token_answer(const HttpRequest& request, const HttpReply& reply,
                                         WallClock::time_point asked_at);

// A member that is a token: visible ASCII.
Result<SecretString> token_member(const JsonValue& object, std::string_view name);

}  // namespace sallyport::secrets
