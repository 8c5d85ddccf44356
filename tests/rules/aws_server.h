// What AWS does with a request that comes in: it writes the canonical request down from what was sent, in its own way, and
// compares signatures; chunks, trailers and the body's hash too. Written without the code that it tests, but for digests.
#pragma once

#include <algorithm>
#include <cctype>
#include <chrono>
#include <ctime>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"
#include "secrets/digest.h"
#include "tests/secrets/ec_verify.h"

namespace sallyport::rules {

class AwsServer final {
public:
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;
    std::string region;
    std::string service;
    std::time_t now = 0;

    // Empty where the request is signed right, else what the service would say.
    std::string verify(const http::RequestHead& head, std::string_view body) const {
        const auto mark = head.target.find('?');
        Request request{head, head.target.substr(0, mark), {}, std::string(body)};
        if (mark != std::string::npos) request.query = parse(head.target.substr(mark + 1));
        return has(request, "X-Amz-Signature") ? verify_presigned(request) : verify_header(request);
    }

private:
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    struct Request {
        const http::RequestHead& head;
        std::string path;
        Pairs query;  // decoded
        std::string body;
    };
    struct Signed {
        std::string algorithm;
        std::string credential;
        std::string date;
        std::string names;
        std::string signature;
        std::string payload;
        std::string scope = {};
    };

    static std::string decode(std::string_view text) {
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '%') {
                out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
                i += 2;
            } else {
                out += text[i] == '+' ? ' ' : text[i];
            }
        }
        return out;
    }
    static std::string encode(std::string_view text, bool keep_slash) {
        std::string out;
        for (const char c : text) {
            const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || std::strchr("-._~", c) != nullptr;
            char escaped[4];
            std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
            out += is_plain || (c == '/' && keep_slash) ? std::string(1, c) : std::string(escaped);
        }
        return out;
    }
    static Pairs parse(std::string_view query) {
        Pairs out;
        while (!query.empty()) {
            const auto pair = query.substr(0, query.find('&'));
            query.remove_prefix(std::min(query.size(), pair.size() + 1));
            const auto equals = pair.find('=');
            if (equals == pair.npos) {
                out.emplace_back(decode(pair), "");
            } else {
                out.emplace_back(decode(pair.substr(0, equals)), decode(pair.substr(equals + 1)));
            }
        }
        return out;
    }
    static bool has(const Request& request, const std::string& key) {
        return std::any_of(request.query.begin(), request.query.end(), [&](const auto& p) { return p.first == key; });
    }
    static std::string get(const Request& request, const std::string& key) {
        for (const auto& [name, value] : request.query) {
            if (name == key) return value;
        }
        return "";
    }
    static std::string sha(std::string_view text) {
        return secrets::to_hex(secrets::digest(secrets::DigestKind::sha256, text).view());
    }
    static std::string lower(std::string_view text) {
        std::string out(text);
        for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        return out;
    }
    static std::vector<std::string> split(const std::string& text, char at) {
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
    bool is_s3() const { return service == "s3"; }

    std::string canonical_path(const std::string& path) const {
        if (is_s3()) {
            std::string plain;  // '+' is itself in a path
            for (const char c : path) plain += c == '+' ? std::string("%2B") : std::string(1, c);
            return encode(decode(plain), true);
        }
        return encode(path, true);  // the tests send no dot segments to other services
    }
    static std::string canonical_query(const Request& request) {
        std::multimap<std::pair<std::string, std::string>, int> sorted;
        for (const auto& [key, value] : request.query) {
            if (key != "X-Amz-Signature") sorted.insert({{encode(key, false), encode(value, false)}, 0});
        }
        std::string out;
        for (const auto& [pair, unused] : sorted) out += (out.empty() ? "" : "&") + pair.first + "=" + pair.second;
        return out;
    }
    static std::string field(const http::RequestHead& head, const std::string& name) {
        std::string out;
        bool is_first = true;
        for (const auto found : head.headers) {
            if (lower(found.name) != name) continue;
            if (!is_first) out += ',';
            out += found.value;
            is_first = false;
        }
        return out;
    }

    std::string check_fields(const Request& request, const Signed& sent) const {
        const auto names = split(sent.names, ';');
        const std::set<std::string> signed_names(names.begin(), names.end());
        if (!std::is_sorted(names.begin(), names.end()) || signed_names.size() != names.size()) return "names not sorted";
        if (!signed_names.contains("host")) return "host not signed";
        for (const auto found : request.head.headers) {
            const auto name = lower(found.name);
            const bool must_be = name.starts_with("x-amz-") || name == "content-type";
            if (must_be && !signed_names.contains(name)) return "not signed: " + name;
        }
        for (const auto& name : names) {
            if (!request.head.headers.has(name)) return "signed but not there: " + name;
        }
        return "";
    }

    std::string canonical_request(const Request& request, const Signed& sent) const {
        std::string out = request.head.method + "\n" + canonical_path(request.path) + "\n" + canonical_query(request) + "\n";
        for (const auto& name : split(sent.names, ';')) out += name + ":" + field(request.head, name) + "\n";
        return out + "\n" + sent.names + "\n" + sent.payload;
    }

    std::string expected(const Signed& sent, const std::string& text) const {
        const auto parts = split(sent.scope, '/');
        auto key = secrets::hmac(secrets::DigestKind::sha256, "AWS4" + secret_access_key, parts[0]);
        for (std::size_t i = 1; i < parts.size(); ++i) key = secrets::hmac(secrets::DigestKind::sha256, key.view(), parts[i]);
        return secrets::to_hex(secrets::hmac(secrets::DigestKind::sha256, key.view(), text).view());
    }
    bool is_right(const Signed& sent, const std::string& text, const std::string& signature) const {
        if (sent.algorithm == "AWS4-HMAC-SHA256") return expected(sent, text) == signature;
        // The public key is the published one of the published secret.
        return secret_access_key == secrets::kV4aSecretAccessKey &&
               secrets::verifies_ecdsa(secrets::kV4aPublicX, secrets::kV4aPublicY, text,
                                       signature.substr(0, signature.find('*')));
    }

    std::string check(const Request& request, Signed& sent, const std::string& region_set) const {
        const bool is_v4a = sent.algorithm == "AWS4-ECDSA-P256-SHA256";
        if (!is_v4a && sent.algorithm != "AWS4-HMAC-SHA256") return "algorithm";
        const auto slash = sent.credential.find('/');
        if (sent.credential.substr(0, slash) != access_key_id) return "InvalidAccessKeyId";
        sent.scope = sent.credential.substr(slash + 1);
        const auto scope = sent.date.substr(0, 8) + (is_v4a ? "" : "/" + region) + "/" + service + "/aws4_request";
        if (sent.scope != scope) return "scope " + sent.scope;
        if (is_v4a && region_set != region) return "region set " + region_set;
        if (auto bad = check_fields(request, sent); !bad.empty()) return bad;
        const auto text = sent.algorithm + "\n" + sent.date + "\n" + sent.scope + "\n" + sha(canonical_request(request, sent));
        return is_right(sent, text, sent.signature) ? "" : "SignatureDoesNotMatch\n" + canonical_request(request, sent);
    }

    std::string verify_header(const Request& request) const {
        if (request.head.headers.count("Authorization") != 1) return "Authorization";
        const std::string value(*request.head.headers.get("Authorization"));
        Signed sent;
        const auto part = [&](const std::string& name) {
            const auto at = value.find(name + "=") + name.size() + 1;
            return value.substr(at, value.find(',', at) - at);
        };
        sent.algorithm = value.substr(0, value.find(' '));
        sent.credential = part("Credential");
        sent.names = part("SignedHeaders");
        sent.signature = part("Signature");
        sent.date = field(request.head, "x-amz-date");
        if (sent.date != timestamp()) return "RequestTimeTooSkewed";
        if (field(request.head, "x-amz-security-token") != session_token) return "InvalidToken";
        sent.payload = field(request.head, "x-amz-content-sha256");
        if (sent.payload.empty() && is_s3()) return "MissingContentSHA256";
        if (sent.payload.empty()) sent.payload = sha(request.body);
        if (sent.payload.size() == 64 && sent.payload != sha(request.body)) return "XAmzContentSHA256Mismatch";
        if (auto bad = check(request, sent, field(request.head, "x-amz-region-set")); !bad.empty()) return bad;
        const bool is_chunked = sent.payload.starts_with("STREAMING-AWS4");
        return is_chunked ? check_chunks(request.body, sent, sent.payload.ends_with("-TRAILER")) : "";
    }

    std::string verify_presigned(const Request& request) const {
        std::set<std::string> keys;
        for (const auto& [key, value] : request.query) {
            if (key.starts_with("X-Amz-") && !keys.insert(key).second) return "repeated " + key;
        }
        if (request.head.headers.has("Authorization")) return "two signatures";
        Signed sent{get(request, "X-Amz-Algorithm"),     get(request, "X-Amz-Credential"), get(request, "X-Amz-Date"),
                    get(request, "X-Amz-SignedHeaders"), get(request, "X-Amz-Signature"),  ""};
        if (sent.date != timestamp()) return "AccessDenied: expired or not yet valid";
        if (get(request, "X-Amz-Security-Token") != session_token) return "InvalidToken";
        sent.payload = get(request, "X-Amz-Content-Sha256");
        if (sent.payload.empty()) sent.payload = field(request.head, "x-amz-content-sha256");
        if (sent.payload.empty()) sent.payload = is_s3() ? "UNSIGNED-PAYLOAD" : sha(request.body);
        return check(request, sent, get(request, "X-Amz-Region-Set"));
    }

    std::string check_chunks(std::string body, Signed& sent, bool has_trailers) const {
        const auto start = [&](const char* kind) {
            return sent.algorithm + "-" + kind + "\n" + sent.date + "\n" + sent.scope + "\n" +
                   sent.signature.substr(0, sent.signature.find('*')) + "\n";
        };
        for (bool is_last = false; !is_last;) {
            const auto line_end = body.find("\r\n");
            if (line_end == body.npos) return "IncompleteBody";
            const auto line = body.substr(0, line_end);
            const auto size = static_cast<std::size_t>(std::stoul(line, nullptr, 16));
            const auto signature = line.substr(line.find('=') + 1);
            const auto bytes = body.substr(line_end + 2, size);
            is_last = size == 0;
            if (!is_right(sent, start("PAYLOAD") + sha("") + "\n" + sha(bytes), signature)) return "chunk signature";
            sent.signature = signature;
            body.erase(0, line_end + 2 + size + (is_last ? 0 : 2));
        }
        if (!has_trailers) return body == "\r\n" ? "" : "bytes after the last chunk";
        std::string trailers;
        for (const auto& line : split(body, '\n')) {
            const auto text = line.substr(0, line.find('\r'));
            if (text.empty()) continue;
            if (!text.starts_with("x-amz-trailer-signature:")) {
                trailers += text + "\n";
            } else if (!is_right(sent, start("TRAILER") + sha(trailers), text.substr(24))) {
                return "trailer signature";
            } else {
                return "";
            }
        }
        return "no trailer signature";
    }

    std::string timestamp() const {
        char text[32];
        std::tm parts{};
        gmtime_r(&now, &parts);
        return {text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts)};
    }
};

}  // namespace sallyport::rules
