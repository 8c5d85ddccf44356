#include "rules/credential_reading.h"

#include <algorithm>
#include <array>

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 4> kCommonKeys{"type", "keep", "strip", "client_certificate"};
constexpr std::string_view kWhat = "the credential";

bool is_defined(const CredentialReading& reading, const Node& node, std::string_view name) {
    if (reading.secret_names.contains(name)) return true;
    reading.reporter.error(node.place, not_defined("secret", name, reading.secret_names, reading.reporter));
    return false;
}

}  // namespace

bool CredentialReading::is_common_key(std::string_view key) {
    return std::find(kCommonKeys.begin(), kCommonKeys.end(), key) != kCommonKeys.end();
}

bool CredentialReading::expect(std::span<const std::string_view> keys) const {
    std::vector<std::string_view> all(kCommonKeys.begin(), kCommonKeys.end());
    all.insert(all.end(), keys.begin(), keys.end());
    return expect_map(node, kWhat, {all}, reporter);
}

const Node* CredentialReading::require(std::string_view key) const {
    return rules::require(node, key, kWhat, reporter);
}

std::optional<secrets::TemplateText> CredentialReading::read_template(std::string_view key) const {
    const Node* value = require(key);
    return value == nullptr ? std::nullopt : read_template(*value, key);
}

std::optional<secrets::TemplateText> CredentialReading::read_template(const Node& value, std::string_view key) const {
    const auto text = read_text(value, key, reporter);
    if (!text) return std::nullopt;
    auto parts = secrets::parse_template(*text);
    if (!parts) {
        reporter.error(value.place, quote(key) + ": " + parts.error().detail);
        return std::nullopt;
    }
    const bool are_defined = std::all_of(parts->begin(), parts->end(), [&](const secrets::TemplatePart& part) {
        return part.kind != secrets::PartKind::secret || is_defined(*this, value, part.text);
    });
    return are_defined ? std::optional(std::move(*parts)) : std::nullopt;
}

std::optional<secrets::TemplateText> CredentialReading::read_value(std::string_view key) const {
    auto text = read_template(key);
    if (!text) return text;
    const auto refers = [](const secrets::TemplatePart& part) { return part.kind != secrets::PartKind::literal; };
    if (std::none_of(text->begin(), text->end(), refers)) {
        reporter.warning(find(node, key)->place,
                         quote(key) + " refers to no secret: a value in this file is not a secret");
    }
    return text;
}

std::optional<std::string> CredentialReading::read_secret_name(std::string_view key) const {
    const Node* value = require(key);
    const auto text = value == nullptr ? std::nullopt : read_text(*value, key, reporter);
    if (!text || !is_defined(*this, *value, *text)) return std::nullopt;
    return std::string(*text);
}

std::string not_defined(std::string_view what, std::string_view name, const SecretNames& names,
                        const Reporter& reporter) {
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    return std::string(what) + ' ' + quote(name) + " is not defined" + reporter.suggest(name, candidates);
}

}  // namespace sallyport::rules
