// Mounts that keep files out of a command's sight. A mount over the file itself is not enough: when its owner replaces
// the file by rename, or a service binds its socket anew, the kernel drops the mount and the new file shows. So the
// directory around it is replaced by an empty one that holds everything else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::sandbox {

// A part of the host's tree, and where the command sees it. Both canonical.
struct View {
    std::string host;
    std::string inside;
};

// `path` is `directory` or lies below it. Both canonical.
bool is_within(std::string_view path, std::string_view directory);
// `path` with the part that exists free of symbolic links.
std::string canonical(const std::string& path);

// The path, and each symbolic link that its last component goes through: whoever turns the link (as Kubernetes does to
// rotate a secret) puts the new file beside the old one.
std::vector<std::string> with_links(const std::string& path);

// bubblewrap's arguments that make `files` (canonical; they need not exist) invisible in the view; files outside of it
// are left out.
std::vector<std::string> hide_files(const View& view, const std::vector<std::string>& files);

// Every unix socket with a path, of any service on the host: a network namespace does not stop connect() to these.
Result<std::vector<std::string>> host_socket_paths();

}  // namespace sallyport::sandbox
