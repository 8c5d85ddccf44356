#include "rules/hmac_credential.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http/characters.h"
#include "rules/field_credential.h"
#include "rules/filled_template.h"
#include "rules/hmac_action.h"
#include "rules/percent.h"
#include "rules/token.h"
#include "secrets/encoding.h"

namespace sallyport::rules {
namespace {

using secrets::DigestKind;
using secrets::PartKind;
using secrets::TemplateText;

constexpr std::array<std::string_view, 10> kKeys{
    "algorithm", "key",   "key_encoding", "string",  "signature_encoding",
    "timestamp", "skew",  "nonce",        "headers", "query",
};

template <class Value>
struct Choice {
    std::string_view name;
    Value value;
};

enum class KeyEncoding { raw, hex, base64 };

constexpr Choice<DigestKind> kAlgorithms[] = {
    {"sha256", DigestKind::sha256}, {"sha1", DigestKind::sha1}, {"sha512", DigestKind::sha512}};
constexpr Choice<KeyEncoding> kKeyEncodings[] = {
    {"raw", KeyEncoding::raw}, {"hex", KeyEncoding::hex}, {"base64", KeyEncoding::base64}};
constexpr Choice<TextEncoding> kSignatureEncodings[] = {
    {"hex", TextEncoding::hex}, {"base64", TextEncoding::base64}, {"base64url", TextEncoding::base64url}};
constexpr Choice<TimeFormat> kTimeFormats[] = {{"unix", TimeFormat::unix_seconds},
                                               {"unix_ms", TimeFormat::unix_ms},
                                               {"iso8601", TimeFormat::iso8601},
                                               {"http_date", TimeFormat::http_date}};
constexpr Choice<NonceFormat> kNonceFormats[] = {{"hex", NonceFormat::hex}, {"uuid", NonceFormat::uuid}};

struct KindConfig {
    HmacConfig signing;
    TemplateText key;
    KeyEncoding key_encoding = KeyEncoding::raw;
};

bool decode_hex(std::string_view text, Buffer& out) {
    if (text.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = http::hex_value(text[i]);
        const int low = http::hex_value(text[i + 1]);
        if (high < 0 || low < 0) return false;
        out.append(static_cast<char>(high * 16 + low));
    }
    return true;
}

Result<SecretString> decode_key(std::string_view text, KeyEncoding encoding) {
    if (encoding == KeyEncoding::raw) return SecretString(text);
    WipedBuffer key;
    const bool is_good = encoding == KeyEncoding::hex ? decode_hex(text, key) : secrets::decode_base64(text, key);
    if (!is_good || key.empty()) return failure(ErrorCode::secret_unavailable, "the key is not encoded as \"key_encoding\" says");
    return SecretString(key.view());
}

class HmacKind final : public CredentialKind {
public:
    explicit HmacKind(KindConfig config) : config_(std::move(config)) {}

    std::string_view type() const override { return "hmac"; }
    std::string place() const override {
        std::string out = "signature in";
        for (const auto& placement : config_.signing.placements) {
            if (!mentions(placement.value, HmacPartKind::signature)) continue;
            out += (placement.where == HmacPlacement::Where::field ? " header " : " query key ") + placement.name;
        }
        return out;
    }
    void visit_templates(const std::function<void(const TemplateText&)>& visit) const override {
        visit(config_.key);
        visit_references(config_.signing.text, visit);
        for (const auto& placement : config_.signing.placements) visit_references(placement.value, visit);
    }
    Result<std::unique_ptr<const CredentialAction>> render(const RenderContext& context) const override {
        UsedSecrets used;
        WipedBuffer text;
        if (auto filled = fill_in(config_.key, context, text, used); !filled) return failure(filled.error());
        if (auto fit = check_sent_value(text.view()); !fit) return failure(fit.error());
        auto key = decode_key(text.view(), config_.key_encoding);
        if (!key) return failure(key.error());
        auto signing = config_.signing;
        auto filled = fill_in_parts(signing.text, context, used);
        for (auto& placement : signing.placements) {
            if (filled) filled = fill_in_parts(placement.value, context, used);
        }
        if (!filled) return failure(filled.error());
        return std::make_unique<const HmacAction>(std::move(signing), std::move(*key), std::move(used));
    }

private:
    static bool is_reference(const HmacPart& part) {
        return part.kind == HmacPartKind::text && part.text.kind != PartKind::literal;
    }
    static void visit_references(const HmacTemplate& text, const std::function<void(const TemplateText&)>& visit) {
        for (const auto& part : text) {
            if (is_reference(part)) visit({part.text});
        }
    }
    static Result<void> fill_in_parts(HmacTemplate& text, const RenderContext& context, UsedSecrets& used) {
        for (auto& part : text) {
            if (!is_reference(part)) continue;
            WipedBuffer value;
            if (auto filled = fill_in({part.text}, context, value, used); !filled) return filled;
            if (auto fit = check_sent_value(value.view()); !fit) return failure(fit.error());
            part.text = {PartKind::literal, std::string(value.view())};
        }
        return {};
    }

    const KindConfig config_;
};

class HmacReader final {
public:
    explicit HmacReader(CredentialReading& reading) : reading_(reading) {}

    std::shared_ptr<const CredentialKind> read() {
        if (!reading_.expect(kKeys)) return nullptr;
        auto& signing = config_.signing;
        read_choice("algorithm", kAlgorithms, signing.algorithm);
        read_choice("key_encoding", kKeyEncodings, config_.key_encoding);
        read_choice("signature_encoding", kSignatureEncodings, signing.signature_encoding);
        read_choice("timestamp", kTimeFormats, signing.time_format);
        read_choice("nonce", kNonceFormats, signing.nonce_format);
        read_skew();
        auto key = reading_.read_value("key");
        is_good_ = is_good_ && key.has_value();
        if (key) config_.key = std::move(*key);
        read_string();
        read_placements("headers", HmacPlacement::Where::field);
        read_placements("query", HmacPlacement::Where::query);
        if (is_good_) check_placements();
        return is_good_ ? std::make_shared<const HmacKind>(std::move(config_)) : nullptr;
    }

private:
    void fault(const Node& node, const std::string& text) {
        reading_.reporter.error(node.place, text);
        is_good_ = false;
    }

    template <class Value, std::size_t kSize>
    void read_choice(std::string_view key, const Choice<Value> (&choices)[kSize], Value& out) {
        const Node* node = find(reading_.node, key);
        const auto text = node == nullptr ? std::nullopt : read_text(*node, key, reading_.reporter);
        is_good_ = is_good_ && (node == nullptr || text.has_value());
        if (!text) return;
        std::vector<std::string_view> names;
        for (const auto& choice : choices) {
            names.push_back(choice.name);
            if (*text != choice.name) continue;
            out = choice.value;
            return;
        }
        std::string all;
        for (const auto name : names) all += (all.empty() ? "" : ", ") + std::string(name);
        fault(*node, quote(key) + " is one of " + all + reading_.reporter.suggest(*text, names));
    }

    void read_skew() {
        const Node* node = find(reading_.node, "skew");
        if (node == nullptr) return;
        const auto skew = read_duration(*node, "skew", reading_.reporter);
        if (!skew) {
            is_good_ = false;
        } else if (*skew > std::chrono::hours(24)) {
            fault(*node, "\"skew\" is at most 24h");
        } else {
            config_.signing.skew = *skew;
        }
    }

    void read_string() {
        const Node* node = reading_.require("string");
        const auto text = node == nullptr ? std::nullopt : read_body(*node, "string", reading_.reporter);
        is_good_ = is_good_ && text.has_value();
        if (!text) return;
        if (text->empty()) return fault(*node, "\"string\" is empty");
        read_template(*node, "string", *text, config_.signing.text);
        if (mentions(config_.signing.text, HmacPartKind::signature)) fault(*node, "\"string\" cannot hold its own signature");
    }

    void read_template(const Node& node, std::string_view key, std::string_view text, HmacTemplate& out) {
        auto parts = parse_hmac_template(text);
        if (!parts) return fault(node, quote(key) + ": " + parts.error().detail);
        for (const auto& part : *parts) {
            if (part.kind != HmacPartKind::text || part.text.kind != PartKind::secret) continue;
            if (reading_.secret_names.contains(part.text.text)) continue;
            fault(node, not_defined("secret", part.text.text, reading_.secret_names, reading_.reporter));
        }
        out = std::move(*parts);
    }

    void read_placements(std::string_view key, HmacPlacement::Where where) {
        const Node* node = find(reading_.node, key);
        if (node == nullptr) return;
        if (!expect_map(*node, quote(key), reading_.reporter)) {
            is_good_ = false;
            return;
        }
        for (const auto& entry : node->entries) read_placement(entry, where);
    }

    void read_placement(const Entry& entry, HmacPlacement::Where where) {
        if (where == HmacPlacement::Where::field && !may_carry_credential(entry.key)) {
            reading_.reporter.error(entry.place, quote(entry.key) + " is not the name of a header that may carry a credential");
            is_good_ = false;
        }
        if (where == HmacPlacement::Where::query && !std::all_of(entry.key.begin(), entry.key.end(), is_unreserved)) {
            reading_.reporter.error(entry.place, quote(entry.key) + " is not the name of a query key");
            is_good_ = false;
        }
        const auto text = read_text(entry.value, entry.key, reading_.reporter);
        is_good_ = is_good_ && text.has_value();
        if (!text) return;
        HmacPlacement placement{where, entry.key, {}};
        read_template(entry.value, entry.key, *text, placement.value);
        config_.signing.placements.push_back(std::move(placement));
    }

    void check_placements() {
        const auto& placements = config_.signing.placements;
        const bool is_placed = std::any_of(placements.begin(), placements.end(), [](const HmacPlacement& placement) {
            return mentions(placement.value, HmacPartKind::signature);
        });
        if (!is_placed) fault(reading_.node, "no header and no query key of the credential holds \"${signature}\"");
    }

    CredentialReading& reading_;
    KindConfig config_;
    bool is_good_ = true;
};

}  // namespace

std::shared_ptr<const CredentialKind> read_hmac_credential(CredentialReading& reading) { return HmacReader(reading).read(); }

}  // namespace sallyport::rules
