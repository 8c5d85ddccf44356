#include "rules/placeholder_places.h"

#include <algorithm>

#include "http/header_map.h"
#include "rules/fields.h"
#include "rules/form_swap.h"
#include "rules/percent.h"
#include "rules/token.h"

namespace sallyport::rules {
namespace {

constexpr std::string_view kAuthorization = "Authorization";
constexpr std::string_view kForms =
    "\"header:NAME\", \"basic:username\", \"basic:password\", \"query:KEY\", \"json:/POINTER\", \"form:FIELD\" or "
    "\"websocket\"";
// Fields that frame or route a message, or would be answered before the credential is there.
constexpr std::string_view kNotForSecrets[] = {"Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade",
                                               "TE",   "Trailer",        "Expect",            "Content-Type",
                                               "Content-Encoding"};

class PlacesReader {
public:
    PlacesReader(PlaceholderPlaces& places, Reporter& reporter) : places_(places), reporter_(reporter) {}

    void read(const Node& item, std::string_view text) {
        const auto colon = std::min(text.find(':'), text.size());
        const auto kind = text.substr(0, colon);
        const auto name = text.substr(std::min(colon + 1, text.size()));
        if (kind == "header" && is_token(name)) return add_field(item, name);
        if (text == "basic:username") return void(places_.basic_username = true);
        if (text == "basic:password") return void(places_.basic_password = true);
        if (kind == "query" && !name.empty()) return places_.query_keys.emplace_back(name), void();
        if (kind == "json") return add_json(item, name);
        if (kind == "form" && !name.empty()) return add_form(item, name);
        if (text == "websocket") return void(places_.websocket = true);
        reporter_.error(item.place, quote(text) + " is no place for a placeholder: it is " + std::string(kForms));
    }

private:
    void add_field(const Node& item, std::string_view name) {
        const bool is_refused = std::any_of(std::begin(kNotForSecrets), std::end(kNotForSecrets), [&](std::string_view each) {
            return http::equals_ignoring_case(each, name);
        });
        if (is_refused) {
            return reporter_.error(item.place, "the header " + quote(name) + " may not carry a credential");
        }
        places_.fields.emplace_back(name);
    }

    void add_json(const Node& item, std::string_view pointer) {
        auto place = parse_json_place(pointer);
        if (!place) {
            return reporter_.error(item.place, quote(pointer) + " is no JSON pointer (RFC 6901), such as \"/auth/token\"");
        }
        if (places_.json.size() == kJsonPlacesMax) {
            return reporter_.error(item.place, "a credential has 32 places in JSON at most");
        }
        places_.json.push_back(std::move(*place));
    }

    void add_form(const Node& item, std::string_view name) {
        if (places_.form.size() == kFormFieldsMax || name.size() > kFormKeyBytesMax) {
            return reporter_.error(item.place, "a credential has 32 fields of forms at most, of 256 bytes each");
        }
        if (std::find(places_.form.begin(), places_.form.end(), name) != places_.form.end()) return;
        places_.form.emplace_back(name);
    }

    PlaceholderPlaces& places_;
    Reporter& reporter_;
};

}  // namespace

bool reads_as(std::string_view raw, std::string_view text) {
    PercentReader read(raw);
    for (const char c : text) {
        if (read() != static_cast<unsigned char>(c)) return false;
    }
    return read() < 0;
}

bool PlaceholderPlaces::has_field(std::string_view name) const {
    return std::any_of(fields.begin(), fields.end(),
                       [&](const std::string& field) { return http::equals_ignoring_case(field, name); });
}

bool PlaceholderPlaces::has_authorization() const {
    return basic_username || basic_password || has_field(kAuthorization);
}

bool PlaceholderPlaces::has_query_key(std::string_view raw) const {
    return std::any_of(query_keys.begin(), query_keys.end(),
                       [&](const std::string& key) { return reads_as(raw, key); });
}

std::optional<PlaceholderPlaces> read_placeholder_places(const Node& node, Reporter& reporter) {
    PlaceholderPlaces places;
    PlacesReader reader(places, reporter);
    std::size_t given = 0;
    each_text(node, "in", ListForm::one_or_list, reporter, [&](const Node& item, std::string_view text) {
        ++given;
        reader.read(item, text);
    });
    return given > 0 && !reporter.has_errors() ? std::optional(std::move(places)) : std::nullopt;
}

}  // namespace sallyport::rules
