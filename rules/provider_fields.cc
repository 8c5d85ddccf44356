#include "rules/provider_fields.h"

#include <algorithm>

#include "secrets/endpoint_check.h"

namespace sallyport::rules {
namespace {

bool is_path_char(char c) {
    constexpr std::string_view kOthers = "-._~+@:=/";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOthers.find(c) != kOthers.npos;
}

bool is_region_char(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

// Segments that are empty or dots; what is filled in is looked at when it is known.
bool has_odd_segment(std::string_view text) {
    for (std::size_t start = 0; start <= text.size();) {
        const auto end = std::min(text.find('/', start), text.size());
        const auto segment = text.substr(start, end - start);
        if (segment.empty() || segment == "." || segment == "..") return true;
        start = end + 1;
    }
    return false;
}

std::string fault_of_path(const Node& value, const secrets::TemplateText& parts, ProviderFields::Slashes slashes) {
    for (const secrets::TemplatePart& part : parts) {
        if (part.kind == secrets::PartKind::secret) return "refers to the sandbox only, not to secrets";
        if (part.kind != secrets::PartKind::literal) continue;
        if (!std::all_of(part.text.begin(), part.text.end(), is_path_char)) return "holds a character that a path here may not";
        const bool has_slash = part.text.find('/') != part.text.npos;
        if (has_slash && slashes == ProviderFields::Slashes::refused) return "holds a '/'";
    }
    return has_odd_segment(value.text) ? "holds a segment that is empty, \".\" or \"..\"" : "";
}

}  // namespace

ProviderFields::ProviderFields(SecretReading& reading, std::span<const std::string_view> keys) : reading_(reading) {
    ok_ = reading.expect(keys) && !has_foreign_key(reading.node, keys);
}

void ProviderFields::fault(const Node& at, std::string message) {
    reading_.reporter.error(at.place, std::move(message));
    ok_ = false;
}

void ProviderFields::fault_at(std::string_view key, std::string message) {
    const Node* value = reading_.find(key);
    fault(value == nullptr ? reading_.node : *value, std::move(message));
}

const Node* ProviderFields::find(std::string_view key, Presence presence) {
    const Node* value = presence == Presence::required ? reading_.require(key) : reading_.find(key);
    if (value == nullptr && presence == Presence::required) ok_ = false;
    return value;
}

std::optional<secrets::TemplateText> ProviderFields::parse(const Node& value, std::string_view key) {
    const auto text = read_text(value, key, reading_.reporter);
    if (!text) ok_ = false;
    if (!text) return std::nullopt;
    auto parts = secrets::parse_template(*text);
    if (!parts) fault(value, quote(key) + ": " + parts.error().detail);
    if (!parts) return std::nullopt;
    for (const secrets::TemplatePart& part : *parts) {
        if (part.kind != secrets::PartKind::secret || reading_.secret_names.contains(part.text)) continue;
        const std::vector<std::string_view> names(reading_.secret_names.begin(), reading_.secret_names.end());
        fault(value, "secret " + quote(part.text) + " is not defined" + reading_.reporter.suggest(part.text, names));
        return std::nullopt;
    }
    return std::move(*parts);
}

void ProviderFields::text(std::string_view key, std::string& out, Presence presence) {
    const Node* value = find(key, presence);
    if (value == nullptr) return;
    const auto text = read_text(*value, key, reading_.reporter);
    if (!text) ok_ = false;
    if (!text) return;
    if (text->find("${") != text->npos) return fault(*value, quote(key) + " is the same for every sandbox, and refers to nothing");
    out = *text;
}

void ProviderFields::choice(std::string_view key, std::span<const std::string_view> choices, std::size_t& out) {
    const Node* value = reading_.find(key);
    if (value == nullptr) return;
    const auto text = read_text(*value, key, reading_.reporter);
    if (!text) ok_ = false;
    if (!text) return;
    const auto found = std::find(choices.begin(), choices.end(), *text);
    if (found != choices.end()) {
        out = static_cast<std::size_t>(found - choices.begin());
        return;
    }
    std::string list;
    for (const std::string_view each : choices) list += (list.empty() ? "" : ", ") + std::string(each);
    fault(*value, quote(key) + " is one of " + list + reading_.reporter.suggest(*text, choices));
}

void ProviderFields::any(std::string_view key, secrets::TemplateText& out, Presence presence) {
    if (const Node* value = find(key, presence)) any_at(*value, key, out);
}

void ProviderFields::any_at(const Node& value, std::string_view key, secrets::TemplateText& out) {
    if (auto parts = parse(value, key)) out = std::move(*parts);
}

void ProviderFields::secret(std::string_view key, secrets::TemplateText& out, Presence presence) {
    const Node* value = find(key, presence);
    if (value == nullptr) return;
    auto parts = reading_.read_secret(*value, key);
    if (parts) out = std::move(*parts);
    else ok_ = false;
}

void ProviderFields::path(std::string_view key, secrets::TemplateText& out, Slashes slashes, Presence presence) {
    const Node* value = find(key, presence);
    const auto parts = value == nullptr ? std::nullopt : parse(*value, key);
    if (!parts) return;
    const std::string fault_text = fault_of_path(*value, *parts, slashes);
    if (!fault_text.empty()) return fault(*value, quote(key) + ' ' + fault_text);
    out = *parts;
}

void ProviderFields::words(std::string_view key, secrets::TemplateText& out, Presence presence) {
    const Node* value = find(key, presence);
    if (value == nullptr) return;
    secrets::TemplateText all;
    for (const Node* item : read_list(*value, key, ListForm::one_or_list, reading_.reporter)) {
        const auto parts = parse(*item, key);
        if (!parts) return;
        if (!all.empty()) all.push_back({secrets::PartKind::literal, " "});
        all.insert(all.end(), parts->begin(), parts->end());
    }
    if (all.empty()) ok_ = false;
    out = std::move(all);
}

void ProviderFields::endpoint(std::string_view key, secrets::Endpoint& out, Presence presence) {
    if (const Node* flag = reading_.find("allow_cleartext")) {
        const auto allowed = read_flag(*flag, "allow_cleartext", reading_.reporter);
        if (!allowed) ok_ = false;
        out.allow_cleartext = allowed.value_or(false);
    }
    if (const Node* file = reading_.find("ca_file")) {
        const auto path = reading_.read_path(*file, "ca_file");
        if (!path) ok_ = false;
        out.ca_file = path.value_or("");
    }
    std::string url;
    text(key, url, presence);
    if (url.empty()) return;
    const auto cleartext = out.allow_cleartext ? secrets::Cleartext::this_host_only : secrets::Cleartext::refused;
    const std::string url_fault = secrets::url_fault(url, cleartext);
    if (!url_fault.empty()) return fault_at(key, quote(key) + ": " + url_fault);
    out.url = std::move(url);
}

void ProviderFields::aws_keys(secrets::AwsKeysConfig& out) {
    if (has("keys")) {
        secret("keys", out.document, Presence::required);
        for (const std::string_view key : kAwsKeysKeys) {
            if (key != "keys" && has(key)) fault_at(key, quote(key) + " does not go with \"keys\"");
        }
        return;
    }
    any("access_key_id", out.access_key_id, Presence::required);
    secret("secret_access_key", out.secret_access_key, Presence::required);
    secret("session_token", out.session_token, Presence::optional);
}

// It becomes part of a host's name.
void ProviderFields::aws_region(std::string& out) {
    text("region", out, Presence::required);
    if (!std::all_of(out.begin(), out.end(), is_region_char)) fault_at("region", "\"region\" is a name like eu-west-1");
}

void ProviderFields::one_of(std::string_view first, std::string_view second) {
    if (has(first) == has(second)) fault_at(second, "there must be one of " + quote(first) + " and " + quote(second));
}

std::vector<std::string_view> joined(std::initializer_list<std::span<const std::string_view>> lists) {
    std::vector<std::string_view> all;
    for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
    return all;
}

}  // namespace sallyport::rules
