// Tokens that were taken out of answers on their way to one sandbox, and what stands for them there: so that a login inside
// a sandbox works while its tokens stay outside. Owned by the sandbox's Egress; lives on its worker, `const` calls too:
// they note what was used last.
//
// In the sandbox's stead a stream calls
//   swap_answer()        with all of an answer's body, where the rule has `tokens` or the credential token_swap(): the body
//                        that goes on instead. It waits until the body is complete: kTokenAnswerBytesMax at most, after
//                        content decoding; a larger one is dropped, as is one that cannot be read (origin_bad_response);
//   body_use()           beside the credential's own, before a request's body is looked at: the more demanding one counts;
//   settle_placeholders() last of all that changes a request's head or, where it waited, its body: for every request that
//                        is forwarded, with a credential or without one.
// collect() is for a NeedleSet of its own, made anew where revision() has changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret_string.h"
#include "http/message.h"
#include "http/validate.h"
#include "rules/credential_action.h"
#include "rules/host_pattern.h"
#include "rules/needle_texts.h"
#include "rules/token_swap.h"

namespace sallyport::rules {

inline constexpr std::size_t kTokenAnswerBytesMax = 1024 * 1024;
// The one that was used longest ago gives way.
inline constexpr std::size_t kIssuedTokensMax = 64;

class IssuedTokens final {
public:
    explicit IssuedTokens(Random& random) : random_(random) {}
    IssuedTokens(const IssuedTokens&) = delete;
    IssuedTokens& operator=(const IssuedTokens&) = delete;

    // `request`: what `head` answers. Appends to `out` what the sandbox gets instead of `body`.
    Result<void> swap_answer(const TokenSwap& swap, const http::CanonicalRequest& request,
                             const http::ResponseHead& head, std::string_view body, Buffer& out);

    // `swap` is the rule's; null for none.
    BodyUse body_use(const TokenSwap* swap, const http::RequestHead& head) const;
    // Puts tokens back in Authorization (Bearer, token, either side of Basic) and, where `swap` is not null and the body
    // is at hand, in the body's fields. `sent_over`: to the origin. What is not for this host stays what it is.
    Result<void> exchange(OutgoingRequest& request, const TokenSwap* swap, http::Scheme sent_over) const;
    // For a credential that exchanges its own (TokenSwap::credential). False where Authorization holds none of them.
    bool exchange_for(std::string_view credential, http::HeaderMap& headers) const;

    bool empty() const { return tokens_.empty(); }
    std::size_t size() const { return tokens_.size(); }
    // The views live until the next swap_answer().
    void collect(NeedleTexts& texts) const;
    std::uint64_t revision() const { return revision_; }

private:
    // One that was taken out, and who may have it.
    struct Token {
        std::string stand_in;
        SecretString value;
        std::string credential;
        std::string host;
        std::uint16_t port = 0;
        std::vector<HostPattern> hosts;
    };
    using MayHave = std::function<bool(const Token& token)>;

    const std::string& issue(std::string_view value, const TokenSwap& swap, const http::CanonicalRequest& request);
    std::string stand_in_for(std::string_view value);
    Result<void> swap_json(const TokenSwap& swap, const http::CanonicalRequest& request, std::string_view body,
                           Buffer& out);
    Result<void> swap_form(const TokenSwap& swap, const http::CanonicalRequest& request, std::string_view body,
                           Buffer& out);
    const Token* find(std::string_view stand_in, const MayHave& may_have) const;
    bool exchange_authorization(http::HeaderMap& headers, const MayHave& may_have) const;
    bool exchange_text(std::string_view text, const MayHave& may_have, Buffer& out) const;
    bool exchange_basic(std::string_view value, const MayHave& may_have, Buffer& out) const;
    Result<void> exchange_body(OutgoingRequest& request, const TokenSwap& swap, const MayHave& may_have) const;

    Random& random_;
    mutable std::list<Token> tokens_;  // the one that was used last first
    std::uint64_t revision_ = 0;
};

// The last step of a request on its way out: request.issued's tokens, and placeholder_misused where anything that looks
// like a placeholder is left. `swap` is the rule's, null for none.
Result<void> settle_placeholders(OutgoingRequest& request, const TokenSwap* swap, http::Scheme sent_over);

}  // namespace sallyport::rules
