// How a rule treats what surrounds its credential: parts of responses, cookies, tokens in answers, fields that only choose
// the rule. Configuration, checked at load.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace sallyport::rules {

struct TokenSwap;  // rules/token_swap.h

// `cookies:` what becomes of Set-Cookie beside a credential.
enum class CookieUse {
    jar,   // kept by the gate, and sent for the sandbox
    drop,
    pass,  // the sandbox's own business, in both directions
};

// `ranges:` what becomes of Range beside a credential.
enum class RangeUse {
    strip,   // the origin answers with all of it (RFC 9110 section 14.2 allows that)
    refuse,
    scan,    // asked for with enough around it that no secret is cut at an edge, and cut to size afterwards
};

struct ExchangeOptions {
    // These two where there is a credential.
    CookieUse cookies = CookieUse::jar;
    RangeUse ranges = RangeUse::strip;
    // Where answers of the rule hold tokens that the sandbox must not see; null for none.
    std::shared_ptr<const TokenSwap> tokens;
    // Fields by which the sandbox chooses among rules (`selector: { X-Account: work }`): they match like `headers`, and are
    // not sent.
    std::vector<std::string> selector_fields;
};

}  // namespace sallyport::rules
