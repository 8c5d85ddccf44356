#include "rules/hmac_action.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "http/characters.h"
#include "rules/auth_family.h"
#include "rules/aws_claim.h"
#include "rules/percent.h"
#include "secrets/aws_signature.h"
#include "secrets/encoding.h"

namespace sallyport::rules {
namespace {

using std::chrono::milliseconds;

tl::unexpected<Error> refused(const char* why) { return failure(ErrorCode::signature_refused, why); }

std::string formatted(milliseconds since_epoch, const char* format) {
    const auto seconds = static_cast<std::time_t>(since_epoch.count() / 1000);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

std::string timestamp_of(std::chrono::system_clock::time_point now, const HmacConfig& config) {
    const auto time = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()) - config.skew;
    switch (config.time_format) {
        case TimeFormat::unix_ms: return std::to_string(time.count());
        case TimeFormat::iso8601: return formatted(time, "%Y-%m-%dT%H:%M:%SZ");
        case TimeFormat::http_date: return formatted(time, "%a, %d %b %Y %H:%M:%S GMT");
        case TimeFormat::unix_seconds: break;
    }
    return std::to_string(time.count() / 1000);
}

std::string nonce_of(Random& random, NonceFormat format) {
    std::array<unsigned char, 16> bytes{};
    random.fill(bytes);
    if (format == NonceFormat::uuid) {  // RFC 9562 section 5.4: version 4
        bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
        bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
    }
    auto text = secrets::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (format == NonceFormat::uuid) {
        for (const std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
    }
    return text;
}

void append_encoded(std::string_view bytes, TextEncoding encoding, Buffer& out) {
    switch (encoding) {
        case TextEncoding::hex: return secrets::append_hex(out, bytes);
        case TextEncoding::base64: return secrets::append_base64(out, bytes);
        case TextEncoding::base64url: return secrets::append_base64url(out, bytes);
    }
}

std::string_view body_of(const OutgoingRequest& request) {
    return request.body != nullptr ? request.body->view() : std::string_view();
}

void add_query(std::string& target, std::string_view key, std::string_view value) {
    remove_query_keys_like(target, key);
    WipedBuffer encoded;
    append_percent_encoded(encoded, value);
    target += target.find('?') == target.npos ? '?' : '&';
    if (target.ends_with("?&")) target.pop_back();
    target.append(key).append(1, '=').append(encoded.view());
}

}  // namespace

// Made once for a request.
struct HmacAction::Values {
    std::string timestamp;
    std::string nonce;
    std::string signature;
};

HmacAction::HmacAction(HmacConfig config, SecretString key, UsedSecrets used)
    : config_(std::move(config)), key_(std::move(key)), used_(std::move(used)) {}

HmacAction::~HmacAction() {
    const auto wipe = [](HmacTemplate& text) {
        for (auto& part : text) wipe_bytes(part.text.text.data(), part.text.text.size());
    };
    wipe(config_.text);
    for (auto& placement : config_.placements) wipe(placement.value);
}

BodyUse HmacAction::body_use(const http::RequestHead& /*head*/) const {
    const bool is_needed = needs_body(config_.text) ||
                           std::any_of(config_.placements.begin(), config_.placements.end(),
                                       [](const HmacPlacement& placement) { return needs_body(placement.value); });
    return is_needed ? BodyUse::whole : BodyUse::untouched;
}

// A field that is signed as the sandbox sent it, like X-Amz-Meta, is not taken away before.
bool HmacAction::owns_field(std::string_view name) const {
    return std::any_of(config_.text.begin(), config_.text.end(), [&](const HmacPart& part) {
        return part.kind == HmacPartKind::field && http::equals_ignoring_case(part.text.text, name);
    });
}

Result<void> HmacAction::apply(OutgoingRequest& request) const {
    for (const auto& placement : config_.placements) {
        if (placement.where == HmacPlacement::Where::field) {
            remove_fields_like(request.head.headers, placement.name);
        } else {
            remove_query_keys_like(request.head.target, placement.name);
        }
    }
    Values values{timestamp_of(request.now, config_), nonce_of(request.random, config_.nonce_format), {}};
    if (auto done = put_those(Holding::no_signature, request, values); !done) return done;
    WipedBuffer text;
    if (auto made = append(config_.text, request, values, text); !made) return made;
    Buffer signature;
    append_encoded(secrets::hmac(config_.algorithm, key_.reveal(), text.view()).view(), config_.signature_encoding, signature);
    values.signature = signature.view();
    return put_those(Holding::signature, request, values);
}

Result<void> HmacAction::put_those(Holding which, const OutgoingRequest& request, const Values& values) const {
    for (const auto& placement : config_.placements) {
        const bool has_signature = mentions(placement.value, HmacPartKind::signature);
        if (has_signature != (which == Holding::signature)) continue;
        if (auto done = put(placement, request, values); !done) return done;
    }
    return {};
}

void HmacAction::collect(NeedleTexts& texts) const {
    used_.collect(texts);
    texts.secrets.push_back(key_.reveal());
}

Result<void> HmacAction::put(const HmacPlacement& placement, const OutgoingRequest& request, const Values& values) const {
    WipedBuffer value;
    if (auto made = append(placement.value, request, values, value); !made) return made;
    if (auto fit = check_sent_value(value.view()); !fit) return refused("a value that the signature needs cannot be sent");
    if (placement.where == HmacPlacement::Where::query) {
        add_query(request.head.target, placement.name, value.view());
    } else {
        request.head.headers.add(placement.name, value.view());
    }
    return {};
}

Result<void> HmacAction::append(const HmacTemplate& text, const OutgoingRequest& request, const Values& values,
                                Buffer& out) const {
    for (const auto& part : text) {
        if (auto done = append_part(part, request, values, out); !done) return done;
    }
    return {};
}

Result<void> HmacAction::append_part(const HmacPart& part, const OutgoingRequest& request, const Values& values,
                                     Buffer& out) const {
    const auto& head = request.head;
    switch (part.kind) {
        case HmacPartKind::text: out.append(part.text.text); break;
        case HmacPartKind::method: out.append(head.method); break;
        case HmacPartKind::host: out.append(head.headers.get("Host").value_or("")); break;
        case HmacPartKind::path: out.append(path_of(head.target)); break;
        case HmacPartKind::query: out.append(query_of(head.target)); break;
        case HmacPartKind::sorted_query: out.append(secrets::canonical_aws_query(query_of(head.target))); break;
        case HmacPartKind::target: out.append(head.target); break;
        case HmacPartKind::timestamp: out.append(values.timestamp); break;
        case HmacPartKind::nonce: out.append(values.nonce); break;
        case HmacPartKind::field:
            if (head.headers.count(part.text.text) > 1) return refused("a field that is signed is repeated");
            out.append(http::trim(head.headers.get(part.text.text).value_or("")));
            break;
        case HmacPartKind::body: out.append(body_of(request)); break;
        case HmacPartKind::body_digest:
            append_encoded(secrets::digest(part.digest, body_of(request)).view(), part.encoding, out);
            break;
        case HmacPartKind::signature: out.append(values.signature); break;
    }
    return {};
}

}  // namespace sallyport::rules
