#include "secrets/aws_signature.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <initializer_list>
#include <utility>

#include "secrets/digest.h"

namespace sallyport::secrets {
namespace {

constexpr char kDigits[] = "0123456789ABCDEF";

enum class Slash { kept, encoded };
enum class PlusSign { itself, space };

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char small = lower(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

void append_encoded(std::string& out, char c) {
    out += '%';
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
}

std::string encode(std::string_view text, Slash slash) {
    std::string out;
    out.reserve(text.size() * 3);
    for (const char c : text) {
        if (is_unreserved(c) || (c == '/' && slash == Slash::kept)) {
            out += c;
        } else {
            append_encoded(out, c);
        }
    }
    return out;
}

// A '%' without two hexadecimal digits is itself.
std::string decode(std::string_view text, PlusSign plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        const int high = text[at] == '%' && text.size() - at > 2 ? hex_value(text[at + 1]) : -1;
        const int low = high < 0 ? -1 : hex_value(text[at + 2]);
        if (low >= 0) {
            out += static_cast<char>(high * 16 + low);
            at += 2;
        } else {
            out += text[at] == '+' && plus == PlusSign::space ? ' ' : text[at];
        }
    }
    return out;
}

void wipe(std::string& text) { wipe_bytes(text.data(), text.size()); }

// One part of a query, as both sides write it. A presigned one may hold a session token.
std::string recode(std::string_view text) {
    auto plain = decode(text, PlusSign::space);
    auto out = encode(plain, Slash::encoded);
    wipe(plain);
    return out;
}

// RFC 3986 section 5.2.4, and empty segments too; a '/' at the end stays one.
std::string normalise(std::string_view path) {
    std::vector<std::string_view> kept;
    for (std::size_t at = 0; at <= path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        const auto segment = path.substr(at, end - at);
        at = end + 1;
        if (segment == ".." && !kept.empty()) kept.pop_back();
        if (!segment.empty() && segment != "." && segment != "..") kept.push_back(segment);
    }
    std::string out;
    for (const auto segment : kept) out.append("/").append(segment);
    if (out.empty() || path.ends_with('/')) out += '/';
    return out;
}

// Without the spaces at both ends, and one for each run of them inside.
void append_folded_value(Buffer& out, std::string_view value) {
    bool is_gap = false;
    bool is_first = true;
    for (const char c : value) {
        if (c == ' ' || c == '\t') {
            is_gap = !is_first;
            continue;
        }
        if (is_gap) out.append(' ');
        out.append(c);
        is_gap = is_first = false;
    }
}

using NamedValue = std::pair<std::string, std::string_view>;

// Stable, because the values of a field that is repeated stay in their order.
std::vector<NamedValue> sorted(const std::vector<AwsField>& fields) {
    std::vector<NamedValue> out;
    out.reserve(fields.size());
    for (const auto& field : fields) {
        std::string name(field.name);
        std::transform(name.begin(), name.end(), name.begin(), lower);
        out.emplace_back(std::move(name), field.value);
    }
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    return out;
}

std::string join_names(const std::vector<NamedValue>& fields) {
    std::string out;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i > 0 && fields[i].first == fields[i - 1].first) continue;
        if (i > 0) out += ';';
        out += fields[i].first;
    }
    return out;
}

void append_fields(Buffer& out, const std::vector<NamedValue>& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const bool is_repeated = i > 0 && fields[i].first == fields[i - 1].first;
        if (i > 0) out.append(is_repeated ? ',' : '\n');
        if (!is_repeated) {
            out.append(fields[i].first);
            out.append(':');
        }
        append_folded_value(out, fields[i].second);
    }
    if (!fields.empty()) out.append('\n');
}

std::string lines(std::initializer_list<std::string_view> parts) {
    std::string out;
    for (const auto part : parts) {
        if (!out.empty()) out += '\n';
        out += part;
    }
    return out;
}

std::string hash_of(const AwsRequest& request) {
    Buffer text;
    append_canonical_request(text, request);
    auto hash = to_hex(digest(DigestKind::sha256, text.view()).view());
    text.wipe();
    return hash;
}

}  // namespace

std::string_view algorithm_name(AwsVersion version) {
    return version == AwsVersion::v4 ? "AWS4-HMAC-SHA256" : "AWS4-ECDSA-P256-SHA256";
}

std::string aws_timestamp(std::chrono::system_clock::time_point now) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts)};
}

std::string scope_text(const AwsScope& scope) {
    std::string out(scope.date());
    if (scope.version == AwsVersion::v4) out.append("/").append(scope.region);
    return out.append("/").append(scope.service).append("/aws4_request");
}

AwsPathForm path_form(std::string_view service) {
    const bool is_s3 = service == "s3" || service == "s3-object-lambda" || service == "s3-outposts" || service == "s3express";
    return is_s3 ? AwsPathForm::as_it_is : AwsPathForm::normalised;
}

std::string canonical_aws_path(std::string_view path, AwsPathForm form) {
    if (form == AwsPathForm::normalised) return encode(normalise(path), Slash::kept);
    return path.empty() ? "/" : encode(decode(path, PlusSign::itself), Slash::kept);
}

std::string canonical_aws_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (std::size_t at = 0; at < query.size();) {
        const auto end = std::min(query.find('&', at), query.size());
        const auto pair = query.substr(at, end - at);
        at = end + 1;
        if (pair.empty()) continue;
        const auto equals = std::min(pair.find('='), pair.size());
        const auto value = equals < pair.size() ? pair.substr(equals + 1) : std::string_view();
        pairs.emplace_back(recode(pair.substr(0, equals)), recode(value));
    }
    std::sort(pairs.begin(), pairs.end());
    std::string out;
    out.reserve(query.size() * 3 + pairs.size() * 2);
    for (auto& [key, value] : pairs) {
        if (!out.empty()) out += '&';
        out.append(key).append("=").append(value);
        wipe(value);
    }
    return out;
}

std::string signed_field_names(const std::vector<AwsField>& fields) { return join_names(sorted(fields)); }

void append_aws_encoded(std::string& out, std::string_view text) { out += encode(text, Slash::encoded); }

void append_canonical_request(Buffer& out, const AwsRequest& request) {
    const auto fields = sorted(request.fields);
    auto query = canonical_aws_query(request.query);
    out.append(request.method);
    out.append('\n');
    out.append(canonical_aws_path(request.path, request.path_form));
    out.append('\n');
    out.append(query);
    wipe(query);
    out.append('\n');
    append_fields(out, fields);
    out.append('\n');
    out.append(join_names(fields));
    out.append('\n');
    out.append(request.payload_hash);
}

std::string string_to_sign(const AwsScope& scope, const AwsRequest& request) {
    return lines({algorithm_name(scope.version), scope.timestamp, scope_text(scope), hash_of(request)});
}

std::string authorization_value(const AwsScope& scope, std::string_view access_key_id,
                                const std::vector<AwsField>& fields, std::string_view signature) {
    std::string out(algorithm_name(scope.version));
    out.append(" Credential=").append(access_key_id).append("/").append(scope_text(scope));
    out.append(", SignedHeaders=").append(signed_field_names(fields));
    return out.append(", Signature=").append(signature);
}

std::string chunk_string_to_sign(const AwsScope& scope, std::string_view previous_signature,
                                 std::string_view chunk_hash) {
    const auto algorithm = std::string(algorithm_name(scope.version)) + "-PAYLOAD";
    return lines({algorithm, scope.timestamp, scope_text(scope), previous_signature, kEmptyPayloadHash, chunk_hash});
}

std::string trailer_string_to_sign(const AwsScope& scope, std::string_view previous_signature,
                                   std::string_view trailers_hash) {
    const auto algorithm = std::string(algorithm_name(scope.version)) + "-TRAILER";
    return lines({algorithm, scope.timestamp, scope_text(scope), previous_signature, trailers_hash});
}

}  // namespace sallyport::secrets
