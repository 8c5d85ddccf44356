// Tells whether a file has changed, without reading it.
#pragma once

#include <string>

namespace sallyport::cli {

// Equal for two moments between which the file was neither written nor replaced, nor its rights changed: path, device,
// inode, size and times. A file that has changed a moment ago equals nothing, itself included: the system's clock for files
// is coarse, and another change might not show.
std::string file_state(const std::string& path);

}  // namespace sallyport::cli
