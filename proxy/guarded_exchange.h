// One exchange that has to do with secrets: a credential goes into its request, or it goes through a handler that sees some.
// What its request may not ask for, so that the answer can be looked through; what becomes of the answer; and both
// directions of the WebSocket that it may turn into. Owned by a Stream, which keeps what Setup refers to; lives on one
// worker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/validate.h"
#include "proxy/kept_secrets.h"
#include "proxy/response_filter.h"
#include "proxy/websocket_filter.h"
#include "rules/credential_action.h"
#include "rules/exchange_options.h"

namespace sallyport::proxy {

class GuardedExchange final {
public:
    struct Setup {
        std::shared_ptr<const rules::NeedleSet> needles;  // the policy's; null for none
        const rules::ExchangeOptions* options = nullptr;  // the rule's; null for the defaults
        std::string_view credential;                      // its name; empty for none: then cookies are left alone
        const http::CanonicalRequest& request;
        http::Scheme sent_over = http::Scheme::https;  // to the origin
        std::string_view sent_to;                      // its host, which need not be the one that was asked for
        const rules::TokenSwap* swap = nullptr;  // of tokens in the answer; null for none
        KeptSecrets& kept;
    };
    explicit GuardedExchange(const Setup& setup);

    // The request, before its credential: range_refused, or a head that asks for nothing that could not be looked through.
    Result<void> prepare(http::RequestHead& head);
    // And behind it. What is kept now is what the answer may say, whatever becomes of it meanwhile.
    void add_cookies(http::HeaderMap& headers);

    // The response. Made when its first head comes.
    ResponseFilter& response();

    // From the switch on. Without a rewriter what the sandbox sends goes on as it is.
    void begin_websocket(std::unique_ptr<rules::BodyRewriter> rewriter);
    WebSocketFilter& websocket() { return *websocket_; }

    // Secrets were rotated while this runs: the new ones are looked for too, from here on. False where that cannot be.
    bool add_needles(const std::shared_ptr<const rules::NeedleSet>& needles);

    // How many secrets were found so far in what comes from the origin.
    std::uint64_t scrubbed() const;
    // And how many halves of one.
    std::uint64_t secret_parts() const;

private:
    ScrubChain scrub() const;
    rules::CookieUse cookie_use() const;
    CookiePlace place() const;

    const Setup setup_;
    const rules::ExchangeOptions& options_;
    std::shared_ptr<const rules::NeedleSet> sent_cookies_;
    std::shared_ptr<const rules::NeedleSet> sent_tokens_;
    std::vector<std::shared_ptr<const rules::NeedleSet>> later_needles_;
    std::optional<RangeTrim> range_;
    std::size_t margin_bytes_ = 0;  // around a part that was asked for
    std::unique_ptr<ResponseFilter> response_;
    std::optional<WebSocketFilter> websocket_;
};

}  // namespace sallyport::proxy
