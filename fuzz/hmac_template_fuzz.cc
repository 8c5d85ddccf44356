// A template of any bytes: what can be read says the same again when it is written out, and a request signed by it is signed
// the same way twice.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "rules/hmac_action.h"
#include "rules/hmac_template.h"

namespace {

using namespace sallyport;
using rules::HmacPart;
using rules::HmacPartKind;

class FixedRandom final : public Random {
    void fill(std::span<unsigned char> bytes) override { std::fill(bytes.begin(), bytes.end(), 7); }
};

std::string written(const HmacPart& part) {
    const std::pair<HmacPartKind, const char*> names[] = {
        {HmacPartKind::method, "method"},       {HmacPartKind::host, "host"},     {HmacPartKind::path, "path"},
        {HmacPartKind::query, "query"},         {HmacPartKind::target, "target"}, {HmacPartKind::sorted_query, "sorted_query"},
        {HmacPartKind::timestamp, "timestamp"}, {HmacPartKind::nonce, "nonce"},   {HmacPartKind::body, "body"},
        {HmacPartKind::signature, "signature"},
    };
    for (const auto& [kind, name] : names) {
        if (part.kind == kind) return "${" + std::string(name) + "}";
    }
    if (part.kind == HmacPartKind::field) return "${header." + part.text.text + "}";
    if (part.kind == HmacPartKind::body_digest) {
        const char* digests[] = {"md5", "sha1", "sha256", "sha512"};
        const auto digest = std::string("${body_") + digests[static_cast<int>(part.digest)];
        return digest + (part.encoding == rules::TextEncoding::base64 ? "_base64}" : "}");
    }
    switch (part.text.kind) {
        case secrets::PartKind::secret: return "${secrets." + part.text.text + "}";
        case secrets::PartKind::param: return "${params." + part.text.text + "}";
        case secrets::PartKind::label: return "${labels." + part.text.text + "}";
        case secrets::PartKind::sandbox_id: return "${sandbox.id}";
        case secrets::PartKind::literal: break;
    }
    return part.text.text;
}

std::string sign(const rules::HmacTemplate& text, Buffer& body) {
    rules::HmacConfig config;
    config.text = text;
    config.placements = {{rules::HmacPlacement::Where::field, "S", rules::parse_hmac_template("${signature}").value()},
                         {rules::HmacPlacement::Where::query, "t", rules::parse_hmac_template("${timestamp}").value()}};
    const rules::HmacAction action(std::move(config), SecretString("key"), {});
    http::RequestHead head;
    head.method = "POST";
    head.target = "/a%20b?c=d&t=mine";
    head.headers.add("Host", "h.test");
    head.headers.add("X-Twice", "1");
    head.headers.add("X-Twice", "2");
    http::CanonicalRequest canonical;
    FixedRandom random;
    rules::OutgoingRequest request{head, canonical, {}, random};
    if (action.body_use(head) == rules::BodyUse::whole) request.body = &body;
    if (!action.apply(request)) return "refused";
    SALLYPORT_CHECK(head.headers.count("S") == 1 && head.target == "/a%20b?c=d&t=0");
    return std::string(*head.headers.get("S"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto parsed = rules::parse_hmac_template(text);
    if (!parsed) {
        SALLYPORT_CHECK(text.find("${") != text.npos);
        return 0;
    }
    std::string again;
    for (const auto& part : *parsed) again += written(part);
    SALLYPORT_CHECK(again == text);
    Buffer body;
    body.append("body");
    const auto signature = sign(*parsed, body);
    SALLYPORT_CHECK(signature == sign(*parsed, body));
    SALLYPORT_CHECK(signature == "refused" || signature.size() == 64);
    return 0;
}
