#include "rules/secret_reading.h"

#include <algorithm>
#include <filesystem>
#include <vector>


namespace sallyport::rules {
namespace {

std::optional<secrets::TemplateText> parse(const Node& value, std::string_view name, Reporter& reporter) {
    const auto text = read_text(value, name, reporter);
    if (!text) return std::nullopt;
    auto parts = secrets::parse_template(*text);
    if (parts) return std::move(*parts);
    reporter.error(value.place, quote(name) + ": " + parts.error().detail);
    return std::nullopt;
}

std::string not_defined(std::string_view name, const std::set<std::string, std::less<>>& names, const Reporter& reporter) {
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    return "secret " + quote(name) + " is not defined" + reporter.suggest(name, candidates);
}

// Empty where it is one.
std::string fault_of_url(std::string_view url, bool allow_cleartext) {
    if (url.find("${") != url.npos) return "an address is the same for every sandbox, and refers to nothing";
    const bool is_clear = url.starts_with("http://");
    if (!is_clear && !url.starts_with("https://")) return "must begin with https://";
    if (is_clear && !allow_cleartext) return "sends secrets in the clear: https, or \"allow_cleartext: true\" beside it";
    url.remove_prefix(url.find("//") + 2);
    const auto authority = url.substr(0, url.find('/'));
    if (authority.empty() || authority.find('@') != authority.npos || url.find_first_of("?#\\% ") != url.npos) {
        return "must be a host, with a port and a path where needed";
    }
    return {};
}

}  // namespace

bool SecretReading::expect(std::span<const std::string_view> keys) const {
    return expect_map(node, quote(key), {keys}, reporter);
}

const Node* SecretReading::require(std::string_view name) const {
    return rules::require(node, name, quote(key), reporter);
}

std::optional<secrets::TemplateText> SecretReading::read_place(const Node& value, std::string_view name) const {
    auto parts = parse(value, name, reporter);
    if (!parts) return std::nullopt;
    const auto is_secret = [](const auto& part) { return part.kind == secrets::PartKind::secret; };
    if (std::none_of(parts->begin(), parts->end(), is_secret)) return parts;
    reporter.error(value.place, quote(name) + ": a secret's place may refer to ${params.NAME}, ${labels.NAME} and "
                                              "${sandbox.id} only");
    return std::nullopt;
}

std::optional<secrets::TemplateText> SecretReading::read_secret(const Node& value, std::string_view name) const {
    auto parts = parse(value, name, reporter);
    if (!parts) return std::nullopt;
    bool has_secret = false;
    for (const secrets::TemplatePart& part : *parts) {
        if (part.kind != secrets::PartKind::secret) continue;
        has_secret = true;
        if (secret_names.contains(part.text)) continue;
        reporter.error(value.place, not_defined(part.text, secret_names, reporter));
        return std::nullopt;
    }
    if (has_secret) return parts;
    // Not quoted: it may be a value.
    reporter.error(value.place, quote(name) + " must refer to a secret, \"${secrets.NAME}\": values do not belong in this file");
    return std::nullopt;
}

std::optional<std::string> SecretReading::read_path(const Node& value, std::string_view name) const {
    const auto text = read_text(value, name, reporter);
    if (!text) return std::nullopt;
    if (text->find("${") == text->npos) return absolute_path(*text, reporter);
    reporter.error(value.place, quote(name) + ": this file is the same for every sandbox, and refers to nothing");
    return std::nullopt;
}

std::optional<std::string> SecretReading::read_url(const Node& value, std::string_view name, bool allow_cleartext) const {
    const auto text = read_text(value, name, reporter);
    if (!text) return std::nullopt;
    if (const std::string fault = fault_of_url(*text, allow_cleartext); !fault.empty()) {
        reporter.error(value.place, quote(name) + ": " + fault);
        return std::nullopt;
    }
    std::string url(*text);
    while (url.ends_with('/')) url.pop_back();
    return url;
}

std::string absolute_path(std::string_view path, const Reporter& reporter) {
    const auto folder = std::filesystem::path(reporter.file()).parent_path();
    return std::filesystem::absolute(folder / path).lexically_normal();
}

}  // namespace sallyport::rules
