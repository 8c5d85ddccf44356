// Which parts of the host's tree a command sees, and how: read-only, empty, writable or hidden. Computed from the
// command's request before anything is mounted; refuses what could show a masked path, and what would let the command
// put another file where the operator's is.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "sandbox/hidden_paths.h"
#include "sandbox/launcher.h"

namespace sallyport::sandbox {

class MountPlan final {
public:
    static Result<MountPlan> make(const CommandSpec& spec, const std::vector<std::string>& host_sockets);

    // bubblewrap's arguments for everything that is seen, in their order.
    void add_tree(std::vector<std::string>& options) const;
    // Those that hide parts of it: after every other mount.
    void add_masks(std::vector<std::string>& options) const;
    const std::string& working_directory() const { return working_directory_; }

private:
    Result<void> set_working_directory(const std::string& path);
    Result<void> add_bind(const Bind& bind);
    Result<void> mask(const std::string& path);
    Result<void> hide_private();
    Result<void> protect(const std::string& path);
    Result<void> refuse_exposed(const std::string& path) const;
    bool is_writable(const std::string& path) const;
    bool can_be_made(const std::string& target) const;
    void hide_sockets(const std::vector<std::string>& sockets);

    std::string working_directory_;
    std::vector<std::string> scratch_;             // empty directories instead of the host's
    std::vector<Bind> binds_;                      // the working directory first
    std::vector<Bind> protected_;                  // the operator's files, over themselves
    std::vector<std::string> hidden_files_;        // secrets and sockets
    std::vector<std::string> masked_directories_;
};

}  // namespace sallyport::sandbox
