#include "rules/aws_bucket.h"

#include <algorithm>

#include "rules/percent.h"

namespace sallyport::rules {
namespace {

tl::unexpected<Error> refused(const char* why) { return failure(ErrorCode::signature_refused, why); }

std::string decoded(std::string_view text) {
    std::string out;
    PercentReader read(text);
    for (int c = read(); c >= 0; c = read()) out += static_cast<char>(c);
    return out;
}

bool is_dots(std::string_view segment) {
    const auto name = segment.substr(0, segment.find(';'));
    return name == "." || name == "..";
}

// S3 takes a path as it is, but not every store does, and "/mine/../yours" must not be a matter of opinion.
bool is_ambiguous(const std::string& path) {
    const auto again = decoded(path);
    for (const auto& text : {path, again}) {
        if (text.find('\\') != text.npos || text.find('\0') != text.npos) return true;
        for (std::size_t at = 0; at <= text.size();) {
            const auto end = std::min(text.find('/', at), text.size());
            if (is_dots(std::string_view(text).substr(at, end - at))) return true;
            at = end + 1;
        }
    }
    return false;
}

Result<std::string> first_segment(std::string_view raw) {
    const auto path = decoded(raw);
    if (is_ambiguous(path)) return refused("the path could be read as that of another bucket");
    auto bucket = path.substr(0, path.find('/'));
    if (bucket.empty()) return refused("the request names no bucket");
    return bucket;
}

// Where the endpoint's own labels begin: "s3", "s3-accelerate", "s3express-…". The last such label counts, because the
// bucket's name may have one too.
std::size_t endpoint_at(std::string_view host) {
    for (auto end = host.size(); end != host.npos && end > 0;) {
        const auto dot = host.rfind('.', end - 1);
        const auto start = dot == host.npos ? 0 : dot + 1;
        const auto label = host.substr(start, end - start);
        if (label == "s3" || label.starts_with("s3-") || label.starts_with("s3express-")) return start;
        end = dot;
    }
    return host.npos;
}

bool is_amazon(std::string_view host) { return host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"); }

// The labels before the endpoint, without the dot; nothing where this is no such host.
Result<std::string> host_bucket(std::string_view host, std::string_view endpoint) {
    if (!endpoint.empty() && host == endpoint) return std::string();
    if (!endpoint.empty() && host.ends_with("." + std::string(endpoint))) {
        return std::string(host.substr(0, host.size() - endpoint.size() - 1));
    }
    const auto start = is_amazon(host) ? endpoint_at(host) : host.npos;
    if (start == host.npos) return refused("it is not known how this host names buckets: see \"endpoint\"");
    return std::string(host.substr(0, start > 0 ? start - 1 : 0));
}

}  // namespace

Result<std::string> bucket_of(std::string_view host, std::string_view path, std::string_view endpoint) {
    auto bucket = host_bucket(host, endpoint);
    if (!bucket || !bucket->empty()) return bucket;
    return first_segment(path.substr(path.starts_with('/') ? 1 : 0));
}

Result<std::string> bucket_of_copy_source(std::string_view value) {
    auto bucket = first_segment(value.substr(0, value.find('?')).substr(value.starts_with('/') ? 1 : 0));
    if (bucket && bucket->find(':') != bucket->npos) return refused("an access point is not a bucket");
    return bucket;
}

}  // namespace sallyport::rules
