#include "rules/metadata_tree.h"

#include <algorithm>

namespace sallyport::rules {

const MetadataTree* find_metadata(const MetadataTree& tree, std::string_view path) {
    const MetadataTree* at = &tree;
    while (!path.empty()) {
        const auto end = std::min(path.find('/'), path.size());
        const std::string name(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
        if (name.empty()) continue;
        const auto found = at->is_object() ? at->find(name) : at->end();
        if (found == at->end()) return nullptr;
        at = &*found;
    }
    return at;
}

std::string show_metadata(const MetadataTree& value) {
    if (value.is_string()) return value.get<std::string>();
    std::string lines;
    if (value.is_array()) {
        for (const auto& item : value) lines += item.get<std::string>() + '\n';
        return lines;
    }
    for (const auto& [name, entry] : value.items()) {
        if (!lines.empty()) lines += '\n';
        lines += name;
        if (entry.is_object()) lines += '/';
    }
    return lines;
}

}  // namespace sallyport::rules
