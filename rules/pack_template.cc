#include "rules/pack_template.h"

#include <algorithm>
#include <optional>

namespace sallyport::rules {
namespace {

struct Reference {
    std::size_t begin;
    std::size_t end;
    std::string_view key;
};

// The first one.
std::optional<Reference> find_reference(std::string_view text) {
    const auto begin = text.find("${");
    const auto close = begin == text.npos ? text.npos : text.find('}', begin);
    if (close == text.npos) return std::nullopt;
    return Reference{begin, close + 1, text.substr(begin + 2, close - begin - 2)};
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

// A key stands for the same value wherever a text has it.
void fill_text(const std::string& text, const PackValues& values, std::vector<std::string>& out) {
    const auto reference = find_reference(text);
    if (!reference) {
        if (std::find(out.begin(), out.end(), text) == out.end()) out.push_back(text);
        return;
    }
    const auto found = values.find(reference->key);
    if (found == values.end()) return;
    const std::string whole = text.substr(reference->begin, reference->end - reference->begin);
    for (const std::string& value : found->second) {
        std::string filled = text;
        replace_all(filled, whole, value);
        fill_text(filled, values, out);
    }
}

void note_references(std::string_view text, std::vector<std::string>& keys) {
    while (const auto reference = find_reference(text)) {
        if (std::find(keys.begin(), keys.end(), reference->key) == keys.end()) keys.emplace_back(reference->key);
        text.remove_prefix(reference->end);
    }
}

void note_all(const Node& node, std::vector<std::string>& keys) {
    note_references(node.text, keys);
    for (const Node& item : node.items) note_all(item, keys);
    for (const Entry& entry : node.entries) note_all(entry.value, keys);
}

}  // namespace

std::vector<std::string> references_in(const Node& node) {
    std::vector<std::string> keys;
    note_all(node, keys);
    return keys;
}

Node fill_in(const Node& texts, const PackValues& values, Place place) {
    std::vector<std::string> filled;
    if (texts.kind == NodeKind::scalar) fill_text(texts.text, values, filled);
    for (const Node& item : texts.items) fill_text(item.text, values, filled);
    Node list;
    list.kind = NodeKind::list;
    list.place = place;
    for (std::string& text : filled) {
        Node item;
        item.kind = NodeKind::scalar;
        item.place = place;
        item.text = std::move(text);
        list.items.push_back(std::move(item));
    }
    return list;
}

}  // namespace sallyport::rules
