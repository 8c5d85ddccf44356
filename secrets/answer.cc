#include "secrets/answer.h"

#include <algorithm>

#include "secrets/value_check.h"

namespace sallyport::secrets {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string_view origin_of(std::string_view url) {
    const auto scheme = url.find("://");
    return scheme == url.npos ? url : url.substr(0, url.find('/', scheme + 3));
}

tl::unexpected<Error> unfit(std::string_view name, std::string_view why) {
    return failure(ErrorCode::secret_unavailable, "the answer's \"" + std::string(name) + "\" " + std::string(why));
}

}  // namespace

HttpRequest request_to(const Endpoint& endpoint, std::string_view method, std::string_view path) {
    HttpRequest request;
    request.method = method;
    std::string_view base = endpoint.url;
    if (!path.empty() && base.ends_with('/')) base.remove_suffix(1);
    request.url = std::string(base) + std::string(path);
    request.ca_file = endpoint.ca_file;
    request.allow_cleartext = endpoint.allow_cleartext;
    request.fields.emplace_back("Accept", "application/json");
    request.fields.emplace_back("User-Agent", "sallyport");
    return request;
}

Result<void> add_field(HttpRequest& request, std::string_view name, std::string_view value) {
    if (std::any_of(value.begin(), value.end(), is_control)) {
        return failure(ErrorCode::secret_unavailable, "what goes into " + std::string(name) + " holds control characters");
    }
    request.fields.emplace_back(name, value);
    return {};
}

Result<void> add_bearer(HttpRequest& request, const SecretString& token) {
    WipedBuffer value;
    value.append("Bearer ");
    value.append(token.reveal());
    return add_field(request, "Authorization", value.view());
}

void set_form(HttpRequest& request, const WipedBuffer& form) {
    request.fields.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = form.text();
}

void set_json(HttpRequest& request, std::string_view json) {
    request.fields.emplace_back("Content-Type", "application/json");
    request.body = std::string(json);
}

std::string answered(const HttpRequest& request, const HttpReply& reply) {
    return std::string(origin_of(request.url)) + " answered " + std::to_string(reply.status);
}

bool is_success(const HttpReply& reply) { return reply.status >= 200 && reply.status <= 299; }

Result<JsonValue> json_object(const HttpRequest& request, const HttpReply& reply) {
    const auto json = JsonValue::parse(reply.body);
    if (json && json->is_object()) return *json;
    return failure(ErrorCode::secret_unavailable, answered(request, reply) + " with something that is not a JSON object");
}

Result<SecretString> secret_member(const JsonValue& object, std::string_view name) {
    const auto value = object.member(name);
    if (!value) return unfit(name, "is missing, or there several times");
    const auto text = value->text();
    if (!text) return unfit(name, "is not a text");
    auto checked = check_value(text->reveal());
    if (!checked) return unfit(name, "cannot be used: " + checked.error().detail);
    return checked;
}

Result<SecretString> secret_value(const JsonValue& value, std::string_view name) {
    if (value.is_object() || value.is_array() || value.is_null()) return unfit(name, "is not a text");
    const auto text = value.is_string() ? value.text() : SecretString(value.raw());
    if (!text) return unfit(name, "is not a text");
    auto checked = check_value(text->reveal());
    if (!checked) return unfit(name, "cannot be used: " + checked.error().detail);
    return checked;
}

Result<SecretString> field_of(std::string_view stored, const std::string& field) {
    if (field.empty()) return check_value(stored);
    const auto json = JsonValue::parse(stored);
    if (!json || !json->is_object()) {
        return failure(ErrorCode::secret_unavailable, "the secret is not a JSON object, so that it has no fields");
    }
    const auto value = json->member(field);
    if (!value) return failure(ErrorCode::denied, "the secret has no single field \"" + field + '"');
    return secret_value(*value, field);
}

}  // namespace sallyport::secrets
