// The way that the kernel takes to a file. Whoever can replace a step of it decides which file a path leads to.
#pragma once

#include <string>
#include <vector>

namespace sallyport::sandbox {

// Every directory, symbolic link and file that an absolute path goes through, in order: each with its directory free of
// links, the last what the path leads to. What does not exist is taken for what it says.
std::vector<std::string> path_steps(const std::string& path);

}  // namespace sallyport::sandbox
