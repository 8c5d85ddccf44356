// Where a credential's placeholder is exchanged: `in: ["header:x-api-key", "basic:password", "query:key",
// "json:/auth/token", "form:client_secret", websocket]`. Configuration, checked at load.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/document.h"
#include "rules/json_swap.h"

namespace sallyport::rules {

struct PlaceholderPlaces {
    std::vector<std::string> fields;
    bool basic_username = false;
    bool basic_password = false;
    std::vector<std::string> query_keys;
    std::vector<JsonPlace> json;
    std::vector<std::string> form;
    bool websocket = false;

    bool has_field(std::string_view name) const;
    // Also where it is inside of Basic.
    bool has_authorization() const;
    // `raw`: percent-encoded or not.
    bool has_query_key(std::string_view raw) const;
};

// Whether percent-encoded text says `text`.
bool reads_as(std::string_view raw, std::string_view text);

// Reads `in`. Nothing, with a report, where anything is wrong.
std::optional<PlaceholderPlaces> read_placeholder_places(const Node& node, Reporter& reporter);

}  // namespace sallyport::rules
