#include "rules/source_json.h"

#include <algorithm>

#include "base/json.h"

namespace sallyport::rules {
namespace {

constexpr std::size_t kDigitsMax = 15;  // every such number is exact as a double

bool is_integer(std::string_view text) {
    if (text.starts_with('-') && text != "-0") text.remove_prefix(1);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && text.size() <= kDigitsMax && (text == "0" || text[0] != '0') &&
           std::all_of(text.begin(), text.end(), is_digit);
}

void append(std::string& out, const Node& node) {
    switch (node.kind) {
        case NodeKind::null: out += "null"; return;
        case NodeKind::scalar: {
            const bool is_typed =
                node.is_plain && (node.text == "true" || node.text == "false" || is_integer(node.text));
            if (is_typed) {
                out += node.text;
            } else {
                append_json_string(out, node.text);
            }
            return;
        }
        case NodeKind::list:
            out += '[';
            for (const Node& item : node.items) {
                if (&item != &node.items.front()) out += ',';
                append(out, item);
            }
            out += ']';
            return;
        case NodeKind::map:
            out += '{';
            for (const Entry& entry : node.entries) {
                if (&entry != &node.entries.front()) out += ',';
                append_json_string(out, entry.key);
                out += ':';
                append(out, entry.value);
            }
            out += '}';
            return;
    }
}

}  // namespace

std::string to_json(const Node& node) {
    std::string out;
    append(out, node);
    return out;
}

}  // namespace sallyport::rules
