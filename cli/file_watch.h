// Tells when one of some files may have changed: by inotify on their folders, so that files that are replaced by a rename
// (editors, mounted secrets that are a symbolic link) are seen too. Made before the process is confined; paths may be
// added later. A hint only: whoever is told looks himself. Control thread only.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/loop.h"

namespace sallyport::cli {

class FileWatch final {
public:
    // `changed` is called once for a burst of changes, a few milliseconds after its beginning.
    static Result<std::unique_ptr<FileWatch>> create(net::Loop& loop, std::function<void()> changed);

    // Instead of the files watched before; again where a folder has been put in another's place. Where a folder does not
    // exist, the nearest one above that does is watched.
    void watch(const std::vector<std::string>& paths);

private:
    FileWatch(net::Loop& loop, UniqueFd inotify, std::function<void()> changed);
    void read_events();

    UniqueFd inotify_;
    std::set<int> watches_;  // descriptors of watched folders
    net::Timer burst_;
    net::FdWatch events_;
};

}  // namespace sallyport::cli
