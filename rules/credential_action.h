// What one credential does to requests, with its secrets filled in. Made with a snapshot and immutable: `const` calls are
// safe from any thread. Pure and synchronous: time and randomness are passed in, and what needs the network has been
// fetched beforehand (secrets/provider.h).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/random.h"
#include "base/result.h"
#include "http/validate.h"
#include "rules/needle_texts.h"

namespace sallyport::rules {

class IssuedTokens;       // rules/issued_tokens.h
struct TokenSwap;         // rules/token_swap.h
struct ClientCertificate; // rules/client_certificate.h

// What a credential has to do with a request's body.
enum class BodyUse {
    untouched,  // it goes on as it comes
    whole,      // apply() needs it: the head waits until the body is there, up to kBufferedBodyBytesMax
    rewritten,  // each piece goes through what apply() leaves in OutgoingRequest::body_rewriter
};

// Changes a body as it passes. Used for one message, on one worker.
class BodyRewriter {
public:
    virtual ~BodyRewriter() = default;
    // Appends to `out` what goes out for `bytes`; may hold some back. After an error nothing more may be called, and
    // the message must not look complete to whoever gets it.
    virtual Result<void> feed(std::string_view bytes, Buffer& out) = 0;
    // The body is complete: appends the rest.
    virtual Result<void> finish(Buffer& out) = 0;
};

// One request on its way out.
struct OutgoingRequest {
    // As it will be sent. Hop-by-hop fields, and the sandbox's own copies of the authentication family that the action
    // does not own, are gone. Whoever changes the body's length says so in head.body.
    http::RequestHead& head;
    const http::CanonicalRequest& canonical;  // as decided on
    std::chrono::system_clock::time_point now;
    Random& random;
    // What stands for tokens that were taken out of earlier responses to this sandbox; null where there is none.
    const IssuedTokens* issued = nullptr;
    // Where body_use() said `whole`: all of it; may be changed.
    Buffer* body = nullptr;
    // For apply() to set, where body_use() said `rewritten`.
    std::unique_ptr<BodyRewriter> body_rewriter;
    // For apply() to set: a fresh rewriter of the text messages that the sandbox sends over a WebSocket; null for none.
    std::unique_ptr<BodyRewriter> websocket_rewriter;
};

class CredentialAction {
public:
    virtual ~CredentialAction() = default;

    // Asked before apply(), of the request as the sandbox sent it.
    virtual BodyUse body_use(const http::RequestHead& /*head*/) const { return BodyUse::untouched; }
    // Fields and query keys of the authentication family that apply() itself reads, replaces or removes: they are not
    // removed before it. `name` as the sandbox wrote it; keys may be percent-encoded.
    virtual bool owns_field(std::string_view /*name*/) const { return false; }
    virtual bool owns_query_key(std::string_view /*key*/) const { return false; }
    // Puts the credential in. Nothing of the request may be sent where it fails.
    virtual Result<void> apply(OutgoingRequest& request) const = 0;
    // All that must not come back.
    virtual void collect(NeedleTexts& texts) const = 0;
    // Shown to an origin that asks for one; null for none. Valid as long as the action.
    virtual const ClientCertificate* client_certificate() const { return nullptr; }
    // Which tokens in the answer to `request` the sandbox must not see; null for none. Counts before the rule's own.
    virtual const TokenSwap* token_swap(const http::CanonicalRequest& /*request*/) const { return nullptr; }
};

}  // namespace sallyport::rules
