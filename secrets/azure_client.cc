#include "secrets/azure_client.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>

#include "secrets/encoding.h"
#include "secrets/fill_in.h"
#include "secrets/jwt.h"
#include "secrets/token_answer.h"

namespace sallyport::secrets {
namespace {

constexpr std::chrono::seconds kAssertionLifetime{300};
constexpr std::string_view kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

// base64url(SHA-256(certificate in DER)). Nothing where the text holds no certificate.
std::optional<std::string> thumbprint(std::string_view pem) {
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    const std::unique_ptr<X509, void (*)(X509*)> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr),
                                                             X509_free);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (!certificate || X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) return std::nullopt;
    Buffer text;
    append_base64url(text, {reinterpret_cast<const char*>(digest.data()), size});
    return std::string(text.view());
}

}  // namespace

std::string AzureClientProvider::describe() const {
    return "azure_client " + source_text(config_.client_id) + ' ' + source_text(config_.scope);
}

void AzureClientProvider::visit_templates(const std::function<void(const TemplateText&)>& visit) const {
    for (const TemplateText* text : {&config_.tenant, &config_.client_id, &config_.scope, &config_.client_secret,
                                     &config_.certificate}) {
        if (!text->empty()) visit(*text);
    }
}

Result<SecretString> AzureClientProvider::assertion(const SecretString& client_id, const std::string& audience,
                                                    FetchContext& context) const {
    const auto pem = fill_in_document(config_.certificate, context);
    if (!pem) return failure(pem.error());
    const auto key = SigningKey::from_pem(pem->reveal());
    if (!key) return failure(key.error());
    const auto certificate = thumbprint(pem->reveal());
    if (!certificate) return failure(ErrorCode::secret_unavailable, "there is no certificate in PEM beside the private key");
    JsonObject claims;
    claims.field("aud", audience).field("iss", client_id.reveal()).field("sub", client_id.reveal());
    claims.field("jti", random_id(context.random));
    claims.time("iat", context.now).time("nbf", context.now).time("exp", context.now + kAssertionLifetime);
    return sign_jwt(*key, JwtAlgorithm::ps256, R"("x5t#S256":")" + *certificate + '"', claims.text());
}

Result<void> AzureClientProvider::add_proof(Buffer& form, const SecretString& client_id, const std::string& audience,
                                            FetchContext& context) const {
    const bool has_certificate = !config_.certificate.empty();
    const auto proof = has_certificate ? assertion(client_id, audience, context) : fill_in_line(config_.client_secret, context);
    if (!proof) return failure(proof.error());
    if (has_certificate) append_form(form, "client_assertion_type", kAssertionType);
    append_form(form, has_certificate ? "client_assertion" : "client_secret", proof->reveal());
    return {};
}

Result<Fetched> AzureClientProvider::fetch(FetchContext& context) const {
    const auto tenant = fill_in_path(config_.tenant, context);
    if (!tenant) return failure(tenant.error());
    const auto client_id = fill_in_line(config_.client_id, context);
    if (!client_id) return failure(client_id.error());
    const auto scope = fill_in_line(config_.scope, context);
    if (!scope) return failure(scope.error());
    auto request = request_to(config_.authority, "POST", '/' + *tenant + "/oauth2/v2.0/token");
    WipedBuffer form;
    append_form(form, "grant_type", "client_credentials");
    append_form(form, "client_id", client_id->reveal());
    append_form(form, "scope", scope->reveal());
    if (const auto added = add_proof(form, *client_id, request.url, context); !added) return failure(added.error());
    set_form(request, form);
    const auto reply = context.http.send(request);
    if (!reply) return failure(reply.error());
    auto answer = read_token_answer(request, *reply, context.now);
    if (!answer) return failure(answer.error());
    return Fetched{std::move(answer->token), answer->expires_at};
}

}  // namespace sallyport::secrets
