#include "rules/placeholder_credential.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rules/body_format.h"
#include "rules/compiled_policy.h"
#include "rules/filled_template.h"
#include "rules/form_swap.h"
#include "rules/json_swap.h"
#include "rules/json_text.h"
#include "rules/percent.h"
#include "rules/placeholder_head.h"
#include "rules/placeholder_places.h"
#include "rules/text_swap.h"

namespace sallyport::rules {
namespace {

constexpr std::array<std::string_view, 6> kKeys{"secret", "env", "in", "prefix", "count", "misplaced"};
constexpr std::uint64_t kCountDefault = 4;
constexpr std::uint64_t kCountMax = 1000;
constexpr std::size_t kPrefixBytesMax = 64;

struct PlaceholderConfig {
    std::string secret;
    secrets::TemplateText value;  // a reference to it
    std::string variable;
    std::string prefix;
    unsigned count_max = kCountDefault;
    Misplaced misplaced = Misplaced::block;
    PlaceholderPlaces places;
};

bool has_content(const http::BodyFraming& body) {
    return body.kind != http::BodyKind::none && !(body.kind == http::BodyKind::length && body.length_bytes == 0);
}

class PlaceholderAction final : public CredentialAction {
public:
    PlaceholderAction(const PlaceholderConfig& config, std::string_view placeholder, SecretString secret)
        : config_(config), pattern_(placeholder), secret_(std::move(secret)) {
        WipedBuffer json, form;
        append_json_escaped(json, secret_.reveal());
        append_percent_encoded(form, secret_.reveal());
        in_json_ = SecretString(json.view());
        in_form_ = SecretString(form.view());
        pattern_.misplaced = config.misplaced;
    }

    BodyUse body_use(const http::RequestHead& head) const override {
        const BodyFormat format = declared_format(head);
        if (format == BodyFormat::other || pattern_.text.empty()) return BodyUse::untouched;
        const bool keeps_length = encoded(format).size() == pattern_.text.size();
        return keeps_length || head.body.kind == http::BodyKind::chunked ? BodyUse::rewritten : BodyUse::whole;
    }
    bool owns_field(std::string_view name) const override {
        return config_.places.has_field(name) ||
               (config_.places.has_authorization() && http::equals_ignoring_case(name, "Authorization"));
    }
    bool owns_query_key(std::string_view key) const override { return config_.places.has_query_key(key); }

    Result<void> apply(OutgoingRequest& request) const override {
        unsigned count_left = config_.count_max;
        const BodyFormat format = declared_format(request.head);
        HeadSwap head(config_.places, pattern_.text, secret_.reveal(), count_left);
        if (auto swapped = head.apply(request.head); !swapped) return swapped;
        if (config_.places.websocket && request.head.headers.has("Sec-WebSocket-Key")) {
            request.websocket_rewriter = std::make_unique<MessageSwap>(pattern_, secret_.reveal(), count_left);
        }
        return format == BodyFormat::other ? Result<void>() : apply_to_body(format, count_left, request);
    }

    void collect(NeedleTexts& texts) const override { texts.secrets.push_back(secret_.reveal()); }

private:
    // `other` where no place of such a body is declared, or there is none.
    BodyFormat declared_format(const http::RequestHead& head) const {
        const BodyFormat format = has_content(head.body) ? body_format(head.headers) : BodyFormat::other;
        const bool is_declared = format == BodyFormat::json ? !config_.places.json.empty() : !config_.places.form.empty();
        return is_declared ? format : BodyFormat::other;
    }

    std::string_view encoded(BodyFormat format) const {
        return format == BodyFormat::json ? in_json_.reveal() : in_form_.reveal();
    }

    std::unique_ptr<BodyRewriter> rewriter_for(BodyFormat format, unsigned count_left) const {
        if (format == BodyFormat::json) {
            return std::make_unique<JsonSwap>(config_.places.json, pattern_, in_json_.reveal(), count_left);
        }
        return std::make_unique<FormSwap>(config_.places.form, pattern_, in_form_.reveal(), count_left);
    }

    Result<void> apply_to_body(BodyFormat format, unsigned count_left, OutgoingRequest& request) const {
        if (!is_plainly_coded(request.head.headers)) {
            return failure(ErrorCode::body_unreadable, "its coding hides where the placeholder is");
        }
        auto rewriter = rewriter_for(format, count_left);
        if (request.body == nullptr) {
            request.body_rewriter = std::move(rewriter);
            return {};
        }
        WipedBuffer rewritten;
        auto outcome = rewriter->feed(request.body->view(), rewritten);
        if (outcome) outcome = rewriter->finish(rewritten);
        if (!outcome) return outcome;
        request.body->wipe();
        request.body->append(rewritten.view());
        if (request.head.body.kind == http::BodyKind::length) request.head.body.length_bytes = rewritten.size();
        return {};
    }

    const PlaceholderConfig& config_;  // the kind's
    SwapPattern pattern_;
    const SecretString secret_;
    SecretString in_json_;
    SecretString in_form_;
};

class PlaceholderKind final : public CredentialKind {
public:
    explicit PlaceholderKind(PlaceholderConfig config) : config_(std::move(config)) {}

    std::string_view type() const override { return "placeholder"; }
    std::string place() const override { return "where the placeholder of " + config_.variable + " stands"; }
    void visit_templates(const std::function<void(const secrets::TemplateText&)>& visit) const override {
        visit(config_.value);
    }
    bool is_per_sandbox() const override { return true; }
    PlaceholderShape placeholder() const override { return {config_.variable, config_.prefix, config_.secret}; }
    Result<std::unique_ptr<const CredentialAction>> render(const RenderContext& context) const override {
        WipedBuffer text;
        UsedSecrets used;
        if (auto filled = fill_in(config_.value, context, text, used); !filled) return failure(filled.error());
        auto secret = check_sent_value(text.view());
        if (!secret) return failure(secret.error());
        if (config_.places.basic_username && text.view().find(':') != text.view().npos) {
            return failure(ErrorCode::secret_unavailable, "a user name may not hold ':'");
        }
        const auto placeholder =
            context.placeholders == nullptr ? std::string_view() : context.placeholders->of(context.credential);
        return std::make_unique<const PlaceholderAction>(config_, placeholder, std::move(*secret));
    }

private:
    const PlaceholderConfig config_;
};

bool is_variable(std::string_view name) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return is_letter(name[0]) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

class Reader {
public:
    explicit Reader(CredentialReading& reading) : reading_(reading) {}

    std::shared_ptr<const CredentialKind> read() {
        if (!reading_.expect(kKeys)) return nullptr;
        auto secret = reading_.read_secret_name("secret");
        const bool is_whole = read_variable() & read_places() & read_prefix() & read_count() & read_misplaced();
        if (!secret || !is_whole) return nullptr;
        config_.value = {{secrets::PartKind::secret, *secret}};
        config_.secret = std::move(*secret);
        return std::make_shared<const PlaceholderKind>(std::move(config_));
    }

private:
    // Text that is there and passes `is_fit`, or is not there.
    template <class IsFit>
    bool read_optional(std::string_view key, IsFit is_fit) {
        const Node* node = find(reading_.node, key);
        if (node == nullptr) return true;
        const auto text = read_text(*node, key, reading_.reporter);
        return text && is_fit(*node, *text);
    }

    bool read_variable() {
        const Node* node = reading_.require("env");
        return node != nullptr && read_optional("env", [&](const Node& value, std::string_view text) {
                   config_.variable = text;
                   if (is_variable(text)) return true;
                   reading_.reporter.error(value.place, quote(text) + " is not the name of an environment variable");
                   return false;
               });
    }

    bool read_places() {
        const Node* node = reading_.require("in");
        auto places = node == nullptr ? std::nullopt : read_placeholder_places(*node, reading_.reporter);
        if (places) config_.places = std::move(*places);
        return places.has_value();
    }

    bool read_prefix() {
        return read_optional("prefix", [&](const Node& value, std::string_view text) {
            config_.prefix = text;
            const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) { return is_unreserved(c) && c != '~'; });
            if (is_plain && text.size() <= kPrefixBytesMax && !mentions_placeholder(text)) return true;
            reading_.reporter.error(value.place, "\"prefix\" has up to 64 letters, digits, '-', '_' and '.'");
            return false;
        });
    }

    bool read_count() {
        const Node* node = find(reading_.node, "count");
        if (node == nullptr) return true;
        const auto count = read_number(*node, "count", 1, kCountMax, reading_.reporter);
        config_.count_max = static_cast<unsigned>(count.value_or(kCountDefault));
        return count.has_value();
    }

    bool read_misplaced() {
        return read_optional("misplaced", [&](const Node& value, std::string_view text) {
            config_.misplaced = text == "pass" ? Misplaced::pass : Misplaced::block;
            if (text == "pass" || text == "block") return true;
            reading_.reporter.error(value.place, "\"misplaced\" must be block or pass, not " + quote(text));
            return false;
        });
    }

    CredentialReading& reading_;
    PlaceholderConfig config_;
};

}  // namespace

std::shared_ptr<const CredentialKind> read_placeholder_credential(CredentialReading& reading) {
    return Reader(reading).read();
}

std::optional<PlaceholderNeed> placeholder_need(const CredentialSpec& spec, const secrets::SecretSnapshot& secrets) {
    const PlaceholderShape shape = spec.kind->placeholder();
    if (shape.variable.empty()) return std::nullopt;
    const auto value = secrets.get(shape.secret);
    return PlaceholderNeed{spec.name, std::string(shape.variable), std::string(shape.prefix), value ? value->size() : 0};
}

std::shared_ptr<const Placeholders> placeholders_for(const CompiledPolicy* policy, const CompiledPolicy* runtime,
                                                     const secrets::SecretSnapshot& secrets,
                                                     std::shared_ptr<const Placeholders> earlier, Random& random) {
    std::vector<PlaceholderNeed> needs;
    for (const CompiledPolicy* each : {policy, runtime}) {
        if (each == nullptr) continue;
        for (const CredentialSpec& spec : each->credentials) {
            if (auto need = placeholder_need(spec, secrets)) needs.push_back(std::move(*need));
        }
    }
    return needs.empty() ? std::move(earlier) : Placeholders::make(needs, earlier.get(), random);
}

}  // namespace sallyport::rules
