#include "rules/fields.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "rules/quantity.h"
#include "secrets/template_text.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kBodyBytesMax = 64 * 1024;
constexpr std::size_t kFieldBytesMax = 8 * 1024;

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

std::string describe_name_fault(std::string_view name) {
    return quote(name) + " is not a valid name: 1 to 63 of A-Z, a-z, 0-9, '_' and '-', no '-' at either end";
}

bool expect_name(const Entry& entry, Reporter& reporter) {
    if (secrets::is_name(entry.key)) return true;
    reporter.error(entry.place, describe_name_fault(entry.key));
    return false;
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

std::optional<std::uint64_t> read_number(const Node& node, std::string_view key, std::uint64_t least,
                                         std::uint64_t most, Reporter& reporter) {
    std::uint64_t number = 0;
    const char* const end = node.text.data() + node.text.size();
    const bool is_number = node.kind == NodeKind::scalar && node.is_plain &&
                           std::from_chars(node.text.data(), end, number) == std::from_chars_result{end, std::errc{}};
    const bool is_octal = node.text.size() > 1 && node.text[0] == '0';
    if (is_number && !is_octal && number >= least && number <= most) return number;
    reporter.error(node.place,
                   quote(key) + " must be a number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

std::optional<std::uint16_t> read_port(const Node& node, std::string_view key, Reporter& reporter) {
    const auto port = read_number(node, key, 1, 65535, reporter);
    return port ? std::optional(static_cast<std::uint16_t>(*port)) : std::nullopt;
}

std::optional<std::string_view> read_body(const Node& node, std::string_view key, Reporter& reporter) {
    if (node.kind != NodeKind::scalar) {
        reporter.error(node.place, quote(key) + " must be a string");
        return std::nullopt;
    }
    if (node.text.size() > kBodyBytesMax) {
        reporter.error(node.place, quote(key) + " is larger than 64 KiB");
        return std::nullopt;
    }
    return node.text;
}

std::optional<std::string_view> read_field_value(const Node& node, std::string_view key, Reporter& reporter) {
    const auto text = read_text(node, key, reporter);
    if (!text) return std::nullopt;
    const auto is_visible = [](char c) { return c >= ' ' && c <= '~'; };
    const bool is_value = std::all_of(text->begin(), text->end(), is_visible) && !text->starts_with(' ') &&
                          !text->ends_with(' ') && text->size() <= kFieldBytesMax;
    if (is_value) return text;
    reporter.error(node.place, quote(key) + " is not the value of a header");
    return std::nullopt;
}

std::optional<std::uint64_t> read_bytes(const Node& node, std::string_view key, Reporter& reporter) {
    const auto text = read_text(node, key, reporter);
    const auto bytes = text ? parse_bytes(*text) : std::nullopt;
    if (text && !bytes) {
        reporter.error(node.place, quote(key) + " must be a size (B, KB, MB, GB, KiB, MiB, GiB), such as 100MB");
    }
    return bytes;
}

std::optional<std::chrono::milliseconds> read_duration(const Node& node, std::string_view key, Reporter& reporter) {
    const auto text = read_text(node, key, reporter);
    const auto duration = text ? parse_duration(*text) : std::nullopt;
    if (text && !duration) reporter.error(node.place, quote(key) + " must be a time (ms, s, m, h), such as 10s");
    return duration;
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
