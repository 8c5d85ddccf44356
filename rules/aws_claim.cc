#include "rules/aws_claim.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "http/characters.h"
#include "http/header_map.h"
#include "rules/auth_family.h"
#include "rules/percent.h"

namespace sallyport::rules {
namespace {

using secrets::AwsVersion;

// The query parameters of a presigned request that are not the service's own; X-Amz-Content-Sha256 is.
constexpr std::array<std::string_view, 9> kSignatureKeys{
    "X-Amz-Algorithm",     "X-Amz-Credential", "X-Amz-Date",           "X-Amz-Expires",    "X-Amz-SignedHeaders",
    "X-Amz-Signature",     "X-Amz-Region-Set", "X-Amz-Security-Token", "X-Amz-S3session-Token",
};
constexpr std::array<std::string_view, 6> kNeededKeys{
    "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
};
constexpr std::string_view kVersion2Key = "AWSAccessKeyId";
constexpr std::uint32_t kExpiresSecondsMax = 7 * 24 * 3600;

tl::unexpected<Error> refused(const char* why) { return failure(ErrorCode::signature_refused, why); }

std::string decoded(std::string_view text) {
    std::string out;
    PercentReader read(text, Plus::space);
    for (int c = read(); c >= 0; c = read()) out += static_cast<char>(c);
    return out;
}

bool is_signature_key(std::string_view key) {
    return std::any_of(kSignatureKeys.begin(), kSignatureKeys.end(),
                       [&](std::string_view name) { return http::equals_ignoring_case(name, key); });
}

struct Parameter {
    std::string_view raw;  // "key=value", as it was sent
    std::string key;
    std::string_view raw_value;
};

std::vector<Parameter> parameters_of(std::string_view query) {
    std::vector<Parameter> out;
    while (!query.empty()) {
        const auto raw = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(raw.size() + 1, query.size()));
        const auto equals = std::min(raw.find('='), raw.size());
        out.push_back({raw, decoded(raw.substr(0, equals)), raw.substr(std::min(equals + 1, raw.size()))});
    }
    return out;
}

// Some origins end a pair at ';' too, and would find a signature there.
bool hides_a_key(std::string_view raw) {
    for (auto at = raw.find(';'); at != raw.npos; at = raw.find(';', at + 1)) {
        const auto key = raw.substr(at + 1);
        if (is_auth_key(key.substr(0, key.find_first_of("=;")))) return true;
    }
    return false;
}

// Whether the query carries a signature; nothing where it carries half of one.
Result<bool> is_presigned(const std::vector<Parameter>& parameters) {
    std::vector<std::string_view> found;
    for (const auto& parameter : parameters) {
        if (hides_a_key(parameter.raw)) return refused("the query has a part of a signature after ';'");
        if (http::equals_ignoring_case(parameter.key, kVersion2Key)) return refused("the request has a signature of version 2");
        if (!is_signature_key(parameter.key)) continue;
        if (std::find(kSignatureKeys.begin(), kSignatureKeys.end(), parameter.key) == kSignatureKeys.end()) {
            return refused("a part of the query's signature is spelled in another case");
        }
        if (std::find(found.begin(), found.end(), parameter.key) != found.end()) {
            return refused("a part of the query's signature is repeated");
        }
        found.push_back(parameter.key);
    }
    if (found.empty()) return false;
    for (const auto key : kNeededKeys) {
        if (std::find(found.begin(), found.end(), key) == found.end()) return refused("the query's signature is incomplete");
    }
    return true;
}

std::optional<AwsVersion> version_named(std::string_view algorithm) {
    for (const auto version : {AwsVersion::v4, AwsVersion::v4a}) {
        if (algorithm == secrets::algorithm_name(version)) return version;
    }
    return std::nullopt;
}

// The names of services and regions, and sets of these.
bool is_scope_name(std::string_view text) {
    return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || http::is_digit(c) || c == '-' || c == '_';
    });
}

// Takes "/name" off the end of `text`.
std::string_view take_last(std::string_view& text) {
    const auto slash = text.rfind('/');
    const auto part = slash == text.npos ? std::string_view() : text.substr(slash + 1);
    text = text.substr(0, slash == text.npos ? 0 : slash);
    return part;
}

// ID/date/region/service/aws4_request; an ID may hold '/', and version 4a has no region here.
Result<void> read_credential(std::string_view text, AwsClaim& claim) {
    const bool is_ours = take_last(text) == "aws4_request";
    claim.service = take_last(text);
    if (claim.version == AwsVersion::v4) claim.region = take_last(text);
    const auto date = take_last(text);
    claim.access_key_id = text;
    const bool is_date = date.size() == 8 && std::all_of(date.begin(), date.end(), http::is_digit);
    const bool has_region = claim.version == AwsVersion::v4a || is_scope_name(claim.region);
    if (!is_ours || !is_date || !has_region || !is_scope_name(claim.service) || text.empty()) {
        return refused("the signature's credential scope has another form");
    }
    return {};
}

Result<void> check_region_set(const AwsClaim& claim) {
    bool is_good = !claim.region.empty() && claim.region.size() <= 1024;
    http::for_each_list_element(claim.region, [&](std::string_view region) {
        is_good = is_good && std::all_of(region.begin(), region.end(),
                                         [](char c) { return c == '*' || is_scope_name({&c, 1}); });
    });
    if (!is_good) return refused("X-Amz-Region-Set is missing or has another form");
    return {};
}

struct AuthorizationParts {
    std::string_view credential;
    std::string_view signed_fields;
    std::string_view signature;
};

Result<AuthorizationParts> split_authorization(std::string_view text) {
    AuthorizationParts parts;
    bool is_good = true;
    http::for_each_list_element(text, [&](std::string_view element) {
        const auto equals = std::min(element.find('='), element.size());
        const auto name = element.substr(0, equals);
        auto* part = name == "Credential"      ? &parts.credential
                     : name == "SignedHeaders" ? &parts.signed_fields
                     : name == "Signature"     ? &parts.signature
                                               : nullptr;
        is_good = is_good && part != nullptr && part->empty() && equals + 1 < element.size();
        if (is_good) *part = element.substr(equals + 1);
    });
    if (!is_good || parts.credential.empty() || parts.signed_fields.empty() || parts.signature.empty()) {
        return refused("the Authorization field has another form");
    }
    return parts;
}

Result<AwsClaim> read_authorization(const http::HeaderMap& headers) {
    const auto value = http::trim(*headers.get("Authorization"));
    const auto space = std::min(value.find(' '), value.size());
    const auto version = version_named(value.substr(0, space));
    if (!version) return refused("the request is authorised in another way than by an AWS signature of version 4");
    const auto parts = split_authorization(value.substr(space));
    if (!parts) return failure(parts.error());
    AwsClaim claim;
    claim.form = AwsForm::header;
    claim.version = *version;
    if (auto read = read_credential(parts->credential, claim); !read) return failure(read.error());
    if (claim.version == AwsVersion::v4) return claim;
    if (headers.count("X-Amz-Region-Set") == 1) claim.region = http::trim(*headers.get("X-Amz-Region-Set"));
    if (auto checked = check_region_set(claim); !checked) return failure(checked.error());
    return claim;
}

Result<AwsClaim> read_presigned(std::string_view query) {
    const auto version = version_named(aws_query_value(query, "X-Amz-Algorithm"));
    if (!version) return refused("the request is presigned in another way than by an AWS signature of version 4");
    AwsClaim claim;
    claim.form = AwsForm::query;
    claim.version = *version;
    if (auto read = read_credential(aws_query_value(query, "X-Amz-Credential"), claim); !read) return failure(read.error());
    const auto expires = aws_query_value(query, "X-Amz-Expires");
    const auto* end = expires.data() + expires.size();
    const auto [at, error] = std::from_chars(expires.data(), end, claim.expires_seconds);
    if (error != std::errc() || at != end || claim.expires_seconds == 0 || claim.expires_seconds > kExpiresSecondsMax) {
        return refused("X-Amz-Expires is not a number of seconds up to seven days");
    }
    if (claim.version == AwsVersion::v4) return claim;
    claim.region = aws_query_value(query, "X-Amz-Region-Set");
    if (auto checked = check_region_set(claim); !checked) return failure(checked.error());
    return claim;
}

}  // namespace

Result<AwsClaim> read_aws_claim(const http::RequestHead& head) {
    const auto query = query_of(head.target);
    const auto presigned = is_presigned(parameters_of(query));
    if (!presigned) return failure(presigned.error());
    const auto authorizations = head.headers.count("Authorization");
    if (authorizations + (*presigned ? 1 : 0) > 1) return refused("the request is signed more than once");
    if (*presigned) return read_presigned(query);
    if (authorizations == 1) return read_authorization(head.headers);
    return AwsClaim{};
}

std::string query_without_signature(std::string_view query) {
    std::string out;
    for (const auto& parameter : parameters_of(query)) {
        if (is_signature_key(parameter.key) || parameter.raw.empty()) continue;
        if (!out.empty()) out += '&';
        for (const char c : parameter.raw) {
            if (c == '+') {
                out += "%20";
            } else {
                out += c;
            }
        }
    }
    return out;
}

std::string aws_query_value(std::string_view query, std::string_view key) {
    for (const auto& parameter : parameters_of(query)) {
        if (parameter.key == key) return decoded(parameter.raw_value);
    }
    return {};
}

bool is_aws_signature_field(std::string_view name) {
    return http::equals_ignoring_case(name, "Authorization") || is_signature_key(name);
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

std::string_view query_of(std::string_view target) {
    const auto start = target.find('?');
    return start == target.npos ? std::string_view() : target.substr(start + 1);
}

}  // namespace sallyport::rules
