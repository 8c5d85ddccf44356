// What one sandbox's exchanges have brought that it must not see, and is kept for it: cookies of credentialed sessions, and
// the tokens that were taken out of answers. Owned by the sandbox's Egress; lives on one worker.
#pragma once

#include <cstdint>
#include <memory>

#include "base/random.h"
#include "proxy/cookie_jar.h"
#include "rules/issued_tokens.h"
#include "rules/needle_set.h"

namespace sallyport::proxy {

class KeptSecrets final {
public:
    KeptSecrets() : tokens_(random_) {}
    KeptSecrets(const KeptSecrets&) = delete;
    KeptSecrets& operator=(const KeptSecrets&) = delete;

    Random& random() { return random_; }
    CookieJar& cookies() { return cookies_; }
    rules::IssuedTokens& tokens() { return tokens_; }
    // What of the tokens must not come back; null for none. Made anew where there are others than at the last call.
    const std::shared_ptr<const rules::NeedleSet>& token_needles();

private:
    SystemRandom random_;
    CookieJar cookies_;
    rules::IssuedTokens tokens_;
    std::shared_ptr<const rules::NeedleSet> token_needles_;
    std::uint64_t compiled_revision_ = 0;
};

}  // namespace sallyport::proxy
