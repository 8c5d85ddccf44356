// What one sandbox's exchanges have brought that it must not see, and is kept for it: cookies of credentialed sessions, and
// the tokens that were taken out of answers. Owned by the sandbox's Egress; lives on one worker.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

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

    // What the policy's secrets were before they were rotated: an origin may still show, and accept, what it was sent then.
    // The last kFormerNeedlesMax sets.
    void retire(std::shared_ptr<const rules::NeedleSet> needles);
    std::span<const std::shared_ptr<const rules::NeedleSet>> former_needles() const { return former_needles_; }

    // Bodies that wait until they are whole, of all requests together: false where there is no room for more.
    bool reserve_body(std::size_t bytes);
    void release_body(std::size_t bytes) { body_bytes_ -= bytes; }

private:
    SystemRandom random_;
    CookieJar cookies_;
    rules::IssuedTokens tokens_;
    std::shared_ptr<const rules::NeedleSet> token_needles_;
    std::uint64_t compiled_revision_ = 0;
    std::vector<std::shared_ptr<const rules::NeedleSet>> former_needles_;  // the oldest first
    std::size_t body_bytes_ = 0;
};

}  // namespace sallyport::proxy
