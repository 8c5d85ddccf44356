// What a metadata service shows like directories and files: a listing for each directory, one line per entry, a file's text.
// Made for one request.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::rules {

// Objects are directories, strings files, lists of strings files with a line for each.
using MetadataTree = nlohmann::ordered_json;

// The value at "a/b/c"; null where there is none. Slashes at either end do not matter.
const MetadataTree* find_metadata(const MetadataTree& tree, std::string_view path);

// Listed or shown.
std::string show_metadata(const MetadataTree& value);

}  // namespace sallyport::rules
