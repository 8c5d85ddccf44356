#include "rules/fields.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace sallyport::rules {
namespace {

bool contains(std::span<const std::string_view> words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void check_key(const Entry& entry, const KeySet& keys, Reporter& reporter) {
    if (contains(keys.known, entry.key)) return;
    if (contains(keys.unsupported, entry.key)) {
        return reporter.error(entry.place, quote(entry.key) + " is not supported by this version");
    }
    reporter.error(entry.place, "unknown key " + quote(entry.key) + reporter.suggest(entry.key, keys.known));
}

// Whether some key could be meant as `key`.
bool has_misspelt(const Node& map, std::string_view key) {
    const auto is_near = [&](const Entry& entry) { return !did_you_mean(entry.key, {&key, 1}).empty(); };
    return std::any_of(map.entries.begin(), map.entries.end(), is_near);
}

}  // namespace

bool expect_map(const Node& node, std::string_view what, Reporter& reporter) {
    if (node.kind != NodeKind::map) {
        reporter.error(node.place, std::string(what) + " must be a mapping");
        return false;
    }
    if (node.entries.empty()) {
        reporter.error(node.place, std::string(what) + " is empty");
        return false;
    }
    return true;
}

bool expect_map(const Node& node, std::string_view what, const KeySet& keys, Reporter& reporter) {
    if (!expect_map(node, what, reporter)) return false;
    for (const Entry& entry : node.entries) check_key(entry, keys, reporter);
    return true;
}

const Node* find(const Node& map, std::string_view key) {
    const auto same = [&](const Entry& entry) { return entry.key == key; };
    const auto found = std::find_if(map.entries.begin(), map.entries.end(), same);
    return found == map.entries.end() ? nullptr : &found->value;
}

const Node* require(const Node& map, std::string_view key, std::string_view what, Reporter& reporter) {
    const Node* node = find(map, key);
    if (node == nullptr && !has_misspelt(map, key))
        reporter.error(map.place, std::string(what) + " has no " + quote(key));
    return node;
}

bool has_foreign_key(const Node& map, std::span<const std::string_view> known) {
    return !std::all_of(map.entries.begin(), map.entries.end(),
                        [&](const Entry& entry) { return contains(known, entry.key); });
}

std::optional<std::string_view> read_text(const Node& node, std::string_view key, Reporter& reporter) {
    if (node.kind != NodeKind::scalar) {
        reporter.error(node.place, quote(key) + " must be a string");
        return std::nullopt;
    }
    if (node.text.empty()) {
        reporter.error(node.place, quote(key) + " is empty");
        return std::nullopt;
    }
    if (std::any_of(node.text.begin(), node.text.end(), is_control)) {
        reporter.error(node.place, quote(key) + " holds a control character");
        return std::nullopt;
    }
    return node.text;
}

std::optional<bool> read_flag(const Node& node, std::string_view key, Reporter& reporter) {
    if (node.kind == NodeKind::scalar && node.is_plain) {
        if (node.text == "true") return true;
        if (node.text == "false") return false;
    }
    std::string message = quote(key) + " must be true or false";
    if (node.kind == NodeKind::scalar) message += ", not " + quote(node.text);
    reporter.error(node.place, std::move(message));
    return std::nullopt;
}

std::optional<std::uint16_t> read_port(const Node& node, std::string_view key, Reporter& reporter) {
    std::uint16_t port = 0;
    const char* const end = node.text.data() + node.text.size();
    const bool is_number = node.kind == NodeKind::scalar && node.is_plain && !node.text.starts_with('0') &&
                           std::from_chars(node.text.data(), end, port) == std::from_chars_result{end, std::errc{}};
    if (is_number && port != 0) return port;
    reporter.error(node.place, quote(key) + " must be a number from 1 to 65535");
    return std::nullopt;
}

std::vector<const Node*> read_list(const Node& node, std::string_view key, ListForm form, Reporter& reporter) {
    std::vector<const Node*> items;
    if (node.kind == NodeKind::scalar && form == ListForm::one_or_list) {
        items.push_back(&node);
    } else if (node.kind != NodeKind::list) {
        const auto* kinds = form == ListForm::one_or_list ? " must be one value or a list" : " must be a list";
        reporter.error(node.place, quote(key) + kinds);
    } else if (node.items.empty()) {
        reporter.error(node.place, quote(key) + " is an empty list");
    }
    for (const Node& item : node.items) items.push_back(&item);
    return items;
}

}  // namespace sallyport::rules
