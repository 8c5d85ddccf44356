#include "secrets/gcp_secret_manager.h"

#include <charconv>
#include <cstdint>

#include "secrets/encoding.h"
#include "secrets/fill_in.h"

namespace sallyport::secrets {
namespace {

// Castagnoli's polynomial, bit by bit: values are short.
std::uint32_t crc32c(std::string_view bytes) {
    std::uint32_t crc = ~0u;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

// True where there is none: it is optional. An int64 is a string in Google's JSON.
bool matches_checksum(const JsonValue& answer, std::string_view bytes) {
    const auto checksum = answer.member("payload", "dataCrc32c");
    if (!checksum) return true;
    const auto text = checksum->text();
    const std::string_view digits = text ? text->reveal() : checksum->raw();
    std::uint32_t expected = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), expected);
    return fault == std::errc() && end == digits.data() + digits.size() && expected == crc32c(bytes);
}

bool is_gone(const HttpReply& reply) {
    if (reply.status == 403 || reply.status == 404) return true;
    const auto json = JsonValue::parse(reply.body);
    const auto status = json ? json->member("error", "status") : std::nullopt;
    // "Secret Version … is in DISABLED state"
    return reply.status == 400 && status && status->is_text("FAILED_PRECONDITION");
}

}  // namespace

std::string GcpSecretManagerProvider::describe() const {
    return "gcp " + source_text(config_.project) + '/' + source_text(config_.secret) + '/' + source_text(config_.version) +
           (config_.field.empty() ? "" : '#' + config_.field);
}

void GcpSecretManagerProvider::visit_templates(const std::function<void(const TemplateText&)>& visit) const {
    for (const TemplateText* text : {&config_.project, &config_.secret, &config_.version, &config_.token}) visit(*text);
}

Result<std::string> GcpSecretManagerProvider::path(const FetchContext& context) const {
    const auto project = fill_in_path(config_.project, context);
    if (!project) return failure(project.error());
    const auto secret = fill_in_path(config_.secret, context);
    if (!secret) return failure(secret.error());
    const auto version = fill_in_path(config_.version, context);
    if (!version) return failure(version.error());
    return "/v1/projects/" + *project + "/secrets/" + *secret + "/versions/" + *version + ":access";
}

Result<Fetched> GcpSecretManagerProvider::fetch(FetchContext& context) const {
    const auto path = this->path(context);
    if (!path) return failure(path.error());
    const auto token = fill_in_line(config_.token, context);
    if (!token) return failure(token.error());
    auto request = request_to(config_.endpoint, "GET", *path);
    if (const auto added = add_bearer(request, *token); !added) return failure(added.error());
    const auto reply = context.http.send(request);
    if (!reply) return failure(reply.error());
    return take(request, *reply);
}

Result<Fetched> GcpSecretManagerProvider::take(const HttpRequest& request, const HttpReply& reply) const {
    if (is_gone(reply)) return failure(ErrorCode::denied, answered(request, reply));
    if (!is_success(reply)) return failure(ErrorCode::secret_unavailable, answered(request, reply));
    const auto json = json_object(request, reply);
    if (!json) return failure(json.error());
    const auto payload = json->member("payload");
    const auto data = payload ? payload->member("data") : std::nullopt;
    const auto encoded = data ? data->text() : std::nullopt;
    WipedBuffer bytes;
    if (!encoded || !decode_base64(encoded->reveal(), bytes)) {
        return failure(ErrorCode::secret_unavailable, "the answer's \"payload\" holds no \"data\" in base64");
    }
    if (!matches_checksum(*json, bytes.view())) {
        return failure(ErrorCode::secret_unavailable, "the answer's value does not match its checksum");
    }
    auto value = field_of(bytes.view(), config_.field);
    if (!value) return failure(value.error());
    return Fetched{std::move(*value), std::nullopt};
}

}  // namespace sallyport::secrets
