#include "secrets/aws_sts.h"

#include <algorithm>
#include <array>

#include "secrets/aws_request.h"
#include "secrets/encoding.h"
#include "secrets/expiry.h"
#include "secrets/fill_in.h"
#include "secrets/token_answer.h"
#include "secrets/xml_text.h"

namespace sallyport::secrets {
namespace {

constexpr std::array<std::string_view, 5> kRevoked{"AccessDenied", "InvalidClientTokenId", "InvalidIdentityToken",
                                                   "ExpiredTokenException", "IDPRejectedClaim"};

tl::unexpected<Error> refusal(const HttpRequest& request, const HttpReply& reply) {
    const auto code = xml_text(reply.body, "Code");
    for (const std::string_view known : kRevoked) {
        if (reply.status >= 500 || !code || code->reveal() != known) continue;
        return failure(ErrorCode::denied, answered(request, reply) + ": " + std::string(known));
    }
    return failure(ErrorCode::secret_unavailable, answered(request, reply));
}

Result<SecretString> key_of(std::string_view xml, std::string_view name) {
    auto text = xml_text(xml, name);
    const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f; };
    if (text && !text->empty() && std::all_of(text->reveal().begin(), text->reveal().end(), is_visible)) {
        return std::move(*text);
    }
    return failure(ErrorCode::secret_unavailable, "the answer has no single \"" + std::string(name) + "\"");
}

}  // namespace

AwsStsProvider::AwsStsProvider(AwsStsConfig config) : config_(std::move(config)) {
    if (config_.endpoint.url.empty()) config_.endpoint.url = "https://sts." + config_.region + ".amazonaws.com";
}

std::string AwsStsProvider::describe() const { return "aws_sts " + source_text(config_.role_arn); }

void AwsStsProvider::visit_templates(const std::function<void(const TemplateText&)>& visit) const {
    config_.keys.visit(visit);
    for (const TemplateText* text : {&config_.role_arn, &config_.session_name, &config_.external_id, &config_.policy,
                                     &config_.web_identity}) {
        if (!text->empty()) visit(*text);
    }
}

Result<WipedBuffer> AwsStsProvider::form(const FetchContext& context) const {
    WipedBuffer form;
    append_form(form, "Action", is_web_identity() ? "AssumeRoleWithWebIdentity" : "AssumeRole");
    append_form(form, "Version", "2011-06-15");
    append_form(form, "DurationSeconds", std::to_string(config_.duration.count()));
    const std::pair<std::string_view, const TemplateText*> kParts[] = {
        {"RoleArn", &config_.role_arn},
        {"RoleSessionName", &config_.session_name},
        {"ExternalId", &config_.external_id},
        {"Policy", &config_.policy},
        {"WebIdentityToken", &config_.web_identity},
    };
    for (const auto& [name, text] : kParts) {
        if (text->empty()) continue;
        const auto value = fill_in_line(*text, context);
        if (!value) return failure(value.error());
        append_form(form, name, value->reveal());
    }
    return form;
}

Result<void> AwsStsProvider::sign(HttpRequest& request, const FetchContext& context) const {
    const auto keys = fill_in_keys(config_.keys, context);
    if (!keys) return failure(keys.error());
    const AwsKeys views{keys->access_key_id.reveal(), keys->secret_access_key.reveal(), keys->session_token.reveal()};
    sign_aws_request(request, views, config_.region, "sts", context.now);
    return {};
}

Result<Fetched> AwsStsProvider::fetch(FetchContext& context) const {
    const auto form = this->form(context);
    if (!form) return failure(form.error());
    auto request = request_to(config_.endpoint, "POST", "/");
    // Asked for JSON, AWS would answer so, and servers that only speak like it would not.
    request.fields.front().second = "text/xml";
    set_form(request, *form);
    if (const auto signed_ = is_web_identity() ? Result<void>() : sign(request, context); !signed_) return failure(signed_.error());
    const auto reply = context.http.send(request);
    if (!reply) return failure(reply.error());
    return take(request, *reply, context.now);
}

Result<Fetched> AwsStsProvider::take(const HttpRequest& request, const HttpReply& reply, WallClock::time_point now) const {
    if (!is_success(reply)) return refusal(request, reply);
    auto id = key_of(reply.body, "AccessKeyId");
    if (!id) return failure(id.error());
    auto key = key_of(reply.body, "SecretAccessKey");
    if (!key) return failure(key.error());
    auto token = key_of(reply.body, "SessionToken");
    if (!token) return failure(token.error());
    const auto text = xml_text(reply.body, "Expiration");
    const auto moment = text ? parse_time(text->reveal()) : std::nullopt;
    if (!moment) return failure(ErrorCode::secret_unavailable, "the answer's \"Expiration\" is not a time");
    const auto end = usable_until_moment(now, *moment);
    if (!end) return failure(end.error());
    return Fetched{aws_key_document({std::move(*id), std::move(*key), std::move(*token)}), *end};
}

}  // namespace sallyport::secrets
