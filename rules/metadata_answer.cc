#include "rules/metadata_answer.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>

#include "http/header_map.h"
#include "rules/base64.h"
#include "rules/metadata_tree.h"
#include "rules/percent.h"
#include "rules/placeholders.h"

namespace sallyport::rules {
namespace {

using Json = nlohmann::ordered_json;
using Time = MetadataAnswers::Time;

constexpr std::chrono::seconds kTokenLifetime{3599};
constexpr std::chrono::hours kKeysLifetime{6};
constexpr int kSessionSecondsMax = 21600;
constexpr std::string_view kAwsDummyKey = "AKIASALLYPORT0000000";
constexpr std::string_view kContainerHosts[] = {"169.254.170.2", "169.254.170.23"};
constexpr std::string_view kSessionField = "X-aws-ec2-metadata-token";
constexpr std::string_view kLifetimeField = "X-aws-ec2-metadata-token-ttl-seconds";

Respond text_answer(int status, std::string body, std::string_view type = "text/plain") {
    Respond answer;
    answer.status = status;
    answer.headers.emplace_back("Content-Type", type);
    answer.body = std::move(body);
    return answer;
}

Respond json_answer(int status, const Json& json) { return text_answer(status, json.dump(), "application/json"); }

bool is_get(const http::CanonicalRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

std::int64_t to_seconds(Time time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// "2026-11-29T14:00:00Z"
std::string to_text(Time time) {
    const std::time_t seconds = to_seconds(time);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text;
}

std::string decoded(std::string_view raw) {
    std::string text;
    PercentReader read(raw, Plus::space);
    for (int c = read(); c >= 0; c = read()) text += static_cast<char>(c);
    return text;
}

// The query's value of this key; nothing where it is missing or empty.
std::optional<std::string> query_value(const http::CanonicalRequest& request, std::string_view key) {
    std::string_view query = request.target.query;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto pair = query.substr(0, end);
        const auto equals = pair.find('=');
        query.remove_prefix(std::min(end + 1, query.size()));
        if (equals == pair.npos || equals + 1 == pair.size() || decoded(pair.substr(0, equals)) != key) continue;
        return decoded(pair.substr(equals + 1));
    }
    return std::nullopt;
}

bool says(const http::HeaderMap& headers, std::string_view name, std::string_view value) {
    const auto found = headers.get(name);
    return found && http::equals_ignoring_case(*found, value);
}

std::string base64url(std::string_view text) {
    Buffer out;
    append_base64(out, text);
    std::string encoded(out.view().substr(0, out.view().find('=')));
    std::replace(encoded.begin(), encoded.end(), '+', '-');
    std::replace(encoded.begin(), encoded.end(), '/', '_');
    return encoded;
}

// "service-accounts" as "serviceAccounts", all the way down.
Json in_camel_case(const MetadataTree& tree) {
    if (!tree.is_object()) return tree;
    Json converted = Json::object();
    for (const auto& [name, value] : tree.items()) {
        std::string key;
        for (const char c : name) {
            const bool is_after_dash = key.ends_with('-');
            if (is_after_dash) key.pop_back();
            key += is_after_dash && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        }
        converted[key] = in_camel_case(value);
    }
    return converted;
}

MetadataTree gcp_tree(const MetadataSpec& spec) {
    const std::string zone = spec.zone.empty() ? "us-central1-a" : spec.zone;
    const MetadataTree account = {{"aliases", {"default"}}, {"email", spec.email}, {"scopes", {spec.scope}}};
    const MetadataTree instance = {
        {"attributes", MetadataTree::object()},
        {"hostname", "sandbox." + zone + ".c." + spec.project + ".internal"},
        {"id", "1"},
        {"machine-type", "projects/" + spec.project_number + "/machineTypes/sandbox"},
        {"name", "sandbox"},
        {"service-accounts", {{"default", account}, {spec.email, account}}},
        {"zone", "projects/" + spec.project_number + "/zones/" + zone},
    };
    const MetadataTree project = {{"attributes", MetadataTree::object()},
                                  {"numeric-project-id", spec.project_number},
                                  {"project-id", spec.project}};
    const MetadataTree v1 = {
        {"instance", instance}, {"project", project}, {"universe", {{"universe-domain", "googleapis.com"}}}};
    return {{"computeMetadata", {{"v1", v1}}}};
}

MetadataTree aws_tree(const MetadataSpec& spec, const std::string& now) {
    const std::string region = spec.region.empty() ? "us-east-1" : spec.region;
    const std::string zone = region + "a";
    const Json info = {{"Code", "Success"},
                       {"LastUpdated", now},
                       {"InstanceProfileArn", "arn:aws:iam::" + spec.account + ":instance-profile/" + spec.role},
                       {"InstanceProfileId", "AIPASALLYPORT0000000"}};
    const Json document = {{"accountId", spec.account},     {"architecture", "x86_64"}, {"availabilityZone", zone},
                           {"imageId", "ami-00000000"},      {"instanceId", "i-00000000"}, {"instanceType", "sandbox"},
                           {"pendingTime", now},             {"privateIp", "127.0.0.1"}, {"region", region},
                           {"version", "2017-09-30"}};
    const MetadataTree meta_data = {
        {"ami-id", "ami-00000000"},
        {"hostname", "sandbox"},
        {"iam", {{"info", info.dump(2)}, {"security-credentials", {{spec.role, ""}}}}},
        {"instance-id", "i-00000000"},
        {"instance-type", "sandbox"},
        {"local-hostname", "sandbox"},
        {"placement", {{"availability-zone", zone}, {"region", region}}},
        {"services", {{"domain", "amazonaws.com"}, {"partition", "aws"}}},
    };
    return {{"latest",
             {{"dynamic", {{"instance-identity", {{"document", document.dump(2)}}}}}, {"meta-data", meta_data}}}};
}

Respond with_flavor(Respond answer) {
    answer.headers.emplace_back("Metadata-Flavor", "Google");
    answer.headers.emplace_back("Server", "Metadata Server for VM");
    return answer;
}

Respond azure_error(int status, std::string_view error, std::string_view description) {
    return json_answer(status, {{"error", error}, {"error_description", description}});
}

}  // namespace

Respond MetadataAnswers::answer(const MetadataSpec& spec, const http::CanonicalRequest& request,
                                const http::HeaderMap& headers, Time now) {
    switch (spec.cloud) {
        case Cloud::gcp: return with_flavor(answer_gcp(spec, request, headers, now));
        case Cloud::azure: return answer_azure(spec, request, headers, now);
        case Cloud::aws: break;
    }
    const bool is_container = std::find(std::begin(kContainerHosts), std::end(kContainerHosts), request.authority.host) !=
                              std::end(kContainerHosts);
    return is_container ? answer_aws_container(spec, request, now) : answer_aws(spec, request, headers, now);
}

Respond MetadataAnswers::answer_gcp(const MetadataSpec& spec, const http::CanonicalRequest& request,
                                    const http::HeaderMap& headers, Time now) {
    if (!is_get(request)) return text_answer(405, "Method Not Allowed\n");
    const std::string& path = request.target.path;
    // By this, clients find out where they are.
    if (path == "/") return text_answer(200, "computeMetadata/\n", "application/text");
    if (headers.has("X-Forwarded-For") || !says(headers, "Metadata-Flavor", "Google")) {
        return text_answer(403, "Missing Metadata-Flavor:Google header.\n");
    }
    const MetadataTree tree = gcp_tree(spec);
    const auto slash = path.rfind('/');
    const std::string_view leaf = std::string_view(path).substr(slash + 1);
    const MetadataTree* account = find_metadata(tree, std::string_view(path).substr(0, slash));
    if (account != nullptr && account->is_object() && account->contains("email")) {
        if (leaf == "token") {
            return json_answer(200, {{"access_token", make_placeholder("ya29.", 0, random_)},
                                     {"expires_in", kTokenLifetime.count()},
                                     {"token_type", "Bearer"}});
        }
        if (leaf == "identity") {
            const auto audience = query_value(request, "audience");
            if (!audience) return text_answer(400, "non-empty audience parameter required\n");
            return text_answer(200, identity_token(spec, *audience, now), "text/html");
        }
    }
    const MetadataTree* value = find_metadata(tree, path);
    if (value == nullptr) return text_answer(404, "Not Found\n");
    const bool is_recursive = query_value(request, "recursive") == "true";
    if (query_value(request, "alt") == "json" || (is_recursive && query_value(request, "alt") != "text")) {
        return json_answer(200, in_camel_case(*value));
    }
    const std::string shown = show_metadata(*value);
    return text_answer(200, value->is_object() && !shown.empty() ? shown + '\n' : shown, "application/text");
}

// Clients read when it expires, and whom it is for: what it says is theirs, its signature is worth nothing.
std::string MetadataAnswers::identity_token(const MetadataSpec& spec, std::string_view audience, Time now) {
    const Json header = {{"alg", "RS256"}, {"kid", "sallyport"}, {"typ", "JWT"}};
    const Json claims = {{"aud", audience},
                         {"azp", "0"},
                         {"email", spec.email},
                         {"email_verified", true},
                         {"exp", to_seconds(now + kTokenLifetime)},
                         {"iat", to_seconds(now)},
                         {"iss", "https://accounts.google.com"},
                         {"sub", "0"}};
    const auto text = [](const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); };
    return base64url(text(header)) + '.' + base64url(text(claims)) + '.' + make_placeholder("", 342, random_);
}

Respond MetadataAnswers::answer_aws(const MetadataSpec& spec, const http::CanonicalRequest& request,
                                    const http::HeaderMap& headers, Time now) {
    const std::string& path = request.target.path;
    if (path == "/latest/api/token") return open_session(request, headers, now);
    if (!is_get(request)) return text_answer(405, "");
    // Version 1 asks without: whoever can make a program fetch an address would have the credentials.
    if (!has_session(headers, now)) return text_answer(401, "");
    const MetadataTree tree = aws_tree(spec, to_text(now));
    if (path == "/latest/meta-data/iam/security-credentials/" + spec.role) {
        return text_answer(200, aws_keys(spec, now, false), "text/plain");
    }
    const MetadataTree* value = find_metadata(tree, path);
    return value == nullptr ? text_answer(404, "") : text_answer(200, show_metadata(*value));
}

Respond MetadataAnswers::open_session(const http::CanonicalRequest& request, const http::HeaderMap& headers, Time now) {
    if (request.method != "PUT") return text_answer(405, "");
    if (headers.has("X-Forwarded-For")) return text_answer(403, "");
    const auto text = headers.get(kLifetimeField).value_or("");
    int seconds = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool is_number = parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
    if (!is_number || seconds < 1 || seconds > kSessionSecondsMax) return text_answer(400, "");
    if (sessions_.size() == kSessionsMax) sessions_.pop_front();
    sessions_.push_back({make_placeholder("", 56, random_), now + std::chrono::seconds(seconds)});
    Respond answer = text_answer(200, sessions_.back().token);
    answer.headers.emplace_back(kLifetimeField, text);
    return answer;
}

bool MetadataAnswers::has_session(const http::HeaderMap& headers, Time now) const {
    const auto token = headers.get(kSessionField);
    return token && std::any_of(sessions_.begin(), sessions_.end(), [&](const Session& session) {
        return session.token == *token && now < session.expires_at;
    });
}

std::string MetadataAnswers::aws_keys(const MetadataSpec& spec, Time now, bool is_container) {
    Json keys = Json::object();
    if (is_container) {
        keys["RoleArn"] = "arn:aws:iam::" + spec.account + ":role/" + spec.role;
    } else {
        keys["Code"] = "Success";
        keys["LastUpdated"] = to_text(now);
        keys["Type"] = "AWS-HMAC";
    }
    keys["AccessKeyId"] = spec.access_key_id.empty() ? std::string(kAwsDummyKey) : spec.access_key_id;
    keys["SecretAccessKey"] = make_placeholder("", 40, random_);
    keys["Token"] = make_placeholder("", 64, random_);
    keys["Expiration"] = to_text(now + kKeysLifetime);
    return keys.dump(2);
}

Respond MetadataAnswers::answer_aws_container(const MetadataSpec& spec, const http::CanonicalRequest& request, Time now) {
    if (!is_get(request)) return text_answer(405, "");
    const std::string& path = request.target.path;
    const bool is_known = path.starts_with("/v2/credentials") || path == "/v1/credentials" ||
                          path.starts_with("/v1/credentials/");
    return is_known ? text_answer(200, aws_keys(spec, now, true), "application/json") : text_answer(404, "");
}

Respond MetadataAnswers::answer_azure(const MetadataSpec& spec, const http::CanonicalRequest& request,
                                      const http::HeaderMap& headers, Time now) {
    if (!is_get(request)) return azure_error(405, "method_not_allowed", "Method not allowed");
    if (headers.has("X-Forwarded-For") || !says(headers, "Metadata", "true")) {
        return azure_error(400, "invalid_request", "Required metadata header not specified");
    }
    if (!query_value(request, "api-version")) {
        return azure_error(400, "invalid_request", "Required query variable 'api-version' is missing");
    }
    const std::string& path = request.target.path;
    if (path == "/metadata/instance") {
        const Json compute = {{"azEnvironment", "AzurePublicCloud"},
                              {"location", spec.region},
                              {"name", "sandbox"},
                              {"osType", "Linux"},
                              {"subscriptionId", spec.subscription_id},
                              {"vmId", "00000000-0000-0000-0000-000000000000"}};
        return json_answer(200, {{"compute", compute}, {"network", {{"interface", Json::array()}}}});
    }
    if (path != "/metadata/identity/oauth2/token") return azure_error(404, "not_found", "No such path");
    const auto resource = query_value(request, "resource");
    if (!resource) return azure_error(400, "invalid_request", "Required query variable 'resource' is missing");
    const std::string lifetime = std::to_string(kTokenLifetime.count());
    const Json json = {{"access_token", make_placeholder("", 0, random_)},
                       {"client_id", query_value(request, "client_id").value_or(spec.client_id)},
                       {"expires_in", lifetime},
                       {"expires_on", std::to_string(to_seconds(now + kTokenLifetime))},
                       {"ext_expires_in", lifetime},
                       {"not_before", std::to_string(to_seconds(now))},
                       {"resource", *resource},
                       {"token_type", "Bearer"}};
    return text_answer(200, json.dump(-1, ' ', false, Json::error_handler_t::replace), "application/json");
}

}  // namespace sallyport::rules
