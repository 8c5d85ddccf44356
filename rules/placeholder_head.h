// Exchanges a placeholder in a request's head: in the declared fields, inside of Basic, in the declared query keys.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "rules/basic_value.h"
#include "rules/field_rewrite.h"
#include "rules/placeholder_places.h"

namespace sallyport::rules {

class HeadSwap final {
public:
    // All outlive this. An empty placeholder is none. `count_left` is how often it may still be exchanged.
    HeadSwap(const PlaceholderPlaces& places, std::string_view placeholder, std::string_view secret, unsigned& count_left)
        : places_(places), placeholder_(placeholder), secret_(secret), count_left_(count_left) {}

    // In declared places of the authentication family, what bears no mark of a placeholder is removed: it is the sandbox's
    // own. Everything else that bears one stays, and is for refuse_placeholders(). placeholder_misused where there are
    // more than may be.
    Result<void> apply(http::RequestHead& head);

private:
    FieldFate judge(const http::HeaderMap::Field& field, Buffer& value);
    bool exchange(std::string_view text, Buffer& out);
    bool exchange_basic(std::string_view pair, bool in_username, bool in_password, Buffer& out);
    void exchange_query(std::string& target);
    bool keeps_pair(std::string_view pair, Buffer& out);

    const PlaceholderPlaces& places_;
    const std::string_view placeholder_;
    const std::string_view secret_;
    unsigned& count_left_;
    bool are_too_many_ = false;
};

}  // namespace sallyport::rules
