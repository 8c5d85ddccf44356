// What stores and token endpoints are asked, and what is made of their answers: bounded, strictly read, and never quoted in
// a message.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret_string.h"
#include "secrets/http_client.h"
#include "secrets/json_value.h"
#include "secrets/wiped_buffer.h"

namespace sallyport::secrets {

// Whom a provider asks: configuration only, nothing of it is filled in from a request or a sandbox.
struct Endpoint {
    std::string url;              // "https://vault.internal:8200", "https://idp.example/oauth2/token"
    std::string ca_file;          // PEM, instead of the system's; empty: the system's
    bool allow_cleartext = false;  // http, which readers let pass for this host itself only
};

// A request to `path` (which begins with '/') under the endpoint's URL; to the URL itself where it is empty.
HttpRequest request_to(const Endpoint& endpoint, std::string_view method, std::string_view path = {});
// Sets a field, whose value is a secret; removes none. secret_unavailable for control characters in it.
Result<void> add_field(HttpRequest& request, std::string_view name, std::string_view value);
// "Authorization: Bearer …"
Result<void> add_bearer(HttpRequest& request, const SecretString& token);
void set_form(HttpRequest& request, const WipedBuffer& form);
void set_json(HttpRequest& request, std::string_view json);

// "https://vault.internal:8200 answered 503": scheme and authority only.
std::string answered(const HttpRequest& request, const HttpReply& reply);
bool is_success(const HttpReply& reply);

// The answer as a JSON object; valid as long as the reply. secret_unavailable where it is none.
Result<JsonValue> json_object(const HttpRequest& request, const HttpReply& reply);

// A member that is a fit value for a secret (secrets/value_check.h). secret_unavailable where it is missing or not one.
Result<SecretString> secret_member(const JsonValue& object, std::string_view name);
// The same of a value that may also be a number or true and false, as it is written.
Result<SecretString> secret_value(const JsonValue& value, std::string_view name);

// A field of a stored secret that is a JSON object, or all of it where `field` is empty. denied where there is no such field.
Result<SecretString> field_of(std::string_view stored, const std::string& field);

}  // namespace sallyport::secrets
