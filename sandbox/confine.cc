#include "sandbox/confine.h"

#include <cap-ng.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "sandbox/confine_files.h"
#include "sandbox/confine_filter.h"
#include "sandbox/system_failure.h"

namespace sallyport::sandbox {
namespace {

Result<void> forbid_dumps() {
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_CORE, &none) < 0) return system_failure("setrlimit");
    if (::prctl(PR_SET_DUMPABLE, 0) < 0) return system_failure("PR_SET_DUMPABLE");
    return {};
}

Result<void> drop_capabilities() {
    ::capng_clear(CAPNG_SELECT_ALL);
    if (::capng_apply(CAPNG_SELECT_ALL) != 0) return failure(ErrorCode::system, "cannot drop the capabilities");
    return {};
}

}  // namespace

Result<void> confine_this_process(const ConfineOptions& options) {
    const bool has_files = !options.writable_directories.empty();
    if (auto done = forbid_dumps(); !done) return done;
    if (auto done = drop_capabilities(); !done) return done;
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return system_failure("PR_SET_NO_NEW_PRIVS");
    if (auto done = forbid_file_changes(options.writable_directories); !done) return done;
    return load_confine_filter(has_files ? FileChanges::left_to_landlock : FileChanges::forbidden);
}

}  // namespace sallyport::sandbox
