// Puts a secret into the JSON of a request, where its placeholder stands in the string value at a declared place, and
// nowhere else (RFC 6901 pointers; '*' for every element of an array). Streaming, at any split. body_unreadable for what
// is no strict JSON (rules/json_scan.h), and for a key that occurs twice on the way to a declared place: origins
// disagree about which one counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/credential_action.h"
#include "rules/json_scan.h"
#include "rules/text_swap.h"

namespace sallyport::rules {

inline constexpr std::size_t kJsonPlacesMax = 32;

// "/auth/token" as ["auth", "token"].
using JsonPlace = std::vector<std::string>;

// Nothing where it is no pointer, or points at the whole text.
std::optional<JsonPlace> parse_json_place(std::string_view pointer);

class JsonSwap final : public BodyRewriter {
public:
    // `secret` is escaped already (rules/json_text.h). At most kJsonPlacesMax places. All outlive this.
    JsonSwap(const std::vector<JsonPlace>& places, const SwapPattern& pattern, std::string_view secret,
             unsigned count_max)
        : places_(places), swap_(pattern, secret, count_max) {}

    Result<void> feed(std::string_view bytes, Buffer& out) override;
    Result<void> finish(Buffer& out) override;

private:
    bool take(JsonScan::Event event);
    bool take_key();
    bool leads_to(const JsonPlace& place, std::size_t depth) const;
    bool is_declared() const;

    const std::vector<JsonPlace>& places_;
    TextSwap swap_;
    JsonScan scan_;
    bool is_declared_ = false;  // the string that is being read
    bool has_begun_ = false;
    std::vector<std::uint32_t> seen_;  // by level: of which places the key was there
};

}  // namespace sallyport::rules
