// A path, a query and fields of any bytes, on a line each: canonical forms are what a second, plainer implementation writes
// and their own canonical forms where they are stable; what claims to be signed is read without harm, and once its signature
// is taken out there is none left.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "rules/aws_bucket.h"
#include "rules/aws_claim.h"
#include "secrets/aws_signature.h"

namespace {

using namespace sallyport;

std::string_view take_line(std::string_view& text) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
}

std::string plain_encode(const std::string& text, bool keep_slash) {
    static const std::string kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string out;
    for (const char c : text) {
        char encoded[4];
        std::snprintf(encoded, sizeof encoded, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
        out += kUnreserved.find(c) != kUnreserved.npos || (c == '/' && keep_slash) ? std::string(1, c) : encoded;
    }
    return out;
}

std::string plain_decode(std::string text, bool plus_is_space) {
    static const std::string kHex = "0123456789abcdefABCDEF";
    if (plus_is_space) std::replace(text.begin(), text.end(), '+', ' ');
    std::string out;
    while (!text.empty()) {
        if (text[0] == '%' && text.size() > 2 && kHex.find(text[1]) != kHex.npos && kHex.find(text[2]) != kHex.npos) {
            out += static_cast<char>(std::stoi(text.substr(1, 2), nullptr, 16));
            text.erase(0, 3);
        } else {
            out += text[0];
            text.erase(0, 1);
        }
    }
    return out;
}

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> out(1);
    for (const char c : text) {
        if (c == at) {
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    return out;
}

std::string plain_query(const std::string& query) {
    std::multiset<std::pair<std::string, std::string>> pairs;
    for (const auto& pair : split(query, '&')) {
        if (pair.empty()) continue;
        const auto key = pair.substr(0, pair.find('='));
        const auto value = pair.size() > key.size() ? pair.substr(key.size() + 1) : "";
        pairs.emplace(plain_encode(plain_decode(key, true), false), plain_encode(plain_decode(value, true), false));
    }
    std::string out;
    for (const auto& [key, value] : pairs) out += (out.empty() ? "" : "&") + key + "=" + value;
    return out;
}

std::string plain_path(const std::string& path) {
    std::vector<std::string> kept;
    for (const auto& segment : split(path, '/')) {
        if (segment == "..") {
            if (!kept.empty()) kept.pop_back();
        } else if (!segment.empty() && segment != ".") {
            kept.push_back(segment);
        }
    }
    std::string out = "/";
    for (const auto& segment : kept) out += segment + "/";
    if (path.empty() || path.back() != '/') out.pop_back();
    return plain_encode(out.empty() ? "/" : out, true);
}

void check_query(const std::string& query) {
    const auto canonical = secrets::canonical_aws_query(query);
    SALLYPORT_CHECK(canonical == plain_query(query));
    SALLYPORT_CHECK(secrets::canonical_aws_query(canonical) == canonical);
    auto pairs = split(query, '&');
    std::reverse(pairs.begin(), pairs.end());
    std::string reversed;
    for (const auto& pair : pairs) reversed += pair + '&';
    SALLYPORT_CHECK(secrets::canonical_aws_query(reversed) == canonical);
}

void check_path(const std::string& path) {
    const auto as_it_is = secrets::canonical_aws_path(path, secrets::AwsPathForm::as_it_is);
    SALLYPORT_CHECK(as_it_is == (path.empty() ? "/" : plain_encode(plain_decode(path, false), true)));
    SALLYPORT_CHECK(secrets::canonical_aws_path(as_it_is, secrets::AwsPathForm::as_it_is) == as_it_is);
    SALLYPORT_CHECK(secrets::canonical_aws_path(path, secrets::AwsPathForm::normalised) == plain_path(path));
}

void check_fields(const std::vector<secrets::AwsField>& fields) {
    const auto names = split(secrets::signed_field_names(fields), ';');
    if (!fields.empty()) SALLYPORT_CHECK(std::is_sorted(names.begin(), names.end()));
    Buffer first, second;
    secrets::append_canonical_request(first, {"GET", "/", "", fields, ""});
    // White space around and between words does not count.
    std::vector<std::string> values;
    for (const auto& field : fields) values.push_back("  " + std::string(field.value) + "\t ");
    auto padded = fields;
    for (std::size_t i = 0; i < padded.size(); ++i) padded[i].value = values[i];
    secrets::append_canonical_request(second, {"GET", "/", "", padded, ""});
    SALLYPORT_CHECK(first.view() == second.view());
}

void check_claim(const std::string& target, const std::vector<secrets::AwsField>& fields) {
    http::RequestHead head;
    head.method = "GET";
    head.target = target;
    for (const auto& field : fields) head.headers.add(field.name, field.value);
    const auto claim = rules::read_aws_claim(head);
    if (claim && claim->form != rules::AwsForm::none) SALLYPORT_CHECK(!claim->access_key_id.empty() && !claim->service.empty());
    const auto rest = rules::query_without_signature(rules::query_of(target));
    SALLYPORT_CHECK(rest.find('+') == rest.npos);
    SALLYPORT_CHECK(rules::query_without_signature(rest) == rest);
    head.target = "/?" + rest;
    head.headers.remove("Authorization");
    const auto again = rules::read_aws_claim(head);
    if (again) SALLYPORT_CHECK(again->form == rules::AwsForm::none);
}

void check_bucket(const std::string& path) {
    const auto bucket = rules::bucket_of("s3.amazonaws.com", path, "");
    if (bucket) SALLYPORT_CHECK(!bucket->empty() && bucket->find('/') == bucket->npos && *bucket != "..");
    (void)rules::bucket_of(path, "/b/k", "minio.test");
    (void)rules::bucket_of_copy_source(path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string path(take_line(text));
    const std::string query(take_line(text));
    std::vector<secrets::AwsField> fields;
    while (!text.empty()) {
        const auto line = take_line(text);
        const auto colon = std::min(line.find(':'), line.size());
        if (colon == 0 || line.substr(0, colon).find(';') != line.npos) continue;
        fields.push_back({line.substr(0, colon), line.substr(std::min(colon + 1, line.size()))});
    }
    check_path(path);
    check_query(query);
    check_fields(fields);
    check_claim(path + "?" + query, fields);
    check_bucket(path);
    return 0;
}
