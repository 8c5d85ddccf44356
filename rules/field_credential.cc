#include "rules/field_credential.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "http/header_map.h"
#include "rules/auth_family.h"
#include "rules/base64.h"
#include "rules/filled_template.h"
#include "rules/token.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 2> kHeaderKeys{"name", "value"};
constexpr std::array<std::string_view, 1> kBearerKeys{"secret"};
constexpr std::array<std::string_view, 2> kBasicKeys{"username", "password"};

// Fields that frame or route a message: a credential in one of them would change what the request is.
constexpr std::array<std::string_view, 11> kReservedFields{
    "Host",    "Content-Length", "Transfer-Encoding", "Connection",       "Upgrade",          "TE",
    "Trailer", "Expect",         "Keep-Alive",        "Proxy-Connection", "Content-Encoding",
};

enum class Form { plain, basic, cookie };

struct FieldConfig {
    std::string_view type;
    Form form = Form::plain;
    std::string field;               // "Authorization", "Cookie", …
    std::string cookie;              // the cookie's name
    secrets::TemplateText username;  // basic only
    secrets::TemplateText value;     // basic: the password; bearer: "Bearer ${secrets.NAME}"
};

// base64("user:password"): RFC 7617 leaves no way to write ':' in the user's name.
Result<void> append_basic(const FieldConfig& config, const RenderContext& context, Buffer& out, UsedSecrets& used) {
    WipedBuffer pair;
    if (auto filled = fill_in(config.username, context, pair, used); !filled) return filled;
    if (pair.view().find(':') != std::string_view::npos) {
        return failure(ErrorCode::secret_unavailable, "the user name holds a ':'");
    }
    pair.append(':');
    if (auto filled = fill_in(config.value, context, pair, used); !filled) return filled;
    if (std::any_of(pair.view().begin(), pair.view().end(), is_control)) {
        return failure(ErrorCode::secret_unavailable, "user name or password hold control characters");
    }
    out.append("Basic ");
    append_base64(out, pair.view());
    return {};
}

// RFC 6265 section 4.1.1: what a cookie's value may not hold ends it, or begins another one.
bool ends_cookie(char c) { return c == ';' || c == ',' || c == ' ' || c == '"' || c == '\\'; }

Result<void> append_cookie(const FieldConfig& config, const RenderContext& context, Buffer& out, UsedSecrets& used) {
    WipedBuffer value;
    if (auto filled = fill_in(config.value, context, value, used); !filled) return filled;
    if (value.empty()) return failure(ErrorCode::secret_unavailable, "the value is empty");
    if (std::any_of(value.view().begin(), value.view().end(), ends_cookie)) {
        return failure(ErrorCode::secret_unavailable, "the value cannot be a cookie's");
    }
    out.append(config.cookie);
    out.append('=');
    out.append(value.view());
    return {};
}

Result<void> append_value(const FieldConfig& config, const RenderContext& context, Buffer& out, UsedSecrets& used) {
    switch (config.form) {
        case Form::basic: return append_basic(config, context, out, used);
        case Form::cookie: return append_cookie(config, context, out, used);
        case Form::plain: break;
    }
    return fill_in(config.value, context, out, used);
}

class FieldAction final : public CredentialAction {
public:
    FieldAction(const FieldConfig& config, SecretString value, UsedSecrets used)
        : config_(config), value_(std::move(value)), used_(std::move(used)) {}

    Result<void> apply(OutgoingRequest& request) const override {
        http::HeaderMap& headers = request.head.headers;
        if (config_.form == Form::cookie) return add_cookie(headers);
        remove_fields_like(headers, config_.field);
        headers.add(config_.field, value_.reveal());
        return {};
    }

    void collect(NeedleTexts& texts) const override {
        used_.collect(texts);
        texts.rendered.push_back(value_.reveal());
    }

private:
    // Beside the cookies that the sandbox may keep, of which none may have this one's name.
    Result<void> add_cookie(http::HeaderMap& headers) const {
        std::string all = without_cookie(headers.get("Cookie").value_or(""), config_.cookie);
        remove_fields_like(headers, "Cookie");
        if (!all.empty()) all += "; ";
        all += value_.reveal();
        headers.add("Cookie", all);
        wipe_bytes(all.data(), all.size());
        return {};
    }

    const FieldConfig& config_;  // the kind's, which the snapshot's policy holds
    const SecretString value_;
    const UsedSecrets used_;
};

class FieldKind final : public CredentialKind {
public:
    explicit FieldKind(FieldConfig config) : config_(std::move(config)) {}

    std::string_view type() const override { return config_.type; }
    std::string place() const override {
        return config_.form == Form::cookie ? "cookie " + config_.cookie : "header " + config_.field;
    }
    void visit_templates(const std::function<void(const secrets::TemplateText&)>& visit) const override {
        visit(config_.username);
        visit(config_.value);
    }
    Result<std::unique_ptr<const CredentialAction>> render(const RenderContext& context) const override {
        WipedBuffer text;
        UsedSecrets used;
        if (auto filled = append_value(config_, context, text, used); !filled) return failure(filled.error());
        auto value = check_sent_value(text.view());
        if (!value) return failure(value.error());
        return std::make_unique<const FieldAction>(config_, std::move(*value), std::move(used));
    }

private:
    const FieldConfig config_;
};

std::shared_ptr<const CredentialKind> make_kind(FieldConfig config) {
    return std::make_shared<const FieldKind>(std::move(config));
}

secrets::TemplateText bearer_value(const std::string& secret_name) {
    return {{secrets::PartKind::literal, "Bearer "}, {secrets::PartKind::secret, secret_name}};
}

std::optional<std::string> read_field_name(CredentialReading& reading) {
    const Node* node = reading.require("name");
    const auto name = node == nullptr ? std::nullopt : read_text(*node, "name", reading.reporter);
    if (!name) return std::nullopt;
    if (!is_token(*name)) {
        reading.reporter.error(node->place, quote(*name) + " is not the name of a header");
        return std::nullopt;
    }
    if (!may_carry_credential(*name)) {
        reading.reporter.error(node->place, "the header " + quote(*name) + " may not carry a credential");
        return std::nullopt;
    }
    return std::string(*name);
}

}  // namespace

bool may_carry_credential(std::string_view field) {
    return is_token(field) && std::none_of(kReservedFields.begin(), kReservedFields.end(), [&](std::string_view reserved) {
               return http::equals_ignoring_case(reserved, field);
           });
}

std::shared_ptr<const CredentialKind> read_header_credential(CredentialReading& reading) {
    if (!reading.expect(kHeaderKeys)) return nullptr;
    const auto name = read_field_name(reading);
    auto value = reading.read_value("value");
    if (!name || !value) return nullptr;
    return make_kind({"header", Form::plain, *name, "", {}, std::move(*value)});
}

std::shared_ptr<const CredentialKind> read_bearer_credential(CredentialReading& reading) {
    if (!reading.expect(kBearerKeys)) return nullptr;
    const auto secret = reading.read_secret_name("secret");
    return secret ? make_bearer_kind("bearer", *secret) : nullptr;
}

std::shared_ptr<const CredentialKind> read_basic_credential(CredentialReading& reading) {
    if (!reading.expect(kBasicKeys)) return nullptr;
    auto username = reading.read_template("username");
    auto password = reading.read_value("password");
    if (!username || !password) return nullptr;
    for (const auto& part : *username) {
        if (part.kind != secrets::PartKind::literal || part.text.find(':') == part.text.npos) continue;
        reading.reporter.error(find(reading.node, "username")->place, "\"username\" may not hold ':'");
        return nullptr;
    }
    return make_kind({"basic", Form::basic, "Authorization", "", std::move(*username), std::move(*password)});
}

std::shared_ptr<const CredentialKind> read_cookie_credential(CredentialReading& reading) {
    if (!reading.expect(kHeaderKeys)) return nullptr;
    const Node* node = reading.require("name");
    const auto name = node == nullptr ? std::nullopt : read_text(*node, "name", reading.reporter);
    auto value = reading.read_value("value");
    if (!name || !value) return nullptr;
    if (!is_token(*name)) {
        reading.reporter.error(node->place, quote(*name) + " is not the name of a cookie");
        return nullptr;
    }
    return make_kind({"cookie", Form::cookie, "Cookie", std::string(*name), {}, std::move(*value)});
}

std::shared_ptr<const CredentialKind> make_bearer_kind(std::string_view type, const std::string& secret_name) {
    return make_kind({type, Form::plain, "Authorization", "", {}, bearer_value(secret_name)});
}

std::shared_ptr<const CredentialKind> make_basic_kind(std::string_view type, const std::string& username,
                                                      const std::string& secret_name) {
    return make_kind({type,
                      Form::basic,
                      "Authorization",
                      "",
                      {{secrets::PartKind::literal, username}},
                      {{secrets::PartKind::secret, secret_name}}});
}

}  // namespace sallyport::rules
