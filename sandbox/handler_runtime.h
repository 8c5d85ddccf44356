// What Node.js needs of the host's files to run in a jail: itself, the loader, its libraries, the JavaScript that Debian
// keeps outside of it; and setpriv, which enters the jail's user id. Looked for once, before the first sandbox can write
// anywhere. A value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::sandbox {

struct HandlerRuntime {
    std::string node;
    std::string setpriv;
    std::vector<std::string> files;                // those two, the loader and the libraries; they are seen at the same paths
    std::vector<std::string> directories;
    std::vector<std::string> library_directories;  // for LD_LIBRARY_PATH: the jail has no loader cache
};

// `search_path` is a PATH. handler_unavailable where something is missing.
Result<HandlerRuntime> find_handler_runtime(std::string_view search_path);

// What the loader says of a program (ld.so(8), LD_TRACE_LOADED_OBJECTS): the files that it maps. handler_unavailable where
// one is not found.
Result<std::vector<std::string>> traced_files(std::string_view trace);

}  // namespace sallyport::sandbox
