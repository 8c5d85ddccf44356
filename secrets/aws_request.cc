#include "secrets/aws_request.h"

#include <strings.h>

#include <algorithm>
#include <string>
#include <vector>

#include "secrets/digest.h"

namespace sallyport::secrets {
namespace {

struct UrlParts {
    std::string_view host;  // with the port, where it is not the scheme's own
    std::string_view path;
    std::string_view query;
};

std::string_view take_until(std::string_view& rest, std::string_view ends) {
    const auto size = std::min(rest.find_first_of(ends), rest.size());
    const auto taken = rest.substr(0, size);
    rest.remove_prefix(size);
    return taken;
}

UrlParts split(std::string_view url) {
    const std::string_view default_port = url.starts_with("http:") ? ":80" : ":443";
    url.remove_prefix(std::min(url.find("://") + 3, url.size()));
    UrlParts parts;
    parts.host = take_until(url, "/?#");
    if (parts.host.ends_with(default_port)) parts.host.remove_suffix(default_port.size());
    parts.path = take_until(url, "?#");
    if (url.starts_with('?')) url.remove_prefix(1);
    parts.query = take_until(url, "#");
    return parts;
}

bool is_signed(std::string_view name) {
    constexpr std::string_view kContentType = "content-type";
    constexpr std::string_view kPrefix = "x-amz-";
    const bool is_content_type =
        name.size() == kContentType.size() && strncasecmp(name.data(), kContentType.data(), name.size()) == 0;
    return is_content_type || (name.size() > kPrefix.size() && strncasecmp(name.data(), kPrefix.data(), kPrefix.size()) == 0);
}

std::vector<AwsField> fields_of(const HttpRequest& request, std::string_view host) {
    std::vector<AwsField> fields{{"host", host}};
    for (const auto& [name, value] : request.fields) {
        if (is_signed(name)) fields.push_back({name, value});
    }
    return fields;
}

}  // namespace

void sign_aws_request(HttpRequest& request, const AwsKeys& keys, std::string_view region, std::string_view service,
                      std::chrono::system_clock::time_point now) {
    const AwsScope scope{AwsVersion::v4, aws_timestamp(now), std::string(region), std::string(service)};
    request.fields.emplace_back("X-Amz-Date", scope.timestamp);
    if (!keys.session_token.empty()) request.fields.emplace_back("X-Amz-Security-Token", keys.session_token);
    const auto url = split(request.url);
    const auto body_hash = to_hex(digest(DigestKind::sha256, request.body).view());
    const AwsRequest to_sign{request.method, url.path,  url.query, fields_of(request, url.host),
                             body_hash,      path_form(service)};
    const auto signature = AwsSigningKey(keys, scope).sign(string_to_sign(scope, to_sign));
    request.fields.emplace_back("Authorization",
                                authorization_value(scope, keys.access_key_id, to_sign.fields, signature));
}

}  // namespace sallyport::secrets
