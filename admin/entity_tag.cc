#include "admin/entity_tag.h"

#include <optional>

#include "http/characters.h"

namespace sallyport::admin {
namespace {

struct Tag {
    std::string text;
    bool is_weak = false;
};

bool is_tag_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

// Takes one tag from the front. A comma may be inside of the quotes, so that lists cannot be split at commas.
std::optional<Tag> take_tag(std::string_view& list) {
    Tag tag;
    if (list.starts_with("W/")) {
        tag.is_weak = true;
        list.remove_prefix(2);
    }
    if (!list.starts_with('"')) return std::nullopt;
    const std::size_t end = list.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    for (const char c : list.substr(1, end - 1)) {
        if (!is_tag_character(c)) return std::nullopt;
        tag.text += c;
    }
    list.remove_prefix(end + 1);
    return tag;
}

void skip_blanks(std::string_view& list) {
    while (!list.empty() && (list.front() == ' ' || list.front() == '\t')) list.remove_prefix(1);
}

Result<std::optional<EntityTags>> parse_field(const http::HeaderMap& headers, std::string_view name,
                                              Comparison comparison) {
    std::optional<std::string> all;
    for (const auto field : headers) {
        if (!http::equals_ignoring_case(field.name, name)) continue;
        if (all) *all += ',';
        all = all.value_or("") + std::string(field.value);
    }
    if (!all) return std::nullopt;
    auto tags = parse_entity_tags(*all, comparison);
    if (!tags) return failure(ErrorCode::bad_request, std::string(name) + ": " + tags.error().detail);
    return std::move(*tags);
}

}  // namespace

std::string quoted_tag(std::string_view tag) { return '"' + std::string(tag) + '"'; }

Result<EntityTags> parse_entity_tags(std::string_view list, Comparison comparison) {
    EntityTags tags;
    if (http::trim(list) == "*") {
        tags.any = true;
        return tags;
    }
    bool is_empty = true;
    for (bool after_tag = false;;) {
        skip_blanks(list);
        if (list.empty()) break;
        if (list.front() == ',') {
            list.remove_prefix(1);
            after_tag = false;
            continue;
        }
        const auto tag = after_tag ? std::nullopt : take_tag(list);
        if (!tag) return failure(ErrorCode::bad_request, R"(this is not a list of entity tags like "7", nor *)");
        after_tag = true;
        is_empty = false;
        if (!tag->is_weak || comparison == Comparison::weak) tags.tags.push_back(tag->text);
    }
    if (is_empty) return failure(ErrorCode::bad_request, "the list of entity tags is empty");
    return tags;
}

Result<Precondition> parse_precondition(const http::HeaderMap& headers) {
    Precondition precondition;
    auto match = parse_field(headers, "If-Match", Comparison::strong);
    if (!match) return tl::unexpected(match.error());
    auto none_match = parse_field(headers, "If-None-Match", Comparison::weak);
    if (!none_match) return tl::unexpected(none_match.error());
    precondition.if_match = std::move(*match);
    precondition.if_none_match = std::move(*none_match);
    return precondition;
}

}  // namespace sallyport::admin
