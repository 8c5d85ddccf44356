#include "proxy/guarded_exchange.h"

#include <chrono>
#include <string>
#include <utility>

#include "http/content_coding.h"
#include "proxy/limits.h"

namespace sallyport::proxy {
namespace {

const rules::ExchangeOptions& defaults() {
    static const rules::ExchangeOptions kDefaults;
    return kDefaults;
}

// Several fields are one list (RFC 9110 section 5.3).
std::string accepted_codings(const http::HeaderMap& headers) {
    std::string list;
    for (const auto [name, value] : headers) {
        if (!http::equals_ignoring_case(name, "Accept-Encoding")) continue;
        if (!list.empty()) list += ", ";
        list += value;
    }
    return list;
}

}  // namespace

GuardedExchange::GuardedExchange(const Setup& setup)
    : setup_(setup), options_(setup.options != nullptr ? *setup.options : defaults()) {}

Result<void> GuardedExchange::prepare(http::RequestHead& head) {
    http::HeaderMap& headers = head.headers;
    headers.set("Accept-Encoding", http::narrow_accept_encoding(accepted_codings(headers)));
    // None that changes frames: nobody could look into them (RFC 6455 section 9).
    headers.remove("Sec-WebSocket-Extensions");
    margin_bytes_ = headers.has("Range") ? scrub().longest_bytes() : 0;
    auto range = take_range(head, options_.ranges, margin_bytes_);
    if (!range) return failure(range.error());
    range_ = std::move(*range);
    return {};
}

void GuardedExchange::add_cookies(http::HeaderMap& headers) {
    if (cookie_use() == rules::CookieUse::jar) setup_.kept.cookies().add_to(headers, place(), std::chrono::system_clock::now());
    sent_cookies_ = setup_.kept.cookies().needles(setup_.credential);
    sent_tokens_ = setup_.kept.token_needles();
}

ScrubChain GuardedExchange::scrub() const {
    ScrubChain scrub;
    scrub.add(setup_.needles);
    for (const auto& former : setup_.kept.former_needles()) scrub.add(former);
    for (const auto& later : later_needles_) scrub.add(later);
    const auto cookies = setup_.kept.cookies().needles(setup_.credential);
    const auto& tokens = setup_.kept.token_needles();
    // A sandbox has more to say about what its cookies are: they do not get to overwrite half of a token first.
    scrub.add(tokens);
    scrub.add(cookies);
    // Other exchanges may have replaced what this one has sent.
    if (sent_cookies_ != cookies) scrub.add(sent_cookies_);
    if (sent_tokens_ != tokens) scrub.add(sent_tokens_);
    return scrub;
}

rules::CookieUse GuardedExchange::cookie_use() const {
    return setup_.credential.empty() ? rules::CookieUse::pass : options_.cookies;
}

CookiePlace GuardedExchange::place() const {
    return {setup_.credential, setup_.sent_to, setup_.request.target.path, setup_.sent_over == http::Scheme::https};
}

ResponseFilter& GuardedExchange::response() {
    if (response_ != nullptr) return *response_;
    ResponseFilter::Setup filter;
    filter.scrub = scrub();
    filter.ranges = options_.ranges;
    filter.range = std::exchange(range_, std::nullopt);
    filter.cookies = cookie_use();
    filter.jar = &setup_.kept.cookies();
    filter.place = place();
    filter.now = std::chrono::system_clock::now();
    if (setup_.swap != nullptr) {
        filter.swap_tokens = [this](const http::ResponseHead& head, std::string_view body,
                                    Buffer& out) -> Result<std::shared_ptr<const rules::NeedleSet>> {
            auto swapped = setup_.kept.tokens().swap_answer(*setup_.swap, setup_.request, head, body, out);
            if (!swapped) return failure(swapped.error());
            return setup_.kept.token_needles();
        };
    }
    response_ = std::make_unique<ResponseFilter>(std::move(filter));
    return *response_;
}

void GuardedExchange::begin_websocket(std::unique_ptr<rules::BodyRewriter> rewriter) {
    websocket_.emplace(scrub(), std::move(rewriter), setup_.kept.random());
}

bool GuardedExchange::add_needles(const std::shared_ptr<const rules::NeedleSet>& needles) {
    if (needles == nullptr) return true;
    if (later_needles_.size() == kLaterNeedlesMax) return false;
    // A part that was asked for has the margin of the secrets that were known then: a longer one may be cut at its edges.
    const bool is_part = range_ || (response_ != nullptr && response_->is_part());
    if (is_part && needles->longest_bytes() > margin_bytes_) return false;
    later_needles_.push_back(needles);
    if (websocket_) return websocket_->add_needles(needles);
    if (response_ != nullptr) response_->add_needles(needles);
    return true;
}

std::uint64_t GuardedExchange::scrubbed() const {
    std::uint64_t found = response_ != nullptr ? response_->scrubbed() : 0;
    return found + (websocket_ ? websocket_->found() : 0);
}

std::uint64_t GuardedExchange::secret_parts() const {
    const std::uint64_t parts = response_ != nullptr ? response_->secret_parts() : 0;
    return parts + (websocket_ ? websocket_->parts() : 0);
}

}  // namespace sallyport::proxy
