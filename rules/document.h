// A YAML (or JSON) text as a tree, every value with its place in the file. Only what a configuration needs: one
// document, no anchors, aliases or tags, bounded depth and size, each key once. yaml-cpp's exceptions end here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/diagnostics.h"

namespace sallyport::rules {

enum class NodeKind { null, scalar, list, map };

struct Entry;

struct Node {
    NodeKind kind = NodeKind::null;
    Place place;  // a null's is that of its key
    std::string text;
    bool is_plain = false;  // a scalar without quotes: it may be a number or a boolean
    std::vector<Node> items;
    std::vector<Entry> entries;
};

struct Entry {
    std::string key;
    Place place;
    Node value;
};

// Nothing where the text is not such a document; the reporter has the reason. Duplicate keys are reported, and the
// first one stands.
std::optional<Node> read_document(std::string_view text, Reporter& reporter);

}  // namespace sallyport::rules
