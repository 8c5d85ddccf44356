#include "rules/hmac_template.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "rules/token.h"

namespace sallyport::rules {
namespace {

using secrets::DigestKind;
using secrets::PartKind;

constexpr std::pair<std::string_view, HmacPartKind> kNames[] = {
    {"method", HmacPartKind::method},       {"host", HmacPartKind::host},     {"path", HmacPartKind::path},
    {"query", HmacPartKind::query},         {"target", HmacPartKind::target}, {"sorted_query", HmacPartKind::sorted_query},
    {"timestamp", HmacPartKind::timestamp}, {"nonce", HmacPartKind::nonce},   {"body", HmacPartKind::body},
    {"signature", HmacPartKind::signature},
};
constexpr std::pair<std::string_view, DigestKind> kDigests[] = {
    {"md5", DigestKind::md5}, {"sha1", DigestKind::sha1}, {"sha256", DigestKind::sha256}, {"sha512", DigestKind::sha512}};
constexpr std::string_view kBody = "body_";
constexpr std::string_view kBase64 = "_base64";
constexpr std::string_view kField = "header.";

std::optional<HmacPart> parse_body_digest(std::string_view name) {
    if (!name.starts_with(kBody)) return std::nullopt;
    name.remove_prefix(kBody.size());
    HmacPart part{HmacPartKind::body_digest};
    if (name.ends_with(kBase64)) {
        part.encoding = TextEncoding::base64;
        name.remove_suffix(kBase64.size());
    }
    for (const auto& [digest, kind] : kDigests) {
        part.digest = kind;
        if (name == digest) return part;
    }
    return std::nullopt;
}

std::optional<HmacPart> parse_name(std::string_view name) {
    for (const auto& [known, kind] : kNames) {
        if (name == known) return HmacPart{kind};
    }
    if (name.starts_with(kField) && is_token(name.substr(kField.size()))) {
        return HmacPart{HmacPartKind::field, {PartKind::literal, std::string(name.substr(kField.size()))}};
    }
    return parse_body_digest(name);
}

// `reference` with "${" and "}".
Result<HmacPart> parse_reference(std::string_view reference) {
    if (auto part = parse_name(reference.substr(2, reference.size() - 3))) return *part;
    auto parts = secrets::parse_template(reference);
    if (parts && parts->size() == 1) return HmacPart{HmacPartKind::text, std::move(parts->front())};
    return failure(ErrorCode::config_invalid,
                   "a reference is ${method}, ${host}, ${path}, ${query}, ${sorted_query}, ${target}, ${timestamp}, ${nonce}, "
                   "${header.NAME}, ${body}, ${body_sha256}, ${body_sha256_base64} (or md5, sha1, sha512), ${signature}, "
                   "${secrets.NAME}, ${params.NAME}, ${labels.NAME} or ${sandbox.id}");
}

}  // namespace

Result<HmacTemplate> parse_hmac_template(std::string_view text) {
    HmacTemplate out;
    while (!text.empty()) {
        const auto start = std::min(text.find("${"), text.size());
        if (start > 0) out.push_back({HmacPartKind::text, {PartKind::literal, std::string(text.substr(0, start))}});
        text.remove_prefix(start);
        if (text.empty()) break;
        const auto end = text.find('}');
        if (end == text.npos) return failure(ErrorCode::config_invalid, "a reference \"${\" is not closed");
        auto part = parse_reference(text.substr(0, end + 1));
        if (!part) return failure(part.error());
        out.push_back(std::move(*part));
        text.remove_prefix(end + 1);
    }
    return out;
}

bool mentions(const HmacTemplate& text, HmacPartKind kind) {
    return std::any_of(text.begin(), text.end(), [&](const HmacPart& part) { return part.kind == kind; });
}

bool needs_body(const HmacTemplate& text) {
    return mentions(text, HmacPartKind::body) || mentions(text, HmacPartKind::body_digest);
}

}  // namespace sallyport::rules
