#include "secrets/onepassword.h"

#include <algorithm>

#include "secrets/encoding.h"
#include "secrets/fill_in.h"

namespace sallyport::secrets {
namespace {

// 26 digits and lower-case letters: no name that a person gives looks so.
bool is_id(std::string_view text) {
    const auto is_id_char = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return text.size() == 26 && std::all_of(text.begin(), text.end(), is_id_char);
}

struct OnePasswordState final : ProviderState {
    std::string path;  // "/v1/vaults/…/items/…"; empty: not looked up yet
};

class Fetch {
public:
    Fetch(const OnePasswordConfig& config, FetchContext& context, std::string& path)
        : config_(config), context_(context), path_(path) {}

    Result<Fetched> run() {
        auto token = fill_in_line(config_.token, context_);
        if (!token) return failure(token.error());
        token_ = std::move(*token);
        if (const auto found = path_.empty() ? look_up() : Result<void>(); !found) return failure(found.error());
        const auto value = get(path_, [&](const JsonValue& item) { return value_of(item); });
        // It may have been made anew: next time it is looked up.
        if (!value) path_.clear();
        if (!value) return failure(value.error());
        return Fetched{SecretString(value->reveal()), std::nullopt};
    }

private:
    Result<void> look_up() {
        const auto vault = fill_in_line(config_.vault, context_);
        if (!vault) return failure(vault.error());
        const auto vault_id = id_of("/v1/vaults", "name", vault->reveal());
        if (!vault_id) return failure(vault_id.error());
        const auto item = fill_in_line(config_.item, context_);
        if (!item) return failure(item.error());
        const std::string items = "/v1/vaults/" + std::string(vault_id->reveal()) + "/items";
        const auto item_id = id_of(items, "title", item->reveal());
        if (!item_id) return failure(item_id.error());
        path_ = items + '/' + std::string(item_id->reveal());
        return {};
    }

    // `name` itself where it is one.
    Result<SecretString> id_of(const std::string& list, std::string_view key, std::string_view name) {
        if (is_id(name)) return SecretString(name);
        Buffer filter;
        append_percent(filter, std::string(key) + " eq \"" + escaped(name) + '"');
        return get(list + "?filter=" + std::string(filter.view()), [&](const JsonValue& found) { return only_id(found, name); });
    }

    static std::string escaped(std::string_view name) {
        std::string out;
        for (const char c : name) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        return out;
    }

    static Result<SecretString> only_id(const JsonValue& found, std::string_view name) {
        std::optional<SecretString> id;
        int count = 0;
        found.each_item([&](const JsonValue& each) {
            const auto member = each.member("id");
            id = member ? member->text() : std::nullopt;
            ++count;
        });
        const std::string what = '"' + std::string(name) + '"';
        if (!found.is_array() || count > 1) return failure(ErrorCode::secret_unavailable, "several have the name " + what);
        if (count == 0) return failure(ErrorCode::denied, "nothing has the name " + what);
        if (!id || !is_id(id->reveal())) return failure(ErrorCode::secret_unavailable, "the answer's \"id\" is not one");
        return std::move(*id);
    }

    Result<SecretString> value_of(const JsonValue& item) const {
        std::optional<JsonValue> found;
        int count = 0;
        const auto fields = item.member("fields");
        if (!fields || !fields->is_array()) return failure(ErrorCode::secret_unavailable, "the answer is not an item with fields");
        fields->each_item([&](const JsonValue& field) {
            if (!is_named(field, "label") && !is_named(field, "id")) return;
            found = field.member("value");
            ++count;
        });
        const std::string what = "\"" + config_.field + '"';
        if (count == 0) return failure(ErrorCode::denied, "the item has no field " + what);
        if (count > 1) return failure(ErrorCode::secret_unavailable, "the item has several fields " + what);
        if (!found) return failure(ErrorCode::secret_unavailable, "the item's field " + what + " has no value");
        return secret_value(*found, config_.field);
    }

    bool is_named(const JsonValue& field, std::string_view key) const {
        const auto name = field.member(key);
        return name && name->is_text(config_.field);
    }

    template <class Read>
    Result<SecretString> get(const std::string& path, Read read) {
        auto request = request_to(config_.server, "GET", path);
        if (const auto added = add_bearer(request, token_); !added) return failure(added.error());
        const auto reply = context_.http.send(request);
        if (!reply) return failure(reply.error());
        if (reply->status == 401 || reply->status == 403 || reply->status == 404) {
            return failure(ErrorCode::denied, answered(request, *reply));
        }
        if (!is_success(*reply)) return failure(ErrorCode::secret_unavailable, answered(request, *reply));
        const auto json = JsonValue::parse(reply->body);
        if (!json) return failure(ErrorCode::secret_unavailable, answered(request, *reply) + " with something that is not JSON");
        return read(*json);
    }

    const OnePasswordConfig& config_;
    FetchContext& context_;
    std::string& path_;
    SecretString token_;
};

}  // namespace

std::string OnePasswordProvider::describe() const {
    return "onepassword " + source_text(config_.vault) + '/' + source_text(config_.item) + '#' + config_.field;
}

void OnePasswordProvider::visit_templates(const std::function<void(const TemplateText&)>& visit) const {
    for (const TemplateText* text : {&config_.token, &config_.vault, &config_.item}) visit(*text);
}

Result<Fetched> OnePasswordProvider::fetch(FetchContext& context) const {
    if (!context.state) context.state = std::make_unique<OnePasswordState>();
    return Fetch(config_, context, static_cast<OnePasswordState&>(*context.state).path).run();
}

}  // namespace sallyport::secrets
