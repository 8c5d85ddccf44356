#include "rules/aws_sigv4_action.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "http/characters.h"
#include "rules/auth_family.h"
#include "rules/aws_bucket.h"
#include "rules/aws_chunks.h"
#include "rules/percent.h"
#include "secrets/digest.h"

namespace sallyport::rules {
namespace {

using secrets::AwsField;
using secrets::AwsScope;
using secrets::AwsVersion;

constexpr std::string_view kContentHash = "X-Amz-Content-Sha256";
constexpr std::string_view kPrefix = "x-amz-";

tl::unexpected<Error> refused(const char* why) { return failure(ErrorCode::signature_refused, why); }

bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

bool has_amazon_prefix(std::string_view name) {
    return http::equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix);
}

bool is_s3(std::string_view service) { return secrets::path_form(service) == secrets::AwsPathForm::as_it_is; }

// What AWS demands to be signed: Host, Content-Type and X-Amz-…; every field more is one that a proxy could break.
bool is_signed(std::string_view name) {
    return has_amazon_prefix(name) || http::equals_ignoring_case(name, "Host") ||
           http::equals_ignoring_case(name, "Content-Type");
}

std::vector<AwsField> signed_fields(const http::HeaderMap& headers) {
    std::vector<AwsField> fields;
    for (const auto field : headers) {
        if (is_signed(field.name)) fields.push_back({field.name, field.value});
    }
    return fields;
}

// A browser's upload to S3 has its signature among the form's fields.
bool is_form_upload(const http::RequestHead& head) {
    constexpr std::string_view kForm = "multipart/form-data";
    const auto type = http::trim(head.headers.get("Content-Type").value_or(""));
    return head.method == "POST" && http::equals_ignoring_case(type.substr(0, kForm.size()), kForm);
}

bool is_hash(std::string_view text) {
    return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) { return http::hex_value(c) >= 0; });
}

std::string hash_of(std::string_view bytes) {
    return secrets::to_hex(secrets::digest(secrets::DigestKind::sha256, bytes).view());
}

enum class Payload { said, computed, chunked };

// STREAMING-… words by what has to be done to the body; nothing for words that are not known.
struct Word {
    std::string_view text;
    Payload payload;
    AwsVersion version;
    AwsTrailers trailers;
};
constexpr Word kChunkedWords[] = {
    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", Payload::chunked, AwsVersion::v4, AwsTrailers::none},
    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", Payload::chunked, AwsVersion::v4, AwsTrailers::signed_ones},
    {"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", Payload::chunked, AwsVersion::v4a, AwsTrailers::none},
    {"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER", Payload::chunked, AwsVersion::v4a, AwsTrailers::signed_ones},
};

const Word* find_word(std::string_view text) {
    const auto found = std::find_if(std::begin(kChunkedWords), std::end(kChunkedWords),
                                    [&](const Word& word) { return word.text == text; });
    return found == std::end(kChunkedWords) ? nullptr : found;
}

void append_parameter(std::string& query, std::string_view key, std::string_view value) {
    if (!query.empty()) query += '&';
    query.append(key).append("=");
    secrets::append_aws_encoded(query, value);
}

void wipe(std::string& text) { wipe_bytes(text.data(), text.size()); }

void replace_target(http::RequestHead& head, const std::string& query) {
    std::string target(path_of(head.target));
    if (!query.empty()) target.append("?").append(query);
    wipe(head.target);
    head.target = std::move(target);
}

}  // namespace

struct AwsSigv4Action::Plan {
    AwsClaim claim;
    Payload payload = Payload::said;
    std::string payload_hash;
    AwsTrailers trailers = AwsTrailers::none;
};

AwsSigv4Action::AwsSigv4Action(AwsSigv4Config config, secrets::AwsKeySet secrets)
    : config_(std::move(config)), secrets_(std::move(secrets)), cache_(std::make_unique<secrets::AwsKeyCache>()) {}

BodyUse AwsSigv4Action::body_use(const http::RequestHead& head) const {
    const auto planned = plan(head);
    if (!planned) return BodyUse::untouched;  // apply() refuses it
    if (planned->payload == Payload::chunked) return BodyUse::rewritten;
    return planned->payload == Payload::computed ? BodyUse::whole : BodyUse::untouched;
}

bool AwsSigv4Action::owns_field(std::string_view name) const {
    return is_aws_signature_field(name) || has_amazon_prefix(name);
}

bool AwsSigv4Action::owns_query_key(std::string_view key) const {
    PercentReader read(key);
    for (const char expected : kPrefix) {
        const char c = static_cast<char>(std::max(read(), 0));
        if (!http::equals_ignoring_case({&expected, 1}, {&c, 1})) return false;
    }
    return true;
}

Result<void> AwsSigv4Action::apply(OutgoingRequest& request) const {
    auto planned = plan(request.head);
    if (!planned) return failure(planned.error());
    if (auto prepared = prepare(request, *planned); !prepared) return prepared;
    const AwsScope scope{planned->claim.version, secrets::aws_timestamp(request.now), planned->claim.region,
                         planned->claim.service};
    if (planned->claim.form == AwsForm::query) {
        sign_query_form(request.head, *planned, scope);
        return {};
    }
    auto signature = sign_header_form(request.head, *planned, scope);
    if (planned->payload == Payload::chunked) {
        request.body_rewriter = std::make_unique<AwsChunkRewriter>(
            AwsChunkSeed{scope, cache_->get(keys(), scope), std::move(signature), planned->trailers});
    }
    return {};
}

// Everything but what says who signs and when.
Result<void> AwsSigv4Action::prepare(OutgoingRequest& request, Plan& plan) const {
    auto& headers = request.head.headers;
    headers.remove_if([](const http::HeaderMap::Field& field) { return is_aws_signature_field(field.name); });
    if (plan.payload == Payload::computed) {
        plan.payload_hash = hash_of(request.body != nullptr ? request.body->view() : std::string_view());
    }
    if (!is_s3(plan.claim.service)) return {};
    if (auto checked = check_bucket(request); !checked) return checked;
    if (auto set = set_owner(headers); !set) return set;
    const bool is_said = plan.claim.form == AwsForm::query || headers.has(kContentHash);
    if (!is_said) headers.set(kContentHash, plan.payload_hash);
    return {};
}

void AwsSigv4Action::collect(NeedleTexts& texts) const {
    texts.secrets.push_back(secrets_.secret_access_key.reveal());
    if (!secrets_.session_token.empty()) texts.secrets.push_back(secrets_.session_token.reveal());
}

// Everything that can be known before the body is there.
Result<AwsSigv4Action::Plan> AwsSigv4Action::plan(const http::RequestHead& head) const {
    auto claim = read_aws_claim(head);
    if (!claim) return failure(claim.error());
    if (claim->form == AwsForm::none) {
        if (config_.services.size() != 1 || config_.regions.size() != 1) {
            return refused("the request is not signed, so that it says neither service nor region");
        }
        claim->service = config_.services.front();
        claim->region = config_.regions.front();
    } else if (claim->access_key_id != config_.dummy_access_key_id) {
        return refused("the request is signed with an access key of somebody else's");
    }
    Plan plan{std::move(*claim)};
    if (auto checked = check_scope(plan.claim); !checked) return failure(checked.error());
    if (is_s3(plan.claim.service) && is_form_upload(head)) {
        return refused("a form that is uploaded may carry a signature of its own");
    }
    if (auto read = read_payload(head, plan); !read) return failure(read.error());
    return plan;
}

Result<void> AwsSigv4Action::check_scope(const AwsClaim& claim) const {
    if (!contains(config_.services, claim.service)) return refused("the credential is not for this service");
    if (claim.version == AwsVersion::v4a && !config_.allow_v4a) return refused("the credential does not sign version 4a");
    bool is_within = true;
    http::for_each_list_element(claim.region,
                                [&](std::string_view region) { is_within = is_within && contains(config_.regions, region); });
    if (!is_within) return refused("the credential is not for this region");
    return {};
}

// What the client says of its body is signed: the origin compares it with what it gets.
Result<void> AwsSigv4Action::read_payload(const http::RequestHead& head, Plan& plan) const {
    const bool is_presigned = plan.claim.form == AwsForm::query;
    if (head.headers.count(kContentHash) > 1) return refused("X-Amz-Content-Sha256 is repeated");
    std::string said = is_presigned ? aws_query_value(query_of(head.target), kContentHash) : std::string();
    if (said.empty()) said = http::trim(head.headers.get(kContentHash).value_or(""));
    if (said.empty() && is_presigned && is_s3(plan.claim.service)) said = secrets::kUnsignedPayload;
    if (said.empty()) {
        plan.payload = Payload::computed;
        return {};
    }
    const auto* word = find_word(said);
    const bool is_known = word != nullptr ? !is_presigned && word->version == plan.claim.version
                                          : said == secrets::kUnsignedPayload || is_hash(said) ||
                                                (said == "STREAMING-UNSIGNED-PAYLOAD-TRAILER" && !is_presigned);
    if (!is_known) return refused("X-Amz-Content-Sha256 has another form");
    if (word != nullptr) plan.trailers = word->trailers;
    if (word != nullptr) plan.payload = word->payload;
    plan.payload_hash = std::move(said);
    return {};
}

Result<void> AwsSigv4Action::check_bucket(const OutgoingRequest& request) const {
    if (config_.buckets.empty()) return {};
    // The host that is sent: a rule may have replaced it.
    const auto authority =
        http::parse_authority(request.head.headers.get("Host").value_or(""), request.canonical.scheme);
    if (!authority) return failure(authority.error());
    const auto bucket = bucket_of(authority->host, path_of(request.head.target), config_.endpoint);
    if (!bucket) return failure(bucket.error());
    if (!contains(config_.buckets, *bucket)) return refused("the credential is not for this bucket");
    return check_copy_source(request.head.headers);
}

Result<void> AwsSigv4Action::check_copy_source(const http::HeaderMap& headers) const {
    constexpr std::string_view kSource = "X-Amz-Copy-Source";
    if (headers.count(kSource) > 1) return refused("X-Amz-Copy-Source is repeated");
    const auto source = headers.get(kSource);
    if (!source) return {};
    const auto bucket = bucket_of_copy_source(http::trim(*source));
    if (!bucket) return failure(bucket.error());
    if (!contains(config_.buckets, *bucket)) return refused("the credential is not for the bucket that is copied from");
    return {};
}

// S3 itself refuses a bucket of another owner then.
Result<void> AwsSigv4Action::set_owner(http::HeaderMap& headers) const {
    if (config_.accounts.empty()) return {};
    for (const std::string_view name : {"X-Amz-Expected-Bucket-Owner", "X-Amz-Source-Expected-Bucket-Owner"}) {
        if (name.starts_with("X-Amz-Source") && !headers.has("X-Amz-Copy-Source")) continue;
        const auto said = headers.get(name);
        if (said && (headers.count(name) > 1 || !contains(config_.accounts, http::trim(*said)))) {
            return refused("the credential is not for this account's buckets");
        }
        if (said) continue;
        if (config_.accounts.size() != 1) return refused("the request does not say which account the bucket should be of");
        headers.set(name, config_.accounts.front());
    }
    return {};
}

std::string AwsSigv4Action::sign_header_form(http::RequestHead& head, const Plan& plan, const AwsScope& scope) const {
    const auto query = query_without_signature(query_of(head.target));
    replace_target(head, query);
    head.headers.add("X-Amz-Date", scope.timestamp);
    if (!secrets_.session_token.empty()) head.headers.add("X-Amz-Security-Token", secrets_.session_token.reveal());
    if (scope.version == AwsVersion::v4a) head.headers.add("X-Amz-Region-Set", scope.region);
    auto signature = sign(head, query, plan, scope);
    head.headers.add("Authorization", secrets::authorization_value(scope, secrets_.access_key_id.reveal(),
                                                                   signed_fields(head.headers), signature));
    return signature;
}

void AwsSigv4Action::sign_query_form(http::RequestHead& head, const Plan& plan, const AwsScope& scope) const {
    auto query = query_without_signature(query_of(head.target));
    const auto credential = std::string(secrets_.access_key_id.reveal()) + '/' + secrets::scope_text(scope);
    // So that no copy of the token is left behind by a string that grows.
    query.reserve(query.size() + 3 * (secrets_.session_token.size() + credential.size()) + 1024);
    append_parameter(query, "X-Amz-Algorithm", secrets::algorithm_name(scope.version));
    append_parameter(query, "X-Amz-Credential", credential);
    append_parameter(query, "X-Amz-Date", scope.timestamp);
    append_parameter(query, "X-Amz-Expires", std::to_string(std::min(plan.claim.expires_seconds, kPresignedSecondsMax)));
    if (scope.version == AwsVersion::v4a) append_parameter(query, "X-Amz-Region-Set", scope.region);
    if (!secrets_.session_token.empty()) append_parameter(query, "X-Amz-Security-Token", secrets_.session_token.reveal());
    append_parameter(query, "X-Amz-SignedHeaders", secrets::signed_field_names(signed_fields(head.headers)));
    append_parameter(query, "X-Amz-Signature", sign(head, query, plan, scope));
    replace_target(head, query);
    wipe(query);
}

std::string AwsSigv4Action::sign(const http::RequestHead& head, std::string_view query, const Plan& plan,
                                 const AwsScope& scope) const {
    const secrets::AwsRequest request{head.method,       path_of(head.target),
                                      query,             signed_fields(head.headers),
                                      plan.payload_hash, secrets::path_form(scope.service)};
    return cache_->get(keys(), scope)->sign(secrets::string_to_sign(scope, request));
}

secrets::AwsKeys AwsSigv4Action::keys() const {
    return {secrets_.access_key_id.reveal(), secrets_.secret_access_key.reveal(), secrets_.session_token.reveal()};
}

}  // namespace sallyport::rules
