#include "rules/query_credential.h"

#include <array>
#include <utility>

#include "rules/auth_family.h"
#include "rules/filled_template.h"
#include "rules/percent.h"
#include "rules/token.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 2> kKeys{"name", "value"};

class QueryAction final : public CredentialAction {
public:
    QueryAction(const std::string& key, SecretString value, UsedSecrets used)
        : key_(key), value_(std::move(value)), used_(std::move(used)) {}

    Result<void> apply(OutgoingRequest& request) const override {
        std::string& target = request.head.target;
        remove_query_keys_like(target, key_);
        target += target.find('?') == target.npos ? '?' : '&';
        if (target.ends_with("?&")) target.pop_back();
        target.append(key_).append(1, '=').append(value_.reveal());
        return {};
    }

    void collect(NeedleTexts& texts) const override {
        used_.collect(texts);
        texts.rendered.push_back(value_.reveal());
    }

private:
    const std::string& key_;    // the kind's
    const SecretString value_;  // percent-encoded
    const UsedSecrets used_;
};

class QueryKind final : public CredentialKind {
public:
    QueryKind(std::string key, secrets::TemplateText value) : key_(std::move(key)), value_(std::move(value)) {}

    std::string_view type() const override { return "query"; }
    std::string place() const override { return "query key " + key_; }
    void visit_templates(const std::function<void(const secrets::TemplateText&)>& visit) const override {
        visit(value_);
    }
    Result<std::unique_ptr<const CredentialAction>> render(const RenderContext& context) const override {
        WipedBuffer text, encoded;
        UsedSecrets used;
        if (auto filled = fill_in(value_, context, text, used); !filled) return failure(filled.error());
        if (auto fit = check_sent_value(text.view()); !fit) return failure(fit.error());
        append_percent_encoded(encoded, text.view());
        return std::make_unique<const QueryAction>(key_, SecretString(encoded.view()), std::move(used));
    }

private:
    const std::string key_;
    const secrets::TemplateText value_;
};

}  // namespace

std::shared_ptr<const CredentialKind> read_query_credential(CredentialReading& reading) {
    if (!reading.expect(kKeys)) return nullptr;
    const Node* node = reading.require("name");
    const auto name = node == nullptr ? std::nullopt : read_text(*node, "name", reading.reporter);
    auto value = reading.read_value("value");
    if (!name || !value) return nullptr;
    for (const char c : *name) {
        if (is_unreserved(c)) continue;
        reading.reporter.error(node->place, quote(*name) + " is not the name of a query key: letters, digits, '-', '.', '_' and '~'");
        return nullptr;
    }
    return std::make_shared<const QueryKind>(std::string(*name), std::move(*value));
}

}  // namespace sallyport::rules
