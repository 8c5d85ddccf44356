#include "rules/credential_reader.h"

#include <algorithm>
#include <array>
#include <vector>

#include "http/header_map.h"
#include "rules/token.h"
#include "rules/fields.h"

namespace sallyport::rules {
namespace {

using Names = std::set<std::string, std::less<>>;

constexpr std::array<std::string_view, 3> kTypes{"header", "bearer", "basic"};
constexpr std::array<std::string_view, 15> kUnsupportedTypes{
    "query", "placeholder", "aws_sigv4", "sigv4",      "oauth2", "oauth2_client_credentials", "jwt",     "hmac",
    "mtls",  "cookie",      "digest",    "github_app", "gcp",    "service_account",           "command",
};

constexpr std::array<std::string_view, 3> kHeaderKeys{"type", "name", "value"};
constexpr std::array<std::string_view, 2> kBearerKeys{"type", "secret"};
constexpr std::array<std::string_view, 3> kBasicKeys{"type", "username", "password"};
constexpr std::array<std::string_view, 6> kAllKeys{"type", "name", "value", "secret", "username", "password"};
constexpr std::array<std::string_view, 5> kUnsupportedKeys{"env", "in", "keep", "strip", "refresh"};

// Fields that frame or route a message: a credential in one of them would change what the request is.
constexpr std::array<std::string_view, 11> kReservedFields{
    "Host",    "Content-Length", "Transfer-Encoding", "Connection",       "Upgrade",          "TE",
    "Trailer", "Expect",         "Keep-Alive",        "Proxy-Connection", "Content-Encoding",
};

bool is_reserved(std::string_view name) {
    return std::any_of(kReservedFields.begin(), kReservedFields.end(),
                       [&](std::string_view field) { return http::equals_ignoring_case(field, name); });
}

// Reads one credential, whose name and place every message needs.
class CredentialReader {
public:
    CredentialReader(const Node& node, const Names& secret_names, Reporter& reporter)
        : node_(node), secret_names_(secret_names), reporter_(reporter) {}

    bool read(CredentialSpec& spec) {
        const Node* type = require(node_, "type", "the credential", reporter_);
        if (type == nullptr) return expect(kAllKeys) && false;
        const auto text = read_text(*type, "type", reporter_);
        if (!text) return false;
        if (*text == "header") return read_header(spec);
        if (*text == "bearer") return read_bearer(spec);
        if (*text == "basic") return read_basic(spec);
        refuse_type(*type, *text);
        return false;
    }

private:
    bool expect(std::span<const std::string_view> keys) {
        return expect_map(node_, "the credential", {keys, kUnsupportedKeys}, reporter_);
    }

    bool read_header(CredentialSpec& spec) {
        spec.type = CredentialType::header;
        if (!expect(kHeaderKeys)) return false;
        const bool has_name = read_field_name(spec);
        return read_template("value", spec.value) && has_name;
    }

    bool read_bearer(CredentialSpec& spec) {
        spec.type = CredentialType::bearer;
        spec.header_name = "Authorization";
        if (!expect(kBearerKeys)) return false;
        const Node* node = require(node_, "secret", "the credential", reporter_);
        const auto name = node == nullptr ? std::nullopt : read_text(*node, "secret", reporter_);
        if (!name || !expect_secret(*node, *name)) return false;
        spec.value = {{secrets::PartKind::literal, "Bearer "}, {secrets::PartKind::secret, std::string(*name)}};
        return true;
    }

    bool read_basic(CredentialSpec& spec) {
        spec.type = CredentialType::basic;
        spec.header_name = "Authorization";
        if (!expect(kBasicKeys)) return false;
        const bool has_username = read_template("username", spec.username);
        if (!read_template("password", spec.value) || !has_username) return false;
        for (const auto& part : spec.username) {
            if (part.kind != secrets::PartKind::literal || part.text.find(':') == part.text.npos) continue;
            reporter_.error(find(node_, "username")->place, "\"username\" may not hold ':'");
            return false;
        }
        return true;
    }

    bool read_field_name(CredentialSpec& spec) {
        const Node* node = require(node_, "name", "the credential", reporter_);
        const auto name = node == nullptr ? std::nullopt : read_text(*node, "name", reporter_);
        if (!name) return false;
        spec.header_name = *name;
        if (!is_token(*name)) {
            reporter_.error(node->place, quote(*name) + " is not the name of a header");
            return false;
        }
        if (is_reserved(*name)) {
            reporter_.error(node->place, "the header " + quote(*name) + " may not carry a credential");
            return false;
        }
        return true;
    }

    bool read_template(std::string_view key, secrets::TemplateText& out) {
        const Node* node = require(node_, key, "the credential", reporter_);
        const auto text = node == nullptr ? std::nullopt : read_text(*node, key, reporter_);
        if (!text) return false;
        auto parts = secrets::parse_template(*text);
        if (!parts) {
            reporter_.error(node->place, quote(key) + ": " + parts.error().detail);
            return false;
        }
        out = std::move(*parts);
        if (key != "username") warn_of_value(key, *node, out);
        return std::all_of(out.begin(), out.end(), [&](const secrets::TemplatePart& part) {
            return part.kind != secrets::PartKind::secret || expect_secret(*node, part.text);
        });
    }

    void warn_of_value(std::string_view key, const Node& node, const secrets::TemplateText& text) {
        const auto refers = [](const secrets::TemplatePart& part) { return part.kind != secrets::PartKind::literal; };
        if (std::any_of(text.begin(), text.end(), refers)) return;
        reporter_.warning(node.place, quote(key) + " refers to no secret: a value in this file is not a secret");
    }

    bool expect_secret(const Node& node, std::string_view name) {
        if (secret_names_.contains(name)) return true;
        reporter_.error(node.place, not_defined("secret", name, secret_names_, reporter_));
        return false;
    }

    void refuse_type(const Node& node, std::string_view type) {
        if (std::find(kUnsupportedTypes.begin(), kUnsupportedTypes.end(), type) != kUnsupportedTypes.end()) {
            return reporter_.error(node.place, "credential type " + quote(type) + " is not supported by this version");
        }
        reporter_.error(node.place, "unknown credential type " + quote(type) + reporter_.suggest(type, kTypes));
    }

    const Node& node_;
    const Names& secret_names_;
    Reporter& reporter_;
};

}  // namespace

std::optional<CredentialSpec> read_credential(const std::string& name, const Node& node, const Names& secret_names,
                                              Reporter& reporter) {
    if (!expect_map(node, "the credential", reporter)) return std::nullopt;
    CredentialSpec spec;
    spec.name = name;
    if (!CredentialReader(node, secret_names, reporter).read(spec)) return std::nullopt;
    return spec;
}

std::string not_defined(std::string_view what, std::string_view name, const Names& names, const Reporter& reporter) {
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    return std::string(what) + ' ' + quote(name) + " is not defined" + reporter.suggest(name, candidates);
}

}  // namespace sallyport::rules
