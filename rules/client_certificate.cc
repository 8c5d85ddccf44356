#include "rules/client_certificate.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rules/filled_template.h"
#include "rules/secret_reading.h"

namespace sallyport::rules {
namespace {

constexpr std::string_view kType = "client_certificate";
constexpr std::array<std::string_view, 4> kKeys{"certificate", "key", "certificate_file", "key_file"};

struct Config {
    secrets::TemplateText chain;
    secrets::TemplateText key;
};

class CertifiedAction final : public CredentialAction {
public:
    // `other`: what else the credential does; null for nothing.
    CertifiedAction(ClientCertificate certificate, std::unique_ptr<const CredentialAction> other)
        : certificate_(std::move(certificate)), other_(std::move(other)) {}

    BodyUse body_use(const http::RequestHead& head) const override {
        return other_ ? other_->body_use(head) : BodyUse::untouched;
    }
    bool owns_field(std::string_view name) const override { return other_ && other_->owns_field(name); }
    bool owns_query_key(std::string_view key) const override { return other_ && other_->owns_query_key(key); }
    Result<void> apply(OutgoingRequest& request) const override {
        return other_ ? other_->apply(request) : Result<void>();
    }
    void collect(NeedleTexts& texts) const override {
        if (other_) other_->collect(texts);
    }
    const ClientCertificate* client_certificate() const override { return &certificate_; }
    const TokenSwap* token_swap(const http::CanonicalRequest& request) const override {
        return other_ ? other_->token_swap(request) : nullptr;
    }

private:
    const ClientCertificate certificate_;
    const std::unique_ptr<const CredentialAction> other_;
};

Result<SecretString> render_pem(const secrets::TemplateText& text, const RenderContext& context, std::string_view label,
                                const char* what) {
    WipedBuffer pem;
    UsedSecrets used;
    if (auto filled = fill_in(text, context, pem, used); !filled) return failure(filled.error());
    if (pem.view().find("-----BEGIN ") == std::string_view::npos || pem.view().find(label) == std::string_view::npos) {
        return failure(ErrorCode::secret_unavailable, std::string("the ") + what + " is not in PEM form");
    }
    return SecretString(pem.view());
}

class CertifiedKind final : public CredentialKind {
public:
    CertifiedKind(Config config, std::shared_ptr<const CredentialKind> other)
        : config_(std::move(config)), other_(std::move(other)) {}

    std::string_view type() const override { return other_ ? other_->type() : kType; }
    std::string place() const override {
        return other_ ? other_->place() + " and client certificate" : "client certificate";
    }
    void visit_templates(const std::function<void(const secrets::TemplateText&)>& visit) const override {
        visit(config_.chain);
        visit(config_.key);
        if (other_) other_->visit_templates(visit);
    }
    bool is_per_sandbox() const override { return other_ && other_->is_per_sandbox(); }
    PlaceholderShape placeholder() const override { return other_ ? other_->placeholder() : PlaceholderShape{}; }
    Result<std::unique_ptr<const CredentialAction>> render(const RenderContext& context) const override {
        auto chain = render_pem(config_.chain, context, "CERTIFICATE-----", "certificate");
        if (!chain) return failure(chain.error());
        auto key = render_pem(config_.key, context, "PRIVATE KEY-----", "certificate's key");
        if (!key) return failure(key.error());
        std::unique_ptr<const CredentialAction> action;
        if (other_) {
            auto rendered = other_->render(context);
            if (!rendered) return rendered;
            action = std::move(*rendered);
        }
        return std::make_unique<const CertifiedAction>(ClientCertificate{std::move(*chain), std::move(*key)},
                                                       std::move(action));
    }

private:
    const Config config_;
    const std::shared_ptr<const CredentialKind> other_;
};

// A file becomes a secret of the credential's own.
std::optional<secrets::TemplateText> read_file(CredentialReading& reading, const Node& file, const std::string& key) {
    const SecretReading place{key, file, reading.secret_names, reading.reporter};
    if (!place.read_place(file, key)) return std::nullopt;
    const std::string name = reading.derived_name() + "." + key;
    reading.derived_sources.push_back({name, secrets::SourceKind::file, file.text});
    return secrets::TemplateText{{secrets::PartKind::secret, name}};
}

std::optional<secrets::TemplateText> read_part(CredentialReading& reading, const std::string& key) {
    const std::string file_key = key + "_file";
    const Node* file = find(reading.node, file_key);
    if (file == nullptr) return key == "key" ? reading.read_value(key) : reading.read_template(key);
    if (find(reading.node, key) == nullptr) return read_file(reading, *file, file_key);
    reading.reporter.error(file->place, "either " + quote(key) + " or " + quote(file_key));
    return std::nullopt;
}

std::optional<Config> read_config(CredentialReading& reading) {
    auto chain = read_part(reading, "certificate");
    auto key = read_part(reading, "key");
    if (!chain || !key) return std::nullopt;
    return Config{std::move(*chain), std::move(*key)};
}

}  // namespace

std::shared_ptr<const CredentialKind> read_client_certificate(CredentialReading& reading) {
    if (!reading.expect(kKeys)) return nullptr;
    auto config = read_config(reading);
    return config ? std::make_shared<const CertifiedKind>(std::move(*config), nullptr) : nullptr;
}

std::shared_ptr<const CredentialKind> add_client_certificate(std::shared_ptr<const CredentialKind> other, const Node& entry,
                                                             CredentialReading& reading) {
    if (!expect_map(entry, quote(kType), {kKeys}, reading.reporter)) return nullptr;
    CredentialReading inner{reading.name, entry, reading.secret_names, reading.reporter, reading.derived_sources};
    auto config = read_config(inner);
    if (!config || other == nullptr) return nullptr;
    if (other->type() != kType) return std::make_shared<const CertifiedKind>(std::move(*config), std::move(other));
    reading.reporter.error(entry.place, "the credential is a client certificate already");
    return nullptr;
}

}  // namespace sallyport::rules
